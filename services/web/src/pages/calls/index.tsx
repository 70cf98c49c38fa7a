import './calls.css';

import { Link, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';

import { useAction } from '../../api/action';
import { useApi, type Call } from '../../api/client';
import { useHold, useLive } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Empty } from '../../ui/empty';
import { count } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { useSelection } from '../../ui/selection';
import { Skeleton } from '../../ui/skeleton';
import { isFinal } from '../../ui/status';
import { useSteadyRows } from '../../ui/steady';
import { Table } from '../../ui/table';
import { cancelCalls, cancelSentence } from './cancel';
import { callColumns } from './columns';
import { Filters } from './filters';
import { Pager } from './pager';
import { callsQuery, filterSentence, isFiltered, mostRows, sizeOf, type CallsSearch } from './search';
import { CapacityStrip } from './strip';

export default function CallsPage() {
  const search = useSearch({ from: '/calls' });
  const may = useScopes();
  const { polled, steady } = useCalls(search);
  const { data, problem, loading, askAgain } = polled;
  const many = data ? `${steady.rows.length}${data.next_cursor ? '+' : ''}` : '…';

  return (
    <Page
      title="Calls"
      detail={search.status && `${search.status.join(', ')} (${many})`}
      actions={
        may('write') && (
          <Link to="/call" className="button button-primary">
            Call now
          </Link>
        )
      }
    >
      <CapacityStrip />
      <Filters search={search} />
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {loading && <Skeleton what="The list of calls" rows={8} />}
      {data && !polled.old && steady.rows.length === 0 && <Nothing search={search} />}
      {data && steady.rows.length > 0 && (
        <>
          <FreshRows
            fresh={steady.fresh}
            behind={steady.behind && sizeOf(search) + steady.fresh > mostRows}
            onShow={steady.showFresh}
          />
          <Calls rows={steady.rows} gone={steady.gone} old={polled.old} />
          <Pager search={search} next={data.next_cursor} />
        </>
      )}
    </Page>
  );
}

/** The list, current, without rows that jump. */
function useCalls(search: CallsSearch) {
  const api = useApi();
  const { woken } = useLive();
  const fresh = useRef(0); // rows above those shown, which push the others down in the answer
  const polled = usePolled({
    key: ['calls', search],
    ask: (request) =>
      api.GET('/calls', { params: { query: callsQuery(search, Date.now(), fresh.current) }, ...request }),
    fast: 3000,
    moving: ({ calls }) => calls.some((call) => !isFinal(call.status)),
    keepOld: true,
  });
  const steady = useSteadyRows({
    rows: polled.data?.calls,
    more: polled.data?.next_cursor !== undefined,
    keyOf,
    old: polled.old,
    view: `${JSON.stringify(search)} ${woken}`,
  });
  useEffect(() => {
    fresh.current = steady.fresh;
  });
  return { polled, steady };
}

const keyOf = (call: Call) => call.id;

/** Behind: more has come than one answer holds, so that rows below are in no answer any more. */
function FreshRows({ fresh, behind, onShow }: { fresh: number; behind: boolean; onShow: () => void }) {
  return (
    <div className="fresh" role="status">
      <span className="small muted">Newest first{behind && ' · Not all rows below are kept current'}</span>
      {fresh > 0 && <Button onClick={onShow}>{`Show ${fresh}${fresh >= mostRows ? '+' : ''} new`}</Button>}
    </div>
  );
}

interface ListProps {
  rows: Call[];
  gone: ReadonlySet<string>;
  old: boolean;
}

function Calls({ rows, gone, old }: ListProps) {
  const api = useApi();
  const may = useScopes();
  const [asking, setAsking] = useState(false);
  const ids = useMemo(() => rows.filter(canCancel).map(keyOf), [rows]);
  const selection = useSelection(ids);
  const { selected, clear } = selection;
  const chosen = rows.filter((call) => selected.has(call.id));
  useHold(selected.size > 0);

  const cancel = useAction(async (calls: Call[]) => {
    const result = await cancelCalls(api, calls);
    notify(cancelSentence(result), result.failed.length > 0 ? 'problem' : 'info');
    setAsking(false);
    clear();
  });

  return (
    <div className="list" data-old={old || undefined}>
      <Table
        label="Calls, newest first"
        columns={callColumns}
        rows={rows}
        keyOf={keyOf}
        gone={gone}
        selection={
          may('write') ? { ...selection, canSelect: canCancel, nameOf: (call) => call.phone_number } : undefined
        }
      />
      {chosen.length > 0 && (
        <div className="selection-bar" role="region" aria-label="Selection">
          <span>{count(chosen.length, 'call')} selected · updates paused</span>
          <Button kind="danger" onClick={() => setAsking(true)}>{`Cancel ${count(chosen.length, 'call')} …`}</Button>
          <Button onClick={clear}>Clear selection</Button>
        </div>
      )}
      <ConfirmDialog
        open={asking}
        title={`Cancel ${count(chosen.length, 'call')}?`}
        confirm={`Cancel ${count(chosen.length, 'call')}`}
        danger
        running={cancel.running}
        problem={cancel.problem}
        onConfirm={() => void cancel.run(chosen)}
        onClose={() => setAsking(false)}
      >
        <CancelEffects calls={chosen} />
      </ConfirmDialog>
    </div>
  );
}

const canCancel = (call: Call) => !isFinal(call.status) && !call.cancel_requested;

function CancelEffects({ calls }: { calls: Call[] }) {
  const waiting = calls.filter((call) => call.status === 'queued').length;
  const active = calls.length - waiting;
  return (
    <p>
      {waiting > 0 && `${count(waiting, 'waiting call')} will not be placed. `}
      {active > 0 && `${count(active, 'call')} under way will be hung up. `}
      There is no way back.
    </p>
  );
}

function Nothing({ search }: { search: CallsSearch }) {
  const may = useScopes();
  if (search.cursor || isFiltered(search)) {
    return (
      <Empty title="No call fits">
        <p>There is no call {filterSentence(search) || 'on this page'}.</p>
        <Link to="/calls" className="button">
          Clear filters
        </Link>
      </Empty>
    );
  }
  return (
    <Empty title="No calls yet" command={may('write') ? 'outdial call +12025550100 --wait' : undefined}>
      <p>Here is each call with its status, from waiting to its end.</p>
      {may('write') && (
        <Link to="/call" className="button button-primary">
          Call now
        </Link>
      )}
    </Empty>
  );
}
