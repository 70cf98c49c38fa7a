import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it, vi } from 'vitest';

import { ApiProvider, createApi, type Batch } from '../../api/client';
import { wake } from '../../api/live';
import { rowAt } from './pages';
import { useRows } from './use-rows';

const batch = { id: 'batch_A', rows: 100_000 } as Batch;
const tokens = { token: () => Promise.resolve('token'), renewed: () => Promise.resolve('token') };

/** A server whose rows stand still; it remembers what it was asked. */
function server(asked: string[]) {
  return (request: Request) => {
    const { searchParams } = new URL(request.url);
    const [skip, limit] = [Number(searchParams.get('skip')), Number(searchParams.get('limit'))];
    const known = request.headers.get('If-None-Match');
    asked.push(`${skip} ${limit}${known ? ` unless ${known}` : ''}`);
    const headers = { ETag: `"${skip}"`, Link: '</v1?cursor=on>; rel="next"', 'Retry-After': '60' };
    if (known === `"${skip}"`) return Promise.resolve(new Response(null, { status: 304, headers }));
    const lines = Array.from(
      { length: limit },
      (_, place) => `${skip + place + 2},+12025550143,queued,x,1,0,,,,,,,,,{}`,
    );
    return Promise.resolve(new Response(lines.join('\r\n'), { headers }));
  };
}

it('a far row is one request away, and what is unchanged isn’t sent again', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', server(asked));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const api = createApi('/v1', tokens);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <ApiProvider value={api}>{children}</ApiProvider>
    </QueryClientProvider>
  );
  const shown = { first: 0, last: 13, focused: 1 };
  const { result, rerender } = renderHook((at) => useRows(batch, false, at), { wrapper, initialProps: shown });
  await waitFor(() => expect(rowAt(result.current.pages, 13)?.row).toBe(15));

  rerender({ ...shown, first: 99_790, last: 99_803 });
  await waitFor(() => expect(rowAt(result.current.pages, 99_803)?.row).toBe(99_805));
  await waitFor(() => expect(rowAt(result.current.pages, 99_790)?.row).toBe(99_792));
  expect(rowAt(result.current.pages, 1)?.row, 'the focused row is still there').toBe(3);
  expect([...asked].sort()).toEqual(['0 200', '99600 200', '99800 200']);

  wake();
  await waitFor(() => expect(asked).toHaveLength(5));
  expect(asked.slice(3).sort()).toEqual(['99600 200 unless "99600"', '99800 200 unless "99800"']);
});
