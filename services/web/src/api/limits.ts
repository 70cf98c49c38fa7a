import { useApi, type Schemas } from './client';
import { usePolled } from './polled';

export type Limits = Schemas['Limits'];

/** What requests may hold, and what calls cost, where that is configured. It changes with a deploy only. */
export function useLimits(enabled = true): Limits | undefined {
  const api = useApi();
  const { data } = usePolled({
    key: ['limits'],
    ask: (request) => api.GET('/limits', request),
    fast: 60_000,
    moving: () => false,
    final: () => true,
    enabled,
  });
  return data;
}
