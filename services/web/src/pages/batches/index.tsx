import '../../ui/chart/chart.css';
import '../calls/calls.css';
import './batches.css';

import { Link, linkOptions, useNavigate, useSearch } from '@tanstack/react-router';

import { useApi, type Batch } from '../../api/client';
import { useLimits } from '../../api/limits';
import { useLive } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { Empty } from '../../ui/empty';
import { formatNumber } from '../../ui/format';
import { Pager } from '../../ui/pager';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { StatusChip } from '../../ui/status';
import { useSteadyRows } from '../../ui/steady';
import { Table } from '../../ui/table';
import { FreshRows } from '../calls/fresh';
import { DropArea, handFile, useFileDrop } from '../new-batch/drop';
import { limitsSentence } from '../new-batch/file-step';
import { batchColumns } from './columns';
import { batchStatuses, type BatchesSearch } from './search';

export default function BatchesPage() {
  const search = useSearch({ from: '/batches' });
  const may = useScopes();
  const { polled, steady } = useBatches(search);
  const { data, problem, loading, askAgain } = polled;
  const { rows } = steady;
  const none = data !== undefined && !polled.old && rows.length === 0 && !search.cursor && !search.status;
  // With a filter the API looks through some batches only, and says by a cursor that there are more to look through.
  const further = search.status && rows.length < pageSize;
  const many = data ? `${formatNumber(rows.length)}${data.next_cursor ? '+' : ''}` : '…';
  return (
    <Page
      title="Batches"
      detail={search.status && `${search.status} (${many})`}
      actions={
        may('write') && (
          <Link to="/batches/new" className="button button-primary">
            New batch
          </Link>
        )
      }
    >
      {!none && <StatusFilter chosen={search.status} />}
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {loading && <Skeleton what="The list of batches" rows={8} />}
      {none && <NoBatches />}
      {data && !none && (
        <>
          <FreshRows fresh={steady.fresh} most={pageSize} behind={steady.behind} onShow={steady.showFresh} />
          {rows.length > 0 && (
            <div className="list" data-old={polled.old || undefined}>
              <Table
                label="Batches, newest first"
                columns={batchColumns}
                rows={rows}
                keyOf={keyOf}
                gone={steady.gone}
              />
            </div>
          )}
          {rows.length === 0 && !polled.old && <NoneFits search={search} more={data.next_cursor !== undefined} />}
          <Pager
            cursor={search.cursor}
            next={data.next_cursor}
            pageAt={(cursor) => linkOptions({ to: '/batches', search: { ...search, cursor } })}
            older={further ? 'Look further' : undefined}
          />
          {may('write') && <DropAnywhere />}
        </>
      )}
    </Page>
  );
}

const keyOf = (batch: Batch) => batch.id;
const pageSize = 50;

function useBatches(search: BatchesSearch) {
  const api = useApi();
  const { woken } = useLive();
  const { status, cursor } = search;
  const polled = usePolled({
    key: ['batches', status, cursor],
    ask: (request) => {
      const query = { status: status && [status], cursor, limit: pageSize };
      return api.GET('/batches', { params: { query }, ...request });
    },
    fast: 3000,
    moving: ({ batches }) => batches.some(({ status }) => status === 'active'),
    keepOld: true,
  });
  const steady = useSteadyRows({
    rows: polled.data?.batches,
    more: polled.data?.next_cursor !== undefined,
    keyOf,
    old: polled.old,
    view: `${status ?? ''} ${cursor ?? ''} ${woken}`,
  });
  return { polled, steady };
}

function StatusFilter({ chosen }: { chosen: BatchesSearch['status'] }) {
  const navigate = useNavigate();
  const toggle = (status: (typeof batchStatuses)[number]) =>
    void navigate({ to: '/batches', search: { status: status === chosen ? undefined : status }, replace: true });
  return (
    <div className="status-filter" role="group" aria-label="Status">
      {batchStatuses.map((status) => (
        <button key={status} type="button" aria-pressed={status === chosen} onClick={() => toggle(status)}>
          <StatusChip status={status} />
        </button>
      ))}
    </div>
  );
}

/** A list that is dropped here begins a new batch. */
function useNewBatchFrom() {
  const navigate = useNavigate();
  return (file: File) => {
    handFile(file);
    void navigate({ to: '/batches/new' });
  };
}

function DropAnywhere() {
  const over = useFileDrop(useNewBatchFrom());
  return (
    <p className="small muted">
      {over ? 'Let go: a new batch begins with this file.' : 'A CSV file that is dropped here begins a new batch.'}
    </p>
  );
}

function NoBatches() {
  const may = useScopes();
  const limits = useLimits();
  const onFile = useNewBatchFrom();
  return (
    <Empty title="No batches yet" command={may('write') ? 'outdial batch submit calls.csv' : undefined}>
      <p>A batch is a list of numbers that are called one after the other, as the capacity allows.</p>
      {may('write') && <DropArea onFile={onFile} limits={limits ? limitsSentence(limits) : ''} />}
    </Empty>
  );
}

function noneSentence({ status, cursor }: BatchesSearch, more: boolean): string {
  if (!status) return 'There is no batch on this page.';
  if (more) return `Of the batches looked through so far, none is ${status}.`;
  return cursor ? `No further batch is ${status}.` : `No batch is ${status}.`;
}

function NoneFits({ search, more }: { search: BatchesSearch; more: boolean }) {
  return (
    <Empty title={search.status && more ? 'None so far' : 'No batch fits'}>
      <p>{noneSentence(search, more)}</p>
      <Link to="/batches" className="button">
        Clear filters
      </Link>
    </Empty>
  );
}
