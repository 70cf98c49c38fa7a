/** The query of the address bar, as text: ids and numbers are never read as anything else. */
export type RawSearch = Record<string, string | string[]>;

export function parseSearch(query: string): RawSearch {
  const search: RawSearch = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = search[name];
    search[name] = before === undefined ? value : [before, value].flat();
  }
  return search;
}

/** Lists are repeated parameters; what is undefined or empty isn't there. */
export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === 'string' && each !== '') query.append(name, each);
      else if (typeof each === 'number' || each === true) query.append(name, String(each));
    }
  }
  const text = query.toString();
  return text && `?${text}`;
}

/** One value of a parameter; the first, where there are several. */
export function one(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

/** One value, if it is one of these. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === one(value));
}

/** All values that are among these, in their order; undefined for none. */
export function someOf<T extends string>(value: unknown, allowed: readonly T[]): T[] | undefined {
  const given = Array.isArray(value) ? value : [value];
  const found = allowed.filter((each) => given.includes(each));
  return found.length > 0 ? found : undefined;
}
