import type { CountryCode, NumberType } from 'libphonenumber-js/max';

export type PhoneLibrary = typeof import('libphonenumber-js/max');

/** What is to be said of a number while it is typed. */
export interface Reading {
  /** `unfinished`: more digits may make it right. `doubtful`: it exists, and servers usually refuse its kind. */
  state: 'empty' | 'unfinished' | 'wrong' | 'doubtful' | 'good';
  says: string;
  /** Where it can exist: in E.164. */
  e164?: string;
}

const kinds: Record<NonNullable<NumberType>, string> = {
  MOBILE: 'mobile',
  FIXED_LINE: 'landline',
  FIXED_LINE_OR_MOBILE: 'landline or mobile',
  TOLL_FREE: 'toll-free',
  VOIP: 'internet telephone',
  PERSONAL_NUMBER: 'personal number',
  UAN: 'company number',
  PREMIUM_RATE: 'premium rate',
  SHARED_COST: 'shared cost',
  PAGER: 'pager',
  VOICEMAIL: 'voicemail',
};
const refusedKinds: readonly NumberType[] = ['PREMIUM_RATE', 'SHARED_COST', 'PAGER', 'VOICEMAIL'];

/** Reads a number as it is typed: national in this country, or with its own country code. */
export function readNumber(
  library: PhoneLibrary,
  typed: { text: string; country: string },
  nameOf: (country: string) => string,
): Reading {
  const text = typed.text.trim();
  if (text === '') return { state: 'empty', says: '' };
  const options = { defaultCountry: typed.country as CountryCode, extract: false };
  const parsed = library.parsePhoneNumberFromString(text, options);
  const place = parsed?.country ?? (text.startsWith('+') ? undefined : typed.country);
  const where = place ? nameOf(place) : 'its country';
  if (parsed?.isValid()) {
    const kind = parsed.getType();
    const says = [parsed.country ? where : 'International', kind && kinds[kind], parsed.formatNational()];
    const refused = refusedKinds.includes(kind);
    return {
      state: refused ? 'doubtful' : 'good',
      says: says.filter(Boolean).join(', ') + (refused ? '. Such numbers are usually refused.' : ''),
      e164: parsed.number,
    };
  }
  switch (library.validatePhoneNumberLength(text, options)) {
    case 'TOO_SHORT':
      return { state: 'unfinished', says: `Too short for a number of ${where}.` };
    case 'TOO_LONG':
      return { state: 'wrong', says: `Too long for a number of ${where}.` };
    case 'INVALID_COUNTRY':
      return { state: /^\+\d{0,2}$/.test(text) ? 'unfinished' : 'wrong', says: 'No country has this code.' };
    case 'NOT_A_NUMBER':
      return {
        state: /[^\d\s()+./-]/.test(text) ? 'wrong' : 'unfinished',
        says: 'Not a number. Digits, spaces, dashes and brackets are all it may have.',
      };
    default:
      return { state: 'unfinished', says: `No number of ${where} is like this.` };
  }
}

/** The country that a number with a country code belongs to, as soon as its first digits tell. */
export function countryOf(library: PhoneLibrary, text: string): string | undefined {
  if (!text.trim().startsWith('+')) return undefined;
  const typer = new library.AsYouType();
  typer.input(text);
  return typer.getCountry();
}

/** The text without the code of the country that is chosen no more: another one takes its place. */
export function withoutCode(library: PhoneLibrary, { text, country }: { text: string; country: string }): string {
  const code = library.getCountryCallingCode(country as CountryCode);
  return text.trim().replace(new RegExp(`^\\+\\s*${code}[\\s-]*`), '');
}

/** Where this browser's person most likely is. */
export function homeCountry(languages: readonly string[]): string {
  const locales = languages.map((language) => new Intl.Locale(language));
  const regions = [...locales, ...locales.map((locale) => locale.maximize())].map(({ region }) => region);
  return regions.find((region) => region && /^[A-Z]{2}$/.test(region)) ?? 'US'; // not 419, Latin America
}
