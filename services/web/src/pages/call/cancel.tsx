import { useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Call } from '../../api/client';
import { asProblem } from '../../api/problem';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { isFinal } from '../../ui/status';
import { cancelWords } from './words';

/** Cancels the call. The dialog's words follow the call, which goes on meanwhile. */
export function CancelButton({ call }: { call: Call }) {
  const api = useApi();
  const [asking, setAsking] = useState(false);
  const over = isFinal(call.status);
  const action = useAction(async (id: string, idempotencyKey) => {
    try {
      const { status } = await take(
        api.POST('/calls/{id}/cancel', {
          params: { path: { id }, header: { 'Idempotency-Key': idempotencyKey } },
        }),
      );
      notify(status === 'canceled' ? 'Canceled. It will not be placed.' : 'The agent has been asked to hang up.');
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.code !== 'call_already_final') throw problem;
      notify(problem.message);
    }
    setAsking(false);
  });
  const words = cancelWords(call.status);

  if (asking && over && !action.running) {
    setAsking(false);
    notify(`It ended before it was canceled: ${call.status}.`);
  }
  const close = () => {
    setAsking(false);
    action.reset();
  };
  return (
    <>
      {!over && !call.cancel_requested && (
        <Button kind="danger" onClick={() => setAsking(true)}>
          Cancel …
        </Button>
      )}
      <ConfirmDialog
        open={asking}
        title={words.title}
        confirm={words.verb}
        danger
        running={action.running}
        problem={action.problem}
        onConfirm={() => void action.run(call.id)}
        onClose={close}
      >
        <p>{words.effect}</p>
      </ConfirmDialog>
    </>
  );
}
