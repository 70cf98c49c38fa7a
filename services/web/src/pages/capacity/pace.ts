import type { Capacity, Schemas } from '../../api/client';

type Sample = Schemas['CapacitySample'];

const minute = 60_000;
const leastCalls = 20; // fewer say little about how long calls last
const full = 0.8; // of the limit: a slot is free for a moment between two calls

/**
 * Launches a second since the last sample that is a minute old, which is over one or two minutes.
 * `now`: when the capacity was asked for, in ms. Undefined: there is no such sample.
 */
export function launchRate(
  samples: readonly Sample[],
  { admitted }: Pick<Capacity, 'admitted'>,
  now: number,
): number | undefined {
  const before = samples.findLast(({ at }) => now - Date.parse(at) >= minute);
  if (!before) return undefined;
  // A look at which nothing had changed left no sample, so it held until the last look that is a minute ago.
  const age = minute + ((now - Date.parse(before.at)) % minute);
  return (Math.max(0, admitted - before.admitted) / age) * 1000;
}

/**
 * Calls that ended a minute since `from`, in ms, while the slots of this limit were about full: as many
 * will start. Minutes at whose ends they were not say how fast calls come, not how fast they end.
 * Undefined: too few ended.
 */
export function endsAMinute(samples: readonly Sample[], limit: number, from: number): number | undefined {
  const isFull = (sample: Sample) => sample.limit === limit && sample.in_use >= full * limit;
  let [ended, time] = [0, 0];
  for (const [place, after] of samples.entries()) {
    const before = samples[place - 1];
    if (!before || !isFull(before) || !isFull(after)) continue;
    ended += endedIn(after) - endedIn(before);
    time += Date.parse(after.at) - Math.max(from, Date.parse(before.at)); // the first held when that time began
  }
  return ended >= leastCalls && time > 0 ? ended / (time / minute) : undefined;
}

/** What was given a slot and has none any more; only differences mean something. */
const endedIn = ({ admitted, in_use }: Sample) => admitted - in_use;
