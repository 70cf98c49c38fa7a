import { useState } from 'react';

import { useApi, type Batch } from '../../api/client';
import { usePolled } from '../../api/polled';
import { count, formatNumber } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { RefusedByCode, RefusedRows } from '../batches/refusals';

const shown = 1000;

/** The rows that never became calls: by code, and on request each with its reason. */
export function Refused({ batch }: { batch: Batch }) {
  const [open, setOpen] = useState(false);
  if (batch.refused === 0) return null;
  return (
    <section className="stack">
      <h2>{count(batch.refused, 'refused row')}</h2>
      <RefusedByCode counts={batch.refused_by_code} />
      <details className="refused-details" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Each with its reason</summary>
        {open && <Rows batch={batch} />}
      </details>
    </section>
  );
}

function Rows({ batch: { id, refused } }: { batch: Batch }) {
  const api = useApi();
  const { data, problem, loading, askAgain } = usePolled({
    key: ['batch-refused', id],
    ask: (request) =>
      api.GET('/batches/{id}/refused', { params: { path: { id }, query: { limit: shown } }, ...request }),
    fast: 60_000,
    moving: () => false,
    final: () => true, // what was refused once stays so
  });
  if (problem && !data) return <ProblemView problem={problem} onRetry={askAgain} />;
  if (loading || !data) return <Skeleton what="The list of refused rows" rows={4} />;
  return (
    <div className="stack">
      {data.next_cursor && (
        <p className="small muted">
          Only the first {formatNumber(data.refused_rows.length)} of {formatNumber(refused)}; the export has all.
        </p>
      )}
      <RefusedRows rows={data.refused_rows} />
    </div>
  );
}
