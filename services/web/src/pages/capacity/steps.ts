import type { Capacity, Schemas } from '../../api/client';

type Sample = Schemas['CapacitySample'];

/** What held from one moment until the next point's. */
export interface Point {
  /** ms */
  at: number;
  inUse: number;
  limit: number;
  stopped: boolean;
  waiting: number;
}

const leastLength = 600_000; // ms: with less history than this, the rest stays empty

export const waitingOf = (waiting: Schemas['WaitingCounts']): number =>
  Object.values(waiting).reduce((sum, calls) => sum + calls, 0);

const point = (at: number, { in_use, limit, stopped, waiting }: Sample | Capacity): Point => ({
  at,
  inUse: in_use,
  limit,
  stopped,
  waiting: waitingOf(waiting),
});

/**
 * The samples from `from` on, and the present at the end. The first sample may be
 * from before: it tells what held at the left edge. A minute without a sample was
 * like the one before.
 */
export function pointsOf(samples: readonly Sample[], present: Capacity, from: number, now: number): Point[] {
  const points = samples.map((sample) => point(Math.max(from, Date.parse(sample.at)), sample));
  const last = points.at(-1)?.at ?? now;
  return [...points, point(Math.max(now, last), present)]; // this clock may be behind the server's
}

/** Where the chart begins: at `from`, or where the history begins, if that is later. */
export function startOf(points: readonly Point[], from: number): number {
  const first = points[0]?.at ?? from;
  const last = points.at(-1)?.at ?? from;
  return Math.max(from, Math.min(first, last - leastLength));
}

/** The points at which anything changed: a table needs no more. */
export function changesOf(points: readonly Point[]): Point[] {
  const same = (one: Point, other: Point | undefined) =>
    one.inUse === other?.inUse &&
    one.limit === other.limit &&
    one.stopped === other.stopped &&
    one.waiting === other.waiting;
  return points.filter((each, place) => !same(each, points[place - 1]));
}

/** From when to when all admission was stopped. */
export function stopsOf(points: readonly Point[]): { from: number; to: number }[] {
  const stops: { from: number; to: number }[] = [];
  for (const [place, { at, stopped }] of points.entries()) {
    const before = stops.at(-1);
    if (points[place - 1]?.stopped && before) before.to = at;
    else if (stopped) stops.push({ from: at, to: at });
  }
  return stops;
}
