import { useEffect, useState } from 'react';

import { useApi, type Api, type Answer } from '../../api/client';
import { usePolled, type PollRequest } from '../../api/polled';
import { isFinal } from '../../ui/status';
import { cursorOf, pageOf, withPage, type Pages } from './pages';
import { parseResults, type ResultPage } from './results';

const pageSize = 1000;

/** The rows between two, current, and all that were read on the way to them. */
export function useRows(id: string, over: boolean, [first, last]: [number, number]) {
  const [pages, setPages] = useState<Pages>([]);
  const [top, bottom] = [pageOf(pages, first), pageOf(pages, last)];
  const one = usePage({ id, over, cursor: cursorOf(pages, top), enabled: true });
  const other = usePage({ id, over, cursor: cursorOf(pages, bottom), enabled: bottom !== top });
  useEffect(() => {
    if (one.data) setPages((before) => withPage(before, top, one.data as ResultPage));
  }, [one.data, top]);
  useEffect(() => {
    if (other.data && bottom !== top) setPages((before) => withPage(before, bottom, other.data as ResultPage));
  }, [other.data, bottom, top]);
  return { pages, problem: one.problem ?? other.problem, loading: one.loading, askAgain: one.askAgain };
}

interface PageOptions {
  id: string;
  /** No call of the batch can change any more. */
  over: boolean;
  cursor: string | undefined;
  enabled: boolean;
}

function usePage({ id, over, cursor, enabled }: PageOptions) {
  const api = useApi();
  return usePolled({
    key: ['batch-results', id, cursor],
    ask: (request) => resultPage(api, { id, cursor, limit: pageSize }, request),
    fast: 3000,
    moving: ({ rows }) => rows.some(({ status }) => !isFinal(status)),
    final: ({ rows }) => over && rows.every(({ status }) => isFinal(status)),
    enabled,
  });
}

async function resultPage(
  api: Api,
  { id, ...query }: { id: string; cursor: string | undefined; limit: number },
  request: PollRequest,
): Promise<Answer<ResultPage>> {
  const answer = await api.GET('/batches/{id}/results.csv', {
    params: { path: { id }, query },
    parseAs: 'text',
    signal: request.signal,
  });
  const data = answer.response.ok ? parseResults(answer.data ?? '', answer.response.headers.get('Link')) : undefined;
  return { data, error: answer.error, response: answer.response };
}
