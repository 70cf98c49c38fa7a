/** Scales and ticks of charts: pure, so that they can be tested without a browser. */

export type Scale = (value: number) => number;

/** Maps the numbers between `from` and `to` onto those between `start` and `end`. */
export function linear(from: number, to: number, start: number, end: number): Scale {
  const span = to - from || 1; // a domain of one value is drawn at the start
  return (value) => start + ((value - from) / span) * (end - start);
}

/** Whole numbers from 0 to at least `most`, about `wanted` of them, in steps of 1, 2 or 5 and zeros. */
export function countTicks(most: number, wanted = 4): number[] {
  const rough = Math.max(1, most) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10));
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, place) => place * step);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  minute / 6,
  minute / 2,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
];

/** Round moments of the local zone between two, in ms, at most `most` of them. */
export function timeTicks(from: number, to: number, most = 6): number[] {
  const step = steps.find((each) => (to - from) / each <= most) ?? Math.ceil((to - from) / most / day) * day;
  const shift = new Date(from).getTimezoneOffset() * minute; // so that days begin at local midnight
  const first = Math.ceil((from - shift) / step) * step + shift;
  const ticks = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** A tick of time, as exact as the distance to the next one asks for; midnight is a day. */
export function formatTick(at: number, ticks: readonly number[]): string {
  const distance = ticks.length > 1 ? (ticks[1] as number) - (ticks[0] as number) : minute;
  const when = new Date(at);
  if (distance >= day || (distance >= hour && when.getHours() === 0 && when.getMinutes() === 0)) {
    return dayMonth.format(when);
  }
  return (distance < minute ? clockSeconds : clock).format(when);
}

/** The place of the last point at or before a moment; -1 when all come later. Points are sorted by `at`. */
export function placeAt(points: readonly { at: number }[], at: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as { at: number }).at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
