import '../calls/calls.css';
import './dead-letters.css';

import { Link, linkOptions, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { useApi, type Call } from '../../api/client';
import { useDeadLetterCounts } from '../../api/dead-letters';
import { useLive } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { Empty } from '../../ui/empty';
import { Pager } from '../../ui/pager';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { useSteadyRows } from '../../ui/steady';
import { Causes } from './causes';
import { DeadLetters, mostChosen, type Asking } from './list';
import { useRedriving } from './redriving';
import { AllResult, ChosenResult } from './result';
import { filterOf, filterSentence, type DeadLettersSearch } from './search';
import { totalOf, totalText } from './words';

export default function DeadLettersPage() {
  const search = useSearch({ from: '/dead-letters' });
  const counts = useDeadLetterCounts(search.batch);
  const { polled, steady } = useDeadLetters(search);
  const { data, problem, loading, askAgain } = polled;
  const total = totalOf(counts.old ? undefined : counts.data, search.cause);
  const redriving = useRedriving(total?.more ? undefined : total?.calls);
  const { result, begun, closeResult } = redriving;
  const [asking, setAsking] = useState<Asking>();
  const listed = steady.rows.length > 0 || asking !== undefined; // the dialog outlives the last row

  return (
    <Page title="Dead letters" detail={search.cause && total && `${search.cause} (${totalText(total)})`}>
      {search.redrive && (
        <AllResult
          id={search.redrive}
          expected={begun?.id === search.redrive ? begun.expected : undefined}
          search={search}
        />
      )}
      {result && <ChosenResult chosen={result} onClose={closeResult} />}
      {counts.data && <Causes counts={counts.data} search={search} />}
      {counts.problem && !problem && <ProblemView problem={counts.problem} onRetry={counts.askAgain} beside />}
      {search.batch && <BatchFilter search={search} />}
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {loading && <Skeleton what="The list of dead letters" rows={8} />}
      {data && !polled.old && !listed && <Nothing search={search} />}
      {data && listed && (
        <>
          <DeadLetters
            steady={steady}
            old={polled.old}
            search={search}
            total={total}
            redriving={redriving}
            asking={asking}
            onAsk={setAsking}
          />
          <Pager
            cursor={search.cursor}
            next={data.next_cursor}
            pageAt={(cursor) => linkOptions({ to: '/dead-letters', search: { ...search, cursor } })}
          />
        </>
      )}
    </Page>
  );
}

const pageSize = 50;

function useDeadLetters(search: DeadLettersSearch) {
  const api = useApi();
  const { woken } = useLive();
  const fresh = useRef(0); // rows above those shown, which push the others down in the answer
  const { cursor } = search;
  const filter = filterOf(search);
  const polled = usePolled({
    key: ['dead-letters', filter, cursor],
    ask: (request) => {
      const limit = Math.min(mostChosen, pageSize + fresh.current);
      return api.GET('/dead-letters', { params: { query: { ...filter, cursor, limit } }, ...request });
    },
    fast: 3000,
    moving: () => search.redrive !== undefined, // otherwise nothing changes by itself but that more come
    keepOld: true,
  });
  const steady = useSteadyRows({
    rows: polled.data?.calls,
    more: polled.data?.next_cursor !== undefined,
    keyOf: (call: Call) => call.id,
    old: polled.old,
    view: `${JSON.stringify({ ...filter, cursor })} ${woken}`,
  });
  useEffect(() => {
    fresh.current = steady.fresh;
  });
  return { polled, steady };
}

function BatchFilter({ search }: { search: DeadLettersSearch }) {
  return (
    <p className="row small">
      Only those of batch <code>{search.batch}</code>
      <Link to="/dead-letters" search={{ cause: search.cause }}>
        Show those of every batch
      </Link>
    </p>
  );
}

function Nothing({ search }: { search: DeadLettersSearch }) {
  if (search.cause || search.batch || search.cursor) {
    return (
      <Empty title="No dead letter fits">
        <p>There is none {filterSentence(search) || 'on this page'}.</p>
        <Link to="/dead-letters" className="button">
          Clear filters
        </Link>
      </Empty>
    );
  }
  return (
    <Empty title="No dead letters" command="outdial dead-letters list">
      <p>
        A call that can’t be launched, however often it is tried, waits here instead of being lost: with its cause,
        until it is redriven.
      </p>
    </Empty>
  );
}
