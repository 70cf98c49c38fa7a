import './calls.css';

import { Link, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { useApi, type Call } from '../../api/client';
import { useLive } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { Empty } from '../../ui/empty';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { isFinal } from '../../ui/status';
import { useSteadyRows } from '../../ui/steady';
import { Filters } from './filters';
import { FreshRows } from './fresh';
import { CallList } from './list';
import { CallsPager } from './pager';
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
            most={mostRows}
            behind={steady.behind && sizeOf(search) + steady.fresh > mostRows}
            onShow={steady.showFresh}
          />
          <CallList rows={steady.rows} gone={steady.gone} old={polled.old} />
          <CallsPager search={search} next={data.next_cursor} />
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
    keyOf: (call: Call) => call.id,
    old: polled.old,
    view: `${JSON.stringify(search)} ${woken}`,
  });
  useEffect(() => {
    fresh.current = steady.fresh;
  });
  return { polled, steady };
}

function Nothing({ search }: { search: CallsSearch }) {
  const may = useScopes();
  if (search.cursor || isFiltered(search)) {
    return (
      <Empty title="No call fits">
        <p>There is no call {filterSentence(search) || 'on this page'}.</p>
        <Link to="/calls" search={{ size: search.size }} className="button">
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
