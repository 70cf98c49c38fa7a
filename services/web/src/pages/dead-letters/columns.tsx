import { Link } from '@tanstack/react-router';

import type { Call } from '../../api/client';
import { PhoneNumber } from '../../ui/phone';
import type { Column } from '../../ui/table';
import { Time } from '../../ui/time';

export const deadLetterColumns: Column<Call>[] = [
  {
    id: 'number',
    head: 'Number',
    plain: true,
    cell: (call) => (
      <Link to="/calls/$id" params={{ id: call.id }}>
        <PhoneNumber number={call.phone_number} />
      </Link>
    ),
  },
  {
    id: 'cause',
    head: 'Cause',
    plain: true,
    cell: ({ failure }) =>
      failure && (
        <span className="dead-cause">
          <code>{failure.cause}</code>
          <span className="muted">{failure.message}</span>
        </span>
      ),
  },
  {
    id: 'batch',
    head: 'Batch',
    cell: ({ batch_id, row }) =>
      batch_id && (
        <Link to="/batches/$id" params={{ id: batch_id }} title={batch_id} className="nowrap">
          …{batch_id.slice(-6)}
          {row !== undefined && `, row ${row}`}
        </Link>
      ),
  },
  { id: 'dials', head: 'Dials', align: 'end', cell: (call) => call.dials },
  { id: 'since', head: 'Since', cell: (call) => <Time at={call.ended_at ?? call.updated_at} /> },
];
