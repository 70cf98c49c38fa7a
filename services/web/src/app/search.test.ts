import { describe, expect, it } from 'vitest';

import { callsQuery, callsSearch, filterSentence, internationalNumber } from '../pages/calls/search';
import { one, oneOf, parseSearch, someOf, stringifySearch } from './search';

describe('the query of the address bar', () => {
  it('is text: nothing in it becomes a number, a date or JSON', () => {
    for (const query of [
      '?id=123e45',
      '?number=%2B12025550100',
      '?a=true&b=null&c=%7B%7D',
      '?status=a&status=b&batch=007',
    ]) {
      expect(stringifySearch(parseSearch(query))).toBe(query);
    }
    expect(parseSearch('?id=123e45&a=1&a=2')).toEqual({ id: '123e45', a: ['1', '2'] });
  });

  it('leaves out what is not there', () => {
    expect(stringifySearch({ a: undefined, b: '', c: [], d: false, e: 0 })).toBe('?e=0');
    expect(stringifySearch({})).toBe('');
  });

  it('is read without trust', () => {
    expect(one(['a', 'b'])).toBe('a');
    expect(one('')).toBeUndefined();
    expect(oneOf('c', ['a', 'b'])).toBeUndefined();
    expect(someOf(['b', 'x', 'a', 'b'], ['a', 'b'])).toEqual(['a', 'b']);
    expect(someOf('x', ['a'])).toBeUndefined();
  });
});

describe('the filters of the calls', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');

  it('survive the address', () => {
    const query = '?status=ringing&status=failed&batch=batch_1&number=%2B12025550100&since=24h&size=200';
    expect(stringifySearch({ ...callsSearch(parseSearch(query)) })).toBe(query);
  });

  it('drop what can’t be meant', () => {
    const search = callsSearch(parseSearch('?status=gone&since=2h&from=yesterday&size=50&x=y'));
    expect(stringifySearch({ ...search })).toBe('');
  });

  it('ask for a span from now, with room for new rows', () => {
    expect(callsQuery({ since: '1h', cursor: 'c' }, now, 12)).toMatchObject({
      from: '2026-03-02T11:00:00.000Z',
      cursor: 'c',
      limit: 62,
    });
    expect(callsQuery({ size: '200' }, now, 12).limit).toBe(200);
  });

  it('can be said', () => {
    expect(filterSentence({ status: ['busy', 'failed'], number: '+12025550100', since: '7d' })).toBe(
      'in status busy or failed, to +12025550100, created in the last 7 days',
    );
  });

  it.each([
    ['+1 (202) 555-0100', '+12025550100'],
    ['0049 151 2345678', '+491512345678'],
    ['+1.202.555.0100', '+12025550100'],
    ['202 555 0100', undefined],
    ['+12', undefined],
    ['', undefined],
  ])('read the number %s', (text, number) => {
    expect(internationalNumber(text)).toBe(number);
  });
});
