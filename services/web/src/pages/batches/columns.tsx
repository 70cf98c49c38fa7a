import { Link } from '@tanstack/react-router';

import { useCapacity } from '../../api/capacity';
import type { Batch } from '../../api/client';
import { useNow } from '../../ui/clock';
import { formatNumber } from '../../ui/format';
import { StatusChip } from '../../ui/status';
import type { Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { GroupBar } from './bar';
import { endedOf, endOf, formatEnd, rateOf } from './rate';
import { useBatchSamples } from './samples';

export const batchColumns: Column<Batch>[] = [
  { id: 'name', head: 'Name', plain: true, cell: (batch) => <Name batch={batch} /> },
  { id: 'batch-status', head: 'Status', cell: ({ status }) => <StatusChip status={status} /> },
  { id: 'progress', head: 'Ended', plain: true, cell: (batch) => <Ended batch={batch} /> },
  {
    id: 'rate',
    head: 'A minute',
    align: 'end',
    cell: (batch) => batch.status === 'active' && <RateCell batch={batch} />,
  },
  { id: 'end', head: 'Ends', cell: (batch) => batch.status === 'active' && <EndCell batch={batch} /> },
  { id: 'created', head: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
];

/** Batches may have no name; then the end of the id, which differs. */
export const nameOf = ({ name, id }: Pick<Batch, 'name' | 'id'>) => name || `batch …${id.slice(-6)}`;

function Name({ batch }: { batch: Batch }) {
  return (
    <Link to="/batches/$id" params={{ id: batch.id }} className="batch-name">
      {nameOf(batch)}
    </Link>
  );
}

function Ended({ batch: { counts, rows } }: { batch: Batch }) {
  return (
    <span className="batch-ended">
      <GroupBar counts={counts} />
      <span className="number small">
        {formatNumber(endedOf(counts))} of {formatNumber(rows)}
      </span>
    </span>
  );
}

function useRate(batch: Batch) {
  const now = useNow();
  const { data } = useBatchSamples(batch.id, { short: true });
  return { now, rate: data && rateOf(batch, data.samples, now) };
}

function RateCell({ batch }: { batch: Batch }) {
  const { rate } = useRate(batch);
  return rate && rate.perMinute.toLocaleString(undefined, { maximumFractionDigits: rate.perMinute < 10 ? 1 : 0 });
}

function EndCell({ batch }: { batch: Batch }) {
  const { now, rate } = useRate(batch);
  const { data: capacity } = useCapacity();
  const end = endOf(batch, rate, capacity, now);
  return end !== undefined && formatEnd(end, now);
}
