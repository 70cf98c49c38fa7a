import { Link } from '@tanstack/react-router';

import type { Call } from '../../api/client';
import { PhoneNumber } from '../../ui/phone';
import { StatusChip, waitingSentence } from '../../ui/status';
import type { Column } from '../../ui/table';
import { Duration, Time } from '../../ui/time';

/** The number, which leads to the call. */
export const numberColumn: Column<Call> = {
  id: 'number',
  head: 'Number',
  plain: true,
  cell: (call) => (
    <Link to="/calls/$id" params={{ id: call.id }}>
      <PhoneNumber number={call.phone_number} />
    </Link>
  ),
};

/** The call's batch, and its row in it. */
export const batchColumn: Column<Call> = {
  id: 'batch',
  head: 'Batch',
  cell: ({ batch_id, row }) =>
    batch_id && (
      <Link to="/batches/$id" params={{ id: batch_id }} title={batch_id} className="nowrap">
        …{batch_id.slice(-6)}
        {row !== undefined && `, row ${row}`}
      </Link>
    ),
};

/** The columns of a list of calls. Of a call that is gone from it nothing is known any more, so it has no running clock. */
export const callColumns = (gone: ReadonlySet<string>): Column<Call>[] => [
  { id: 'status', head: 'Status', plain: true, cell: (call) => <Status call={call} /> },
  numberColumn,
  batchColumn,
  { id: 'dials', head: 'Dials', align: 'end', cell: (call) => call.dials },
  { id: 'created', head: 'Created', cell: (call) => <Time at={call.created_at} /> },
  { id: 'duration', head: 'Duration', align: 'end', cell: (call) => <Talk call={call} gone={gone.has(call.id)} /> },
];

/** The status, and why a call waits, or why it failed. */
function Status({ call }: { call: Call }) {
  const why = call.failure?.message ?? (call.waiting && waitingSentence(call.waiting.reason));
  const hangingUp = call.cancel_requested && !call.ended_at;
  return (
    <span className="call-status">
      <StatusChip status={call.status} />
      {hangingUp ? <span className="muted">is being hung up</span> : why && <span className="muted">{why}</span>}
      {call.waiting?.until && (
        <span className="muted">
          until <Time at={call.waiting.until} />
        </span>
      )}
    </span>
  );
}

/** How long the talk was, or is so far: its outcome comes at the end only. */
function Talk({ call: { outcome, status, history }, gone }: { call: Call; gone: boolean }) {
  if (outcome?.answered_at && outcome.duration !== undefined) return <Duration seconds={outcome.duration} />;
  const answered = !gone && status === 'in-progress' && history.findLast((step) => step.status === status);
  return answered ? <Duration since={answered.at} /> : null;
}
