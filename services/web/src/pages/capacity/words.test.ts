import { describe, expect, it } from 'vitest';

import type { Capacity } from '../../api/client';
import { formatRate, limitSentence, numberIn, rangeSentence, rateSentence, settingsSentence } from './words';

const using = (in_use: number) => ({ in_use }) as Capacity;

describe('a limit that is typed', () => {
  it.each([
    [10, 14, 'At 10, the 14 calls under way go on; the next starts when fewer than 10 are left.'],
    [14, 14, 'At 14, the 14 calls under way go on; the next starts when fewer than 14 are left.'],
    [20, 14, 'At 20, 6 more calls may start at once.'],
    [15, 14, 'At 15, 1 more call may start at once.'],
    [0, 1, 'At 0, the call under way goes on; no other starts.'],
    [0, 0, 'At 0 no call starts.'],
    [undefined, 3, '\u00a0'],
  ])('of %s with %d under way says what it does', (limit, inUse, sentence) => {
    expect(limitSentence(limit, using(inUse))).toBe(sentence);
  });

  it.each([
    ['10', 10],
    [' 10 ', 10],
    ['', undefined],
    ['1.5', undefined],
    ['-1', undefined],
    ['10001', undefined],
    ['1e3', undefined],
    ['ten', undefined],
  ])('reads %j', (text, value) => {
    expect(numberIn(text, { min: 0, max: 10_000 }, true)).toBe(value);
  });
});

describe('a rate that is typed', () => {
  it.each([
    ['0.5', 0.5],
    ['0,5', 0.5],
    ['.5', 0.5],
    ['2', 2],
    ['0', undefined],
    ['1001', undefined],
    ['1,000.5', undefined],
  ])('reads %j', (text, value) => {
    expect(numberIn(text, { min: 0.001, max: 1000 })).toBe(value);
  });

  it('says what it means', () => {
    expect(rateSentence(0.5)).toBe('One call starts every 2 seconds.');
    expect(rateSentence(2)).toBe('Up to 120 calls start a minute.');
    expect(rangeSentence('rate', { min: 0.001, max: 1000 })).toBe('A number, such as 0.5, from 0.001 to 1,000.');
    expect(rangeSentence('limit', undefined)).toBe('Give a whole number.');
    expect(settingsSentence({ limit: 1, rate: 0.001 })).toBe('1 call at the same time, 0.001 a second');
  });
});

it.each([
  [0, '0'],
  [0.8333, '0.83'],
  [0.00123, '0.0012'],
  [1.04, '1'],
  [19.6, '20'],
  [134.4, '134'],
])('a measured rate of %s is shown as %s', (rate, shown) => {
  expect(formatRate(rate)).toBe(shown);
});
