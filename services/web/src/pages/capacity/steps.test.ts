import { describe, expect, it } from 'vitest';

import type { Capacity, Schemas } from '../../api/client';
import { changesOf, pointsOf, startOf, stopsOf } from './steps';

const waiting = { capacity: 0, rate: 0, paused: 0, stopped: 0, backoff: 0, schedule: 0, retry: 0, window: 0 };
const now = Date.parse('2026-03-02T12:00:00Z');
const minute = 60_000;

const sample = (minutesAgo: number, part: Partial<Schemas['CapacitySample']> = {}): Schemas['CapacitySample'] => ({
  at: new Date(now - minutesAgo * minute).toISOString(),
  limit: 20,
  in_use: 0,
  admitted: 0,
  rate: 1,
  stopped: false,
  waiting,
  ...part,
});

const present: Capacity = {
  ...sample(0, { in_use: 14, waiting: { ...waiting, retry: 2, capacity: 3 } }),
  updated_at: '',
};

describe('capacity over time', () => {
  it('begins at the left edge with what held then, and ends with the present', () => {
    const points = pointsOf([sample(90, { in_use: 7 }), sample(30)], present, now - 60 * minute, now);
    expect(points.map(({ at, inUse }) => [(now - at) / minute, inUse])).toEqual([
      [60, 7],
      [30, 0],
      [0, 14],
    ]);
    expect(points.at(-1)?.waiting).toBe(5);
  });

  it('never goes backwards when this clock is behind the server’s', () => {
    const points = pointsOf([sample(-2)], present, now - 60 * minute, now);
    expect(points.map(({ at }) => at)).toEqual([now + 2 * minute, now + 2 * minute]);
  });

  it('does not squeeze a short history into the right edge', () => {
    const from = now - 24 * 60 * minute;
    const start = (...samples: Schemas['CapacitySample'][]) =>
      (now - startOf(pointsOf(samples, present, from, now), from)) / minute;
    expect(start()).toBe(10);
    expect(start(sample(3))).toBe(10);
    expect(start(sample(45))).toBe(45);
    expect(start(sample(9999))).toBe(24 * 60);
  });

  it('makes a table of the changes', () => {
    const points = pointsOf([sample(30), sample(20), sample(10, { stopped: true })], present, now - 60 * minute, now);
    expect(changesOf(points).map(({ at }) => (now - at) / minute)).toEqual([30, 10, 0]);
  });

  it('knows from when to when admission was stopped', () => {
    const samples = [
      sample(50, { stopped: true }),
      sample(40, { stopped: true }),
      sample(30),
      sample(5, { stopped: true }),
    ];
    const stops = stopsOf(pointsOf(samples, { ...present, stopped: true }, now - 60 * minute, now));
    expect(stops.map(({ from, to }) => [(now - from) / minute, (now - to) / minute])).toEqual([
      [50, 30],
      [5, 0],
    ]);
  });
});
