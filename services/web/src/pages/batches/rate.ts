import type { Batch, Capacity, Schemas } from '../../api/client';
import { formatDay, formatNumber } from '../../ui/format';

type Sample = Schemas['BatchSample'];
type Counts = Schemas['BatchCounts'];

const minute = 60_000;
const span = 5 * minute; // over which the rate is taken
const leastCalls = 20; // before both, an end would be a guess
const leastTime = minute;

/** How many of a batch's calls are over. */
export const endedOf = (counts: Counts) =>
  counts.completed + counts.busy + counts['no-answer'] + counts.failed + counts.canceled + counts.expired;

export interface Rate {
  /** Calls that ended, a minute. */
  perMinute: number;
  /** Over how many minutes. */
  minutes: number;
}

/** How many calls a minute have really ended, over the last five minutes or since the batch began. */
export function rateOf(
  batch: Pick<Batch, 'counts' | 'created_at'>,
  samples: readonly Sample[],
  now: number,
): Rate | undefined {
  const created = Date.parse(batch.created_at);
  const from = Math.max(created, now - span);
  if (now - from < leastTime) return undefined;
  const before = samples.findLast(({ at }) => Date.parse(at) <= from);
  if (!before && from > created) return undefined; // nothing is known of that time
  // A minute without a sample was like the one before, so its counts held until the last look before then.
  const seen = before ? Date.parse(before.at) : created;
  const since = before ? seen + Math.floor((from - seen) / minute) * minute : created;
  const minutes = (now - since) / minute;
  const ended = endedOf(batch.counts) - (before ? endedOf(before.counts) : 0);
  return { perMinute: Math.max(0, ended) / minutes, minutes };
}

/** When the last call will have ended, in ms. Undefined: nobody can say. */
export function endOf(
  batch: Batch,
  rate: Rate | undefined,
  capacity: Capacity | undefined,
  now: number,
): number | undefined {
  const { counts, status } = batch;
  const ended = endedOf(counts);
  const left = counts.waiting + counts.active;
  const known = ended >= leastCalls && now - Date.parse(batch.created_at) >= leastTime;
  if (!known || !rate || rate.perMinute === 0 || left === 0 || status !== 'active') return undefined;
  if (capacity?.stopped) return undefined;
  // They wait for a time at which they may be placed: what was before says nothing of it.
  if (counts.active === 0 && capacity && capacity.waiting.window + capacity.waiting.schedule > 0) return undefined;
  return now + (left / rate.perMinute) * minute;
}

/** "41 a minute over the last 5 min". */
export function rateSentence({ perMinute, minutes }: Rate): string {
  const shown =
    perMinute >= 10
      ? formatNumber(Math.round(perMinute))
      : perMinute.toLocaleString(undefined, { maximumFractionDigits: 1 });
  const time = Math.round(minutes);
  return `${shown} a minute over the last ${time > 1 ? `${time} min` : 'minute'}`;
}

/** "about 15:40": not more exact than it can be. */
export function formatEnd(at: number, now: number): string {
  const step = at - now > 20 * minute ? 5 * minute : minute;
  return `about ${formatDay(new Date(Math.ceil(at / step) * step), now)}`;
}

/** "40 s", "12 min", "4 h", "2 days"; two units where the second matters. */
export function formatLength(seconds: number): string {
  const unit = (name: 'second' | 'minute' | 'hour' | 'day', value: number) =>
    new Intl.NumberFormat(undefined, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (seconds < 90) return unit('second', Math.max(1, Math.ceil(seconds)));
  if (seconds < 5400) return unit('minute', Math.ceil(seconds / 60));
  if (seconds < 86_400) {
    const minutes = Math.ceil(seconds / 300) * 5;
    if (minutes >= 600) return unit('hour', Math.ceil(minutes / 60));
    const rest = minutes % 60;
    return unit('hour', Math.floor(minutes / 60)) + (rest > 0 ? ` ${unit('minute', rest)}` : '');
  }
  return unit('day', Math.round(seconds / 8640) / 10);
}
