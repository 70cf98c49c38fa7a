import { useApi, type Capacity } from './client';
import { usePolled, type Polled } from './polled';

const waiting = (capacity: Capacity) => Object.values(capacity.waiting).some((count) => count > 0);

/** The capacity, asked for once however many parts of the page show it. */
export function useCapacity(): Polled<Capacity> {
  const api = useApi();
  return usePolled({
    key: ['capacity'],
    ask: (request) => api.GET('/capacity', request),
    fast: 3000,
    moving: (capacity) => capacity.in_use > 0 || waiting(capacity),
  });
}
