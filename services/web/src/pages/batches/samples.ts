import { useApi, type Schemas } from '../../api/client';
import { usePolled, type Polled } from '../../api/polled';

/** Long enough for the rate, which is of the last five minutes. */
const recent = 7 * 60_000;

/** A batch's counts minute by minute; `short`: of the last minutes only. */
export function useBatchSamples(id: string, { short = false, enabled = true } = {}): Polled<Schemas['BatchSamples']> {
  const api = useApi();
  return usePolled({
    key: ['batch-samples', id, short],
    ask: (request) => {
      const from = short ? new Date(Date.now() - recent).toISOString() : undefined;
      return api.GET('/batches/{id}/samples', { params: { path: { id }, query: { from } }, ...request });
    },
    fast: 15_000, // Retry-After says when the next one is due
    moving: () => true,
    final: ({ samples }) => {
      const last = samples.at(-1)?.counts;
      return last !== undefined && last.waiting + last.active === 0;
    },
    enabled,
  });
}
