import '../../ui/chart/chart.css';
import '../calls/calls.css';
import './batches.css';

import { Link, useLocation, useNavigate, useSearch } from '@tanstack/react-router';

import { useApi, type Batch } from '../../api/client';
import { useLimits } from '../../api/limits';
import { useLive } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { Button } from '../../ui/button';
import { Empty } from '../../ui/empty';
import { formatNumber } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { StatusChip } from '../../ui/status';
import { useSteadyRows } from '../../ui/steady';
import { Table } from '../../ui/table';
import { DropArea, handFile, useFileDrop } from '../new-batch/drop';
import { limitsSentence } from '../new-batch/file-step';
import { batchColumns } from './columns';
import { batchStatuses, type BatchesSearch } from './search';

export default function BatchesPage() {
  const search = useSearch({ from: '/batches' });
  const may = useScopes();
  const { polled, steady } = useBatches(search);
  const { data, problem, loading, askAgain } = polled;
  const shown = steady.rows.filter(({ status }) => !search.status || status === search.status);
  const empty = data !== undefined && steady.rows.length === 0 && !search.cursor;
  return (
    <Page
      title="Batches"
      detail={search.status && `${search.status} (${data ? formatNumber(shown.length) : '…'})`}
      actions={
        may('write') && (
          <Link to="/batches/new" className="button button-primary">
            New batch
          </Link>
        )
      }
    >
      {!empty && <StatusFilter chosen={search.status} />}
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {loading && <Skeleton what="The list of batches" rows={8} />}
      {empty && <NoBatches />}
      {data && !empty && (
        <>
          <div className="fresh" role="status">
            <span className="small muted">Newest first</span>
            {steady.fresh > 0 && <Button onClick={steady.showFresh}>{`Show ${steady.fresh} new`}</Button>}
          </div>
          {shown.length > 0 ? (
            <div className="list" data-old={polled.old || undefined}>
              <Table
                label="Batches, newest first"
                columns={batchColumns}
                rows={shown}
                keyOf={keyOf}
                gone={steady.gone}
              />
            </div>
          ) : (
            <NoneFits search={search} more={data.next_cursor !== undefined} />
          )}
          <Pager search={search} next={data.next_cursor} />
          {may('write') && <DropAnywhere />}
        </>
      )}
    </Page>
  );
}

const keyOf = (batch: Batch) => batch.id;
const pageSize = 50;
const filteredSize = 200; // the API doesn't filter batches, so a page is read large and filtered here

function useBatches(search: BatchesSearch) {
  const api = useApi();
  const { woken } = useLive();
  const limit = search.status ? filteredSize : pageSize;
  const polled = usePolled({
    key: ['batches', search.cursor, limit],
    ask: (request) => api.GET('/batches', { params: { query: { cursor: search.cursor, limit } }, ...request }),
    fast: 3000,
    moving: ({ batches }) => batches.some(({ status }) => status === 'active'),
    keepOld: true,
  });
  const steady = useSteadyRows({
    rows: polled.data?.batches,
    more: polled.data?.next_cursor !== undefined,
    keyOf,
    old: polled.old,
    view: `${search.cursor ?? ''} ${limit} ${woken}`,
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

function NoneFits({ search, more }: { search: BatchesSearch; more: boolean }) {
  return (
    <Empty title="No batch fits">
      <p>
        {search.status
          ? `None of the ${more ? `${filteredSize} batches of this page` : 'batches'} is ${search.status}.`
          : 'There is no batch on this page.'}
      </p>
      <Link to="/batches" className="button">
        Clear filters
      </Link>
    </Empty>
  );
}

function Pager({ search, next }: { search: BatchesSearch; next: string | undefined }) {
  const newer = useLocation().state.newer ?? [];
  if (!search.cursor && !next) return null;
  return (
    <nav className="pager" aria-label="Pages of the list">
      {search.cursor && (
        <Link
          to="/batches"
          search={{ ...search, cursor: newer.at(-1) }}
          state={{ newer: newer.slice(0, -1) }}
          className="button"
        >
          {newer.length > 0 ? 'Newer' : 'Newest'}
        </Link>
      )}
      {next && (
        <Link
          to="/batches"
          search={{ ...search, cursor: next }}
          state={{ newer: [...newer, search.cursor] }}
          className="button"
        >
          Older
        </Link>
      )}
    </nav>
  );
}
