import { useId, useMemo, useState } from 'react';

import { announce } from '../../ui/announce';
import { countryName, usePhoneLibrary } from '../../ui/phone';
import { changeDraft, useDraft } from './draft';
import { countryOf, readNumber, withoutCode, type PhoneLibrary, type Reading } from './number';

/** The draft's number, and its country: its own code's, or the one that was chosen. Undefined until the library has come. */
export function useReading(): { country: string; reading: Reading | undefined } {
  const library = usePhoneLibrary();
  const { number: text, country: chosen } = useDraft();
  return useMemo(() => {
    if (!library) return { country: chosen, reading: undefined };
    const country = countryOf(library, text) ?? chosen;
    return { country, reading: readNumber(library, { text, country }, countryName) };
  }, [library, text, chosen]);
}

interface Props {
  /** What the form or the server says is wrong; it goes before what we say ourselves. */
  error?: string;
}

export function NumberField({ error }: Props) {
  const id = useId();
  const library = usePhoneLibrary();
  const { number } = useDraft();
  const { country, reading } = useReading();
  const [typing, setTyping] = useState(false);
  const wrong = reading?.state === 'wrong' || (reading?.state === 'unfinished' && !typing);
  const said = error ?? reading?.says ?? '';

  const type = (text: string) => {
    const next = library && (countryOf(library, text) ?? country);
    changeDraft(next ? { number: text, country: next } : { number: text });
    if (!library || !next) return;
    if (next !== country) announce(`The country is ${countryName(next)}`);
    else announce(readNumber(library, { text, country: next }, countryName).says);
  };
  const choose = (next: string) =>
    changeDraft({ country: next, number: library ? withoutCode(library, { text: number, country }) : number });

  return (
    <div className="number-field">
      <div className="number-inputs">
        <Country country={country} library={library} onChange={choose} />
        <div className="field">
          <label htmlFor={id}>Number</label>
          <input
            id={id}
            type="tel"
            autoComplete="off"
            value={number}
            aria-required="true"
            aria-invalid={error || wrong ? true : undefined}
            aria-describedby={`${id}-said`}
            onChange={(event) => type(event.target.value)}
            onFocus={() => setTyping(true)}
            onBlur={() => setTyping(false)}
          />
        </div>
      </div>
      <p
        id={`${id}-said`}
        className="number-said small"
        data-wrong={error || wrong || undefined}
        data-doubtful={(!error && reading?.state === 'doubtful') || undefined}
      >
        {said || <span className="muted">As dialed in the country, or with its own country code, such as +49 …</span>}
      </p>
    </div>
  );
}

interface CountryProps {
  country: string;
  library: PhoneLibrary | undefined;
  onChange: (country: string) => void;
}

/** The browser's own select: it is searched by typing, and every screen reader knows it. */
function Country({ country, library, onChange }: CountryProps) {
  const countries = useMemo(() => {
    if (!library) return [{ code: country, label: countryName(country) }];
    return library
      .getCountries()
      .map((code) => ({ code: code as string, label: `${countryName(code)} +${library.getCountryCallingCode(code)}` }))
      .sort((one, other) => one.label.localeCompare(other.label));
  }, [library, country]);
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Country</label>
      <select id={id} value={country} autoComplete="off" onChange={(event) => onChange(event.target.value)}>
        {countries.map(({ code, label }) => (
          <option key={code} value={code}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
