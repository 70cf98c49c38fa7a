import type { Call } from '../../api/client';
import type { Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { batchColumn, numberColumn } from '../calls/columns';

export const deadLetterColumns: Column<Call>[] = [
  numberColumn,
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
  batchColumn,
  { id: 'dials', head: 'Dials', align: 'end', cell: (call) => call.dials },
  { id: 'since', head: 'Since', cell: (call) => <Time at={call.ended_at ?? call.updated_at} /> },
];
