/** Numbers and times as people here write them. Everything takes its locale from the browser. */

const whole = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayClock = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'narrow' });

export const formatNumber = (value: number) => whole.format(value);

/** "1 call", "3,265 calls". */
export const count = (value: number, one: string, many = `${one}s`) =>
  `${whole.format(value)} ${value === 1 ? one : many}`;

/** "14:02". */
export const formatClock = (at: Date) => clock.format(at);

/** "14:02:11". */
export const formatSeconds = (at: Date) => clockSeconds.format(at);

/** In the local zone with its name, and in UTC. */
export const formatFull = (at: Date) => `${full.format(at)} (${at.toISOString().replace('T', ' ')})`;

/** The time of today, and with the day otherwise. */
export function formatDay(at: Date, now: number): string {
  return at.toDateString() === new Date(now).toDateString() ? clock.format(at) : dayClock.format(at);
}

/** "3s ago", "in 5min". A moment that a clock sees in the future is now. */
export function formatRelative(at: Date, now: number): string {
  const seconds = Math.round((at.getTime() - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 1) return 'now';
  if (size < 60) return relative.format(seconds, 'second');
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

/** Seconds as "0:42" or "1:02:03". */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
