import { useCallback, useRef, useState } from 'react';

import { wake } from './live';
import { asProblem, type Problem } from './problem';

/** A new Idempotency-Key: one for each thing that somebody wants done. */
export const newIdempotencyKey = () => crypto.randomUUID();

/** Where an action has its key between tries. */
export interface KeptKey {
  current: string | undefined;
}

export interface Action<In, Out> {
  /** Does it; gives undefined when it failed, and problem says why. */
  run: (input: In) => Promise<Out | undefined>;
  running: boolean;
  problem: Problem | undefined;
  /** Forgets the problem and the key: the next run is another thing. */
  reset: () => void;
}

/**
 * Something that the person does. All tries share one Idempotency-Key until one of
 * them succeeds or reset is called, so that pressing again after a lost answer does
 * it once. Afterwards every poll asks at once. With `kept` the key outlives the component,
 * for an input that does too.
 */
export function useAction<In, Out>(
  act: (input: In, idempotencyKey: string) => Promise<Out>,
  kept?: KeptKey,
): Action<In, Out> {
  const own = useRef<string>(undefined);
  const key = kept ?? own;
  const busy = useRef(false);
  const [state, setState] = useState<{ running: boolean; problem: Problem | undefined }>({
    running: false,
    problem: undefined,
  });

  const reset = useCallback(() => {
    key.current = undefined;
    setState({ running: false, problem: undefined });
  }, [key]);

  const run = async (input: In) => {
    if (busy.current) return undefined; // a second press
    busy.current = true;
    setState({ running: true, problem: undefined });
    const sent = (key.current ??= newIdempotencyKey());
    const forget = () => {
      if (key.current === sent) key.current = undefined; // a kept one may be that of a later run by now
    };
    try {
      const result = await act(input, sent);
      forget();
      setState({ running: false, problem: undefined });
      return result;
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (!problem.passing) forget(); // the server has said no: a changed request is another one
      setState({ running: false, problem });
      return undefined;
    } finally {
      busy.current = false;
      wake();
    }
  };
  return { run, running: state.running, problem: state.problem, reset };
}
