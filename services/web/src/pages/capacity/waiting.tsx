import type { ReactNode } from 'react';

import type { Capacity, Schemas } from '../../api/client';
import { formatNumber } from '../../ui/format';
import { Time } from '../../ui/time';

type Reason = Schemas['WaitingReason'];

const order: Reason[] = ['capacity', 'rate', 'backoff', 'stopped', 'paused', 'retry', 'schedule', 'window'];

/** Why calls wait. All reasons are always there, so that nothing jumps when one of them comes or goes. */
export function Waiting({ capacity }: { capacity: Capacity }) {
  return (
    <section className="panel" aria-labelledby="waiting-heading">
      <h2 id="waiting-heading">Waiting, by reason</h2>
      <dl className="reasons">
        {order.map((reason) => (
          <div key={reason} data-none={capacity.waiting[reason] === 0 || undefined}>
            <dt>
              <b className="number">{formatNumber(capacity.waiting[reason])}</b> {reason}
            </dt>
            <dd className="small">{sentenceOf(reason, capacity)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What they wait for, and what would let them go on. */
function sentenceOf(reason: Reason, { limit, rate, backoff_until }: Capacity): ReactNode {
  switch (reason) {
    case 'capacity':
      return `for a free slot, of ${formatNumber(limit)}. One starts whenever a call ends.`;
    case 'rate':
      return `for their turn: ${rate.toLocaleString()} a second may start.`;
    case 'backoff':
      return backoff_until ? (
        <>
          because the last launches were refused. The next is tried at <Time at={backoff_until} as="seconds" />.
        </>
      ) : (
        'because the last launches were refused. They are tried again by themselves.'
      );
    case 'stopped':
      return 'because all admission is stopped, until somebody resumes it.';
    case 'paused':
      return 'because their batch is paused, until somebody resumes it on its page.';
    case 'retry':
      return 'for their next attempt, after one that came to nothing.';
    case 'schedule':
      return 'for the time at which they are to be placed.';
    case 'window':
      return 'for a time of day at which they may be placed.';
  }
}
