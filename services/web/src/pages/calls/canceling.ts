import { useState } from 'react';

import { useAction } from '../../api/action';
import { useApi, type Call } from '../../api/client';
import { notify } from '../../ui/announce';
import { cancelCalls, cancelSentence, type CancelResult } from './cancel';

/** Canceling the calls that a dialog asks about. It stays open for those that could not be canceled. */
export function useCanceling(onDone: () => void) {
  const api = useApi();
  const [asked, setAsked] = useState<readonly Call[]>([]);
  const [soFar, setSoFar] = useState<CancelResult>();
  // Calls that need no canceling any more, though the list is still of before. A row that changes is another object.
  const [done, setDone] = useState<ReadonlySet<Call>>(new Set());

  const { run, running, problem, reset } = useAction(async (calls: readonly Call[], key) => {
    const result = await cancelCalls(api, calls, key, soFar);
    const failed = result.failed.map(({ call }) => call);
    setDone(new Set([...done, ...calls.filter((call) => !failed.includes(call))]));
    setAsked(failed);
    const [first] = result.failed;
    setSoFar(first && result);
    if (first) throw first.problem; // the dialog shows it
    notify(cancelSentence(result));
    onDone();
  });

  const close = () => {
    setAsked([]);
    setSoFar(undefined);
    reset();
  };
  return { asked, ask: setAsked, soFar, done, running, problem, confirm: () => void run(asked), close };
}
