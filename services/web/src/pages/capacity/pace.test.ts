import { describe, expect, it } from 'vitest';

import type { Schemas } from '../../api/client';
import { endsAMinute, launchRate } from './pace';

const waiting = { capacity: 0, rate: 0, paused: 0, stopped: 0, backoff: 0, schedule: 0, retry: 0, window: 0 };
const now = Date.parse('2026-03-02T12:00:00Z');
const minute = 60_000;

const sample = (secondsAgo: number, part: Partial<Schemas['CapacitySample']>): Schemas['CapacitySample'] => ({
  at: new Date(now - secondsAgo * 1000).toISOString(),
  limit: 10,
  in_use: 0,
  admitted: 0,
  rate: 1,
  stopped: false,
  waiting,
  ...part,
});

describe('the present rate of launches', () => {
  const at = (secondsAgo: number, admitted: number) => sample(secondsAgo, { admitted });
  it.each([
    ['since the last sample that is a minute old', [at(140, 0), at(80, 100), at(20, 130)], 180, 1],
    ['since one that is just a minute old', [at(60, 100), at(0, 140)], 160, 1],
    ['since the last look, where an older sample still held', [at(3680, 100)], 140, 0.5],
    ['zero, where none was launched', [at(80, 100), at(20, 100)], 100, 0],
    ['unknown, while every sample is younger', [at(59, 100)], 200, undefined],
    ['unknown, while there is no sample', [], 200, undefined],
    ['never below zero, when the numbers began anew', [at(80, 100)], 3, 0],
  ])('is %s', (_, samples, admitted, rate) => {
    expect(launchRate(samples, { admitted }, now)).toEqual(rate);
  });
});

describe('how fast calls end', () => {
  /** Each: minutes ago, slots in use, calls ended so far. */
  const samples = (...looks: [number, number, number][]) =>
    looks.map(([ago, in_use, ended]) => sample(ago * 60, { in_use, admitted: ended + in_use }));
  const ends = (...looks: [number, number, number][]) => endsAMinute(samples(...looks), 10, now - 30 * minute);

  it.each([
    [
      'over the time in which the slots were full',
      [
        [20, 10, 0],
        [10, 9, 50],
        [0, 10, 100],
      ],
      5,
    ],
    [
      'with a slot or two free for a moment',
      [
        [10, 8, 100],
        [0, 8, 150],
      ],
      5,
    ],
    [
      'over half an hour, where an older sample held when that began',
      [
        [90, 10, 0],
        [0, 10, 60],
      ],
      2,
    ],
    [
      'leaving out the time in which the slots were not full',
      [
        [30, 10, 0],
        [20, 10, 40],
        [19, 2, 48],
        [5, 10, 49],
        [0, 10, 69],
      ],
      4,
    ],
    [
      'unknown, where fewer than 20 ended',
      [
        [30, 10, 0],
        [0, 10, 19],
      ],
      undefined,
    ],
    [
      'unknown, where the slots were not full at the beginning',
      [
        [30, 7, 0],
        [0, 10, 500],
      ],
      undefined,
    ],
    [
      'unknown, where they were not full at the end',
      [
        [30, 10, 0],
        [0, 7, 500],
      ],
      undefined,
    ],
    ['unknown, without two samples', [[1, 10, 500]], undefined],
  ] as [string, [number, number, number][], number | undefined][])('is %s', (_, looks, perMinute) => {
    expect(ends(...looks)).toBe(perMinute);
  });

  it('of another limit says nothing of this one', () => {
    expect(endsAMinute(samples([20, 10, 0], [0, 10, 100]), 8, now - 30 * minute)).toBeUndefined();
  });
});
