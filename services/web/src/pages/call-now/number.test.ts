import * as library from 'libphonenumber-js/max';
import { describe, expect, it } from 'vitest';

import { countryOf, homeCountry, readNumber, withoutCode } from './number';

const names: Record<string, string> = { DE: 'Germany', US: 'the US', FR: 'France', GB: 'the UK' };
const read = (text: string, country = 'DE') => readNumber(library, { text, country }, (code) => names[code] ?? code);

describe('a number as it is typed', () => {
  it.each([
    ['nothing yet', '', 'empty', '', undefined],
    ['national', '0151 23456789', 'good', 'Germany, mobile, 01512 3456789', '+4915123456789'],
    [
      'with a country code of another country',
      '+33 6 12 34 56 78',
      'good',
      'France, mobile, 06 12 34 56 78',
      '+33612345678',
    ],
    ['as dialed abroad', '0033612345678', 'good', 'France, mobile, 06 12 34 56 78', '+33612345678'],
    ['with brackets and dashes', '(030) 901-820', 'good', 'Germany, landline, 030 901820', '+4930901820'],
    [
      'half typed, though such a short one may exist',
      '0151 2',
      'unfinished',
      'No number of Germany is like this.',
      undefined,
    ],
    ['half typed', '0', 'unfinished', 'Too short for a number of Germany.', undefined],
    ['too long', '0151 2345678901234', 'wrong', 'Too long for a number of Germany.', undefined],
    ['a beginning that may become a code', '+4', 'unfinished', 'Too short for a number of its country.', undefined],
    ['no country’s code', '+999 1234567', 'wrong', 'No country has this code.', undefined],
    [
      'letters',
      'ask Ada',
      'wrong',
      'Not a number. Digits, spaces, dashes and brackets are all it may have.',
      undefined,
    ],
    [
      'premium rate',
      '0900 1234567',
      'doubtful',
      'Germany, premium rate, 0900 1 234567. Such numbers are usually refused.',
      '+499001234567',
    ],
  ])('%s', (_, text, state, says, e164) => {
    expect(read(text)).toEqual({ state, says, e164 });
  });

  it('that cannot exist says so, though its length is right', () => {
    expect(read('(202) 155-0100', 'US')).toEqual({
      state: 'unfinished',
      says: 'No number of the US is like this.',
      e164: undefined,
    });
  });
});

describe('the country of a number', () => {
  it.each([
    ['+49', 'DE'],
    ['+49 151 23456789', 'DE'],
    ['+1', undefined],
    ['+1 202 555 0100', 'US'],
    ['+1 416 555 0123', 'CA'],
    ['0151', undefined],
    ['', undefined],
  ])('%s', (text, country) => expect(countryOf(library, text)).toBe(country));

  it('gives way to one that is chosen', () => {
    expect(withoutCode(library, { text: '+49 151 23456789', country: 'DE' })).toBe('151 23456789');
    expect(withoutCode(library, { text: '0151 234', country: 'DE' })).toBe('0151 234');
  });

  it('is at first the one of the browser’s languages', () => {
    expect(homeCountry(['en', 'de-AT'])).toBe('AT');
    expect(homeCountry(['de'])).toBe('DE');
    expect(homeCountry(['es-419'])).toMatch(/^[A-Z]{2}$/);
    expect(homeCountry([])).toBe('US');
  });
});
