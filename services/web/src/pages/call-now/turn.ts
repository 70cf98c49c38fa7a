import type { Capacity } from '../../api/client';
import { count, formatClock, formatNumber } from '../../ui/format';

/** Whether a call that is submitted now rings now, or what it waits for. */
export function turnSentence(capacity: Capacity | undefined, now: number): string {
  if (!capacity) return 'Rings as soon as its turn comes';
  const { stopped, backoff_until, in_use, limit, waiting } = capacity;
  if (stopped) return 'Waits: all admission is stopped';
  if (backoff_until && Date.parse(backoff_until) > now) {
    return `Waits: launches are being refused, until ${formatClock(new Date(backoff_until))} at least`;
  }
  const slots = `${formatNumber(in_use)} of ${formatNumber(limit)} slots in use`;
  const before = waiting.capacity + waiting.rate;
  if (in_use >= limit) return `Waits: ${slots}${before > 0 ? `, and ${count(before, 'call')} wait` : ''}`;
  if (before > 0) return `Waits for its turn: ${count(before, 'call')} wait, ${slots}`;
  return `Rings now: ${slots}`;
}
