import { describe, expect, it } from 'vitest';

import type { Batch, Capacity, Schemas } from '../../api/client';
import { endOf, endedOf, formatEnd, formatLength, rateOf, rateSentence } from './rate';

const start = Date.parse('2026-03-02T09:00:00Z');
const minute = 60_000;
const counts = (completed: number, rows = 1000): Schemas['BatchCounts'] => ({
  waiting: rows - completed - 10,
  active: 10,
  completed,
  busy: 0,
  'no-answer': 0,
  failed: 0,
  canceled: 0,
  expired: 0,
});
const sample = (minutes: number, completed: number) => ({
  at: new Date(start + minutes * minute).toISOString(),
  counts: counts(completed),
});
const batch = (completed: number, part: Partial<Batch> = {}) =>
  ({ created_at: new Date(start).toISOString(), status: 'active', counts: counts(completed), ...part }) as Batch;
const steady = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => sample(at, at * 40));

describe('the rate', () => {
  it('is of the last five minutes', () => {
    expect(rateOf(batch(400), steady, start + 10 * minute)).toEqual({ perMinute: 40, minutes: 5 });
  });

  it('is since the beginning, when that is later', () => {
    expect(rateOf(batch(80), steady.slice(0, 2), start + 2 * minute)?.perMinute).toBe(40);
  });

  it('goes by the time of the last look, and not by what it is a minute later', () => {
    expect(rateOf(batch(120), [sample(4.5, 10)], start + 10 * 60_000)?.perMinute).toBe(20);
  });

  it('is that of steps: a minute without a sample was like the one before', () => {
    expect(rateOf(batch(120), [sample(0, 0), sample(2, 20)], start + 10 * minute)?.perMinute).toBe(20);
  });

  it('is unknown in the first minute, and where samples are missing', () => {
    expect(rateOf(batch(30), steady, start + 59_000)).toBeUndefined();
    expect(rateOf(batch(30), [sample(9, 20)], start + 10 * minute)).toBeUndefined();
  });

  it('counts every way to end', () => {
    expect(
      endedOf({ waiting: 5, active: 5, completed: 1, busy: 2, 'no-answer': 3, failed: 4, canceled: 5, expired: 6 }),
    ).toBe(21);
  });
});

describe('the end', () => {
  const now = start + 10 * minute;
  const rate = { perMinute: 40, minutes: 5 };
  const capacity = { stopped: false, waiting: { window: 0, schedule: 0 } } as Capacity;

  it('is as far as the rest takes at the real rate', () => {
    expect(endOf(batch(400), rate, capacity, now)).toBe(now + 15 * minute);
  });

  it.each([
    ['before 20 calls', batch(19), capacity],
    ['while it is paused', batch(400, { status: 'paused' }), capacity],
    ['of a canceled one', batch(400, { status: 'canceled' }), capacity],
    ['while all admission is stopped', batch(400), { ...capacity, stopped: true }],
    [
      'while it waits for a window',
      batch(400, { counts: { ...counts(400), active: 0 } }),
      { ...capacity, waiting: { ...capacity.waiting, window: 7 } },
    ],
  ])('is not said %s', (_, each, at) => {
    expect(endOf(each, rate, at, now)).toBeUndefined();
  });

  it('is not said where nothing ends', () => {
    expect(endOf(batch(400), { perMinute: 0, minutes: 5 }, capacity, now)).toBeUndefined();
  });
});

it('says no more than it knows', () => {
  expect(rateSentence({ perMinute: 41.3, minutes: 5 })).toBe('41 a minute over the last 5 min');
  expect(rateSentence({ perMinute: 0.41, minutes: 1.2 })).toBe('0.4 a minute over the last minute');
  expect(formatEnd(start + 31 * minute, start)).toMatch(/^about .*35/);
  expect([30, 600, 14_300, 50_000, 200_000].map(formatLength)).toEqual([
    '30 sec',
    '10 min',
    '4 hr',
    '14 hr',
    '2.3 days',
  ]);
});
