import { useSyncExternalStore } from 'react';

type Library = typeof import('libphonenumber-js/max');

/** The library is larger than all of our own code, so it comes after the page. */
let library: Library | undefined;
let loading: Promise<Library> | undefined;
const listeners = new Set<() => void>();

/** The numbers of the world, with the same data as the server has. */
export function loadPhoneLibrary(): Promise<Library> {
  loading ??= import('libphonenumber-js/max').then((loaded) => {
    library = loaded;
    for (const listener of listeners) listener();
    return loaded;
  });
  loading.catch(() => {
    loading = undefined; // the next number tries again
  });
  return loading;
}

export function usePhoneLibrary(): Library | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      loadPhoneLibrary().catch(() => undefined); // numbers stay as they are
      return () => listeners.delete(listener);
    },
    () => library,
  );
}

let names: Intl.DisplayNames | undefined;

/** "Germany" for "DE". */
export function countryName(region: string): string {
  names ??= new Intl.DisplayNames(undefined, { type: 'region' });
  return names.of(region) ?? region;
}

/** A number in E.164 as people in its country write it, with the country's code as text. */
export function PhoneNumber({ number }: { number: string }) {
  const parsed = usePhoneLibrary()?.parsePhoneNumberFromString(number);
  if (!parsed) return <span className="number nowrap">{number}</span>;
  return (
    <span className="number nowrap" title={number}>
      {parsed.formatNational()}{' '}
      {parsed.country && (
        <abbr className="country" title={countryName(parsed.country)}>
          {parsed.country}
        </abbr>
      )}
    </span>
  );
}
