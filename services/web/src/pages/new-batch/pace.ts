import type { Capacity } from '../../api/client';
import { count, formatNumber } from '../../ui/format';
import { formatLength, rateSentence } from '../batches/rate';

/** With slots for so many seconds of launches, and with calls no longer than that, the rate decides and not the slots. */
const longFilling = 60;

/**
 * About how long a list of `rows` takes. Where the slots decide, only how fast calls have ended tells:
 * `ended` a minute over the last half hour. Where that isn't known, what it depends on is said, and no number made up.
 */
export function paceSentence(rows: number, capacity: Capacity, ended: number | undefined): string {
  const { stopped, limit, waiting } = capacity;
  if (stopped) return 'All admission is stopped: the calls wait until it is resumed.';
  if (limit === 0) return 'The limit is 0: the calls wait until it is raised.';
  const before = waiting.capacity + waiting.rate;
  const waits =
    before === 1
      ? ' 1 call waits already and goes first.'
      : ` ${formatNumber(before)} calls wait already and go first.`;
  const first = before > 0 ? waits : '';
  return howLong(rows + before, capacity, ended) + first;
}

function howLong(calls: number, { limit, rate, in_use }: Capacity, ended: number | undefined): string {
  const pace = `At ${rate.toLocaleString()} ${rate === 1 ? 'launch' : 'launches'} a second and ${count(limit, 'slot')}`;
  const launching = formatLength(calls / rate);
  if (ended !== undefined && ended / 60 < rate) {
    const length = formatLength((calls / ended) * 60);
    return `About ${length}: as many calls start as end, ${rateSentence({ perMinute: ended, minutes: 30 })}.`;
  }
  const rateDecides = ended !== undefined || calls <= limit - in_use || limit / rate >= longFilling;
  return rateDecides
    ? `${pace}, launching them takes at least ${launching}.`
    : `${pace}; how long it takes depends on how long calls last.`;
}
