import type { Capacity, Schemas } from '../../api/client';
import { count, formatNumber } from '../../ui/format';

export interface Settings {
  limit: number;
  rate: number;
}

type Range = Schemas['Range'] | undefined;

/** What somebody typed, if it is a number of the range. A comma is a point: many write it so. */
export function numberIn(text: string, range: Range, whole = false): number | undefined {
  const pattern = whole ? /^\d+$/ : /^\d*[.,]?\d+$/;
  if (!pattern.test(text.trim())) return undefined;
  const value = Number(text.trim().replace(',', '.'));
  return range && (value < range.min || value > range.max) ? undefined : value;
}

export function rangeSentence(field: 'limit' | 'rate', range: Range): string {
  const kind = field === 'limit' ? 'a whole number' : 'a number, such as 0.5';
  return range
    ? `${kind[0]?.toUpperCase()}${kind.slice(1)}, from ${range.min} to ${formatNumber(range.max)}.`
    : `Give ${kind}.`;
}

/** What a limit means for the calls under way and for the next one. */
export function limitSentence(limit: number | undefined, { in_use }: Capacity): string {
  if (limit === undefined) return '\u00a0';
  const goOn = in_use === 1 ? 'the call under way goes on' : `the ${formatNumber(in_use)} calls under way go on`;
  if (limit === 0) return in_use > 0 ? `At 0, ${goOn}; no other starts.` : 'At 0 no call starts.';
  if (in_use < limit) {
    const free = limit - in_use;
    return `At ${formatNumber(limit)}, ${count(free, 'more call')} may start at once.`;
  }
  return `At ${formatNumber(limit)}, ${goOn}; the next starts when fewer than ${formatNumber(limit)} are left.`;
}

/** What a rate means for a list of calls. */
export function rateSentence(rate: number | undefined): string {
  if (!rate) return '\u00a0';
  if (rate < 1)
    return `One call starts every ${(1 / rate).toLocaleString(undefined, { maximumFractionDigits: 1 })} seconds.`;
  return `Up to ${Math.floor(rate * 60).toLocaleString()} calls start a minute.`;
}

/** "12 calls at the same time, 0.5 a second", or what of it is given. */
export const settingsSentence = ({ limit, rate }: Partial<Settings>): string =>
  [
    limit !== undefined && `${count(limit, 'call')} at the same time`,
    rate !== undefined && `${rate.toLocaleString(undefined, { maximumFractionDigits: 3 })} a second`,
  ]
    .filter(Boolean)
    .join(', ');

/** A rate as it is measured: two digits say all that it means. */
export const formatRate = (rate: number): string =>
  rate.toLocaleString(undefined, { maximumSignificantDigits: Math.max(2, String(Math.floor(rate)).length) });
