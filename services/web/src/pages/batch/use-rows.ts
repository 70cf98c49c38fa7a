import { useEffect, useState } from 'react';

import { useApi, type Answer, type Api, type Batch } from '../../api/client';
import { usePolled, type PollRequest } from '../../api/polled';
import { isFinal } from '../../ui/status';
import { limitFrom, startOf, withPage, type Pages } from './pages';
import { parseResults, type ResultPage } from './results';

interface Shown {
  /** The first and the last row in the window. */
  first: number;
  last: number;
  /** One that has to stay, wherever the window is. */
  focused: number | undefined;
}

/** The pages that the window is in, current, and some that were read before. */
export function useRows(batch: Batch, over: boolean, { first, last, focused }: Shown) {
  const [pages, setPages] = useState<Pages>(new Map());
  const [top, bottom] = [startOf(pages, first), startOf(pages, last)];
  const kept = focused === undefined ? top : startOf(pages, focused);
  const one = usePage({ batch, over, start: top, enabled: true });
  const other = usePage({ batch, over, start: bottom, enabled: bottom !== top });
  const { data: upper } = one;
  const { data: lower } = other;
  useEffect(() => {
    if (upper) setPages((before) => withPage(before, top, upper, [top, bottom, kept]));
  }, [upper, top, bottom, kept]);
  useEffect(() => {
    if (lower && bottom !== top) setPages((before) => withPage(before, bottom, lower, [top, bottom, kept]));
  }, [lower, top, bottom, kept]);
  return { pages, problem: one.problem ?? other.problem, askAgain: one.askAgain };
}

interface PageOptions {
  batch: Batch;
  /** No call of the batch can change any more. */
  over: boolean;
  /** How many rows are before it. */
  start: number;
  enabled: boolean;
}

function usePage({ batch: { id, rows: all }, over, start, enabled }: PageOptions) {
  const api = useApi();
  const limit = limitFrom(start);
  // The calls of a large batch are made while it runs already.
  const whole = ({ rows, more }: ResultPage) => more || rows.length >= Math.min(limit, all - start);
  const ended = ({ rows }: ResultPage) => rows.every(({ status }) => isFinal(status));
  return usePolled({
    key: ['batch-results', id, start],
    ask: (request) => resultPage(api, id, { skip: start, limit }, request),
    fast: 3000,
    moving: (page) => !whole(page) || !ended(page),
    final: (page) => over && whole(page) && ended(page),
    enabled,
  });
}

async function resultPage(
  api: Api,
  id: string,
  query: { skip: number; limit: number },
  request: PollRequest,
): Promise<Answer<ResultPage>> {
  const { data, error, response } = await api.GET('/batches/{id}/results.csv', {
    params: { path: { id }, query },
    parseAs: 'text',
    ...request,
  });
  return { data: response.ok ? parseResults(data ?? '', response.headers.get('Link')) : undefined, error, response };
}
