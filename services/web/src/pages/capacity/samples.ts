import { useApi, type Schemas } from '../../api/client';
import { usePolled, type Polled } from '../../api/polled';

/** What of the past tells how it goes at present, in ms. */
export const recent = 30 * 60_000;

/** The capacity over a time until now, in ms; the first sample is what held when it began. */
export function useCapacitySamples(length: number): Polled<Schemas['CapacitySamples']> {
  const api = useApi();
  return usePolled({
    key: ['capacity', 'samples', length],
    ask: (request) => {
      const from = new Date(Date.now() - length).toISOString();
      return api.GET('/capacity/samples', { params: { query: { from } }, ...request });
    },
    fast: 60_000, // a sample is taken each minute; Retry-After says when
    moving: () => true,
    keepOld: true,
  });
}
