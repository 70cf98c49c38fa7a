import type { Schemas } from '../../api/client';
import { count, formatNumber } from '../../ui/format';
import type { Cause } from './search';

type Counts = Schemas['DeadLetterCounts'];

/** How many there are of a cause, or of all; undefined: not known yet. `more` when there are more than were counted. */
export function totalOf(counts: Counts | undefined, cause?: Cause): { calls: number; more: boolean } | undefined {
  if (!counts) return undefined;
  const calls = cause ? (counts.causes.find((each) => each.cause === cause)?.count ?? 0) : counts.total;
  return { calls, more: counts.counted_up_to !== undefined };
}

/** "212", "5,000+". */
export const totalText = ({ calls, more }: { calls: number; more: boolean }): string =>
  `${formatNumber(calls)}${more ? '+' : ''}`;

const reasons: Record<Schemas['SkipCode'], string> = {
  call_not_found: 'no such call',
  not_dead_lettered: 'not a dead letter any more',
  batch_canceled: 'batch canceled meanwhile',
};

const reasonOf = (code: string): string => (code in reasons ? reasons[code as Schemas['SkipCode']] : code);

/** "209 redriven, 3 skipped: 2 batch canceled meanwhile, 1 not a dead letter any more". */
export function resultSentence(redriven: number, skippedByCode: Record<string, number>): string {
  const skipped = Object.entries(skippedByCode).filter(([, calls]) => calls > 0);
  const total = skipped.reduce((sum, [, calls]) => sum + calls, 0);
  if (total === 0) return `${formatNumber(redriven)} redriven`;
  const why = skipped.map(([code, calls]) =>
    skipped.length === 1 ? reasonOf(code) : `${formatNumber(calls)} ${reasonOf(code)}`,
  );
  return `${formatNumber(redriven)} redriven, ${formatNumber(total)} skipped: ${why.join(', ')}`;
}

/** The answer about chosen calls, counted as a redrive of all counts. */
export function skippedByCode({ skipped }: Schemas['RedriveResult']): Record<string, number> {
  const codes: Record<string, number> = {};
  for (const { code } of skipped) codes[code] = (codes[code] ?? 0) + 1;
  return codes;
}

/** "all 212 that match". */
export const allText = (total: { calls: number; more: boolean }): string =>
  total.calls === 1 && !total.more ? 'the one that matches' : `all ${totalText(total)} that match`;

/** What a redrive does, for its dialog. */
export const effectSentence = (calls: number): string =>
  calls === 1
    ? 'It waits for a slot as a new attempt, in its turn like any other call.'
    : `Each of the ${count(calls, 'call')} waits for a slot as a new attempt, in its turn like any other call.`;
