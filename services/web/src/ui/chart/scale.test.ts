import { describe, expect, it } from 'vitest';

import { countTicks, linear, placeAt, timeTicks } from './scale';

describe('ticks', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [14, [0, 5, 10, 15]],
    [20, [0, 5, 10, 15, 20]],
    [9872, [0, 5000, 10000]],
  ])('up to %d', (most, ticks) => {
    expect(countTicks(most)).toEqual(ticks);
  });

  it('of time are round, and as many as fit', () => {
    const from = Date.parse('2026-03-02T09:12:38Z');
    const ticks = timeTicks(from, from + 60 * 60_000, 6);
    expect(ticks.map((at) => new Date(at).toISOString().slice(14, 19))).toEqual([
      '20:00',
      '30:00',
      '40:00',
      '50:00',
      '00:00',
      '10:00',
    ]);
    expect(timeTicks(from, from, 6)).toHaveLength(0);
    expect(timeTicks(from, from + 40 * 86_400_000, 6).length).toBeLessThanOrEqual(7);
  });
});

describe('a scale', () => {
  it('maps ends on ends, and one moment onto the start', () => {
    const scale = linear(10, 20, 100, 0);
    expect([scale(10), scale(15), scale(20)]).toEqual([100, 50, 0]);
    expect(linear(5, 5, 40, 600)(5)).toBe(40);
  });
});

it('a moment has the values of the last point before it', () => {
  const points = [{ at: 10 }, { at: 20 }, { at: 30 }];
  expect([5, 10, 19, 20, 99].map((at) => placeAt(points, at))).toEqual([-1, 0, 0, 1, 2]);
});
