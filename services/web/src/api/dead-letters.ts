import { useApi, type Schemas } from './client';
import { usePolled, type Polled } from './polled';

/** Dead letters by cause, asked for once however many parts of the page show them. */
export function useDeadLetterCounts(batch?: string): Polled<Schemas['DeadLetterCounts']> {
  const api = useApi();
  return usePolled({
    key: ['dead-letters', 'counts', batch ?? ''],
    ask: (request) => api.GET('/dead-letters/counts', { params: { query: { batch } }, ...request }),
    fast: 3000,
    moving: () => false,
    keepOld: true,
  });
}
