import '../batches/batches.css';
import '../batches/refusals.css';
import './batch.css';

import { Link, useParams } from '@tanstack/react-router';

import { useApi, type Batch } from '../../api/client';
import { usePolled } from '../../api/polled';
import type { Problem } from '../../api/problem';
import { Page } from '../../app/page';
import { Button } from '../../ui/button';
import { Id } from '../../ui/copy';
import { formatNumber } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { StatusChip } from '../../ui/status';
import { Time } from '../../ui/time';
import { nameOf } from '../batches/columns';
import { endedOf } from '../batches/rate';
import { useBatchSamples } from '../batches/samples';
import { BatchActions, useBatchActions } from './actions';
import { AgentDetails } from './agent';
import { BatchCalls } from './calls';
import { useExport } from './export';
import { Figures } from './figures';
import { Progress } from './progress';
import { Refused } from './refused';

export default function BatchPage() {
  const { id } = useParams({ from: '/batches/$id' });
  const { data, problem, loading, askAgain, updatedAt } = useBatch(id);
  if (data) return <Shown key={id} batch={data} problem={problem} askAgain={askAgain} updatedAt={updatedAt} />;
  return (
    <Page title="Batch">
      {loading && <Skeleton what="The batch" rows={8} />}
      {problem && <ProblemView problem={problem} onRetry={problem.status === 404 ? undefined : askAgain} />}
      {problem?.status === 404 && (
        <p>
          <Link to="/batches">All batches</Link>
        </p>
      )}
    </Page>
  );
}

/** Whether no call of it can change by itself any more. */
const isOver = ({ counts }: Batch) => counts.waiting + counts.active === 0;

function useBatch(id: string) {
  const api = useApi();
  return usePolled({
    key: ['batch', id],
    ask: (request) => api.GET('/batches/{id}', { params: { path: { id } }, ...request }),
    fast: 1000,
    moving: (batch) => !isOver(batch),
    final: (batch) => isOver(batch) && batch.status !== 'active' && batch.status !== 'paused',
  });
}

interface Props {
  batch: Batch;
  problem: Problem | undefined;
  askAgain: () => void;
  updatedAt: number;
}

function Shown({ batch, problem, askAgain, updatedAt }: Props) {
  const over = isOver(batch);
  const samples = useBatchSamples(batch.id);
  const actions = useBatchActions(batch.id);
  const exporting = useExport(batch);
  const failed = actions.pause.problem ?? actions.resume.problem ?? exporting.problem;
  return (
    <Page
      title={nameOf(batch)}
      detail={`${formatNumber(endedOf(batch.counts))} of ${formatNumber(batch.rows)}, ${batch.status}`}
      heading={
        <span className="batch-heading">
          {nameOf(batch)} <StatusChip status={batch.status} />
        </span>
      }
      actions={
        <>
          <BatchActions batch={batch} actions={actions} />
          <Exports batch={batch} exporting={exporting} />
        </>
      }
    >
      <p className="small muted batch-facts">
        <Id id={batch.id} what="the batch’s id" />
        <span>
          created <Time at={batch.created_at} />
        </span>
      </p>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside />}
      {failed && <ProblemView problem={failed} beside />}
      <Figures batch={batch} over={over} />
      <Progress batch={batch} polled={samples} now={updatedAt} />
      <BatchCalls batch={batch} over={over} />
      <Refused batch={batch} />
      <AgentDetails agent={batch.agent} />
    </Page>
  );
}

function Exports({ batch, exporting }: { batch: Batch; exporting: ReturnType<typeof useExport> }) {
  const far = exporting.running && exporting.rows > 0;
  return (
    <>
      <Button busy={exporting.running} onClick={() => void exporting.run('results')}>
        {far ? `Exporting: ${formatNumber(exporting.rows)} rows` : 'Export results'}
      </Button>
      {batch.refused > 0 && (
        <Button busy={exporting.running} onClick={() => void exporting.run('refused')}>
          Export refused rows
        </Button>
      )}
    </>
  );
}
