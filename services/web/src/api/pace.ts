/** How often to ask: all rules of polling in one place, without a clock or a timer. */

const most = 60_000; // ms between two polls, at most
const patience = 30_000; // ms for which something that moves is watched closely without a change
const growth = 1.5;

/** What is remembered between two polls. */
export interface Pace {
  /** When something last changed, or the person last did something, in ms. */
  changedAt: number;
  /** Polls since then that were already slowed down. */
  slow: number;
  /** Failures in a row. */
  failures: number;
}

export const freshPace = (now: number): Pace => ({ changedAt: now, slow: 0, failures: 0 });

/** After an answer. */
export function paceAfterAnswer(pace: Pace, facts: { now: number; changed: boolean; moving: boolean }): Pace {
  const changedAt = facts.changed ? facts.now : pace.changedAt;
  const close = facts.moving && facts.now - changedAt < patience;
  return { changedAt, slow: close ? 0 : facts.changed ? 1 : pace.slow + 1, failures: 0 };
}

export const paceAfterFailure = (pace: Pace): Pace => ({ ...pace, failures: pace.failures + 1 });

/** How long to wait after the last answer, in ms. */
export function delayOf(
  pace: Pace,
  facts: { fast: number; hidden: boolean; retryAfter: number | undefined; random: number },
): number {
  const asked = (facts.retryAfter ?? 0) * 1000;
  if (facts.hidden) return Math.max(asked, most);
  if (pace.failures > 0) {
    const backoff = Math.min(most, facts.fast * 2 ** pace.failures);
    return Math.max(asked, backoff * (0.5 + facts.random / 2)); // jitter: not all clients at the same moment
  }
  if (asked > 0) return asked; // "in 0 seconds" is no pace: asked like that, we would never pause
  return Math.min(most, facts.fast * growth ** pace.slow);
}
