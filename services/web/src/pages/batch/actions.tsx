import { useEffect, useState } from 'react';

import { useAction, type Action } from '../../api/action';
import { take, useApi, type Batch } from '../../api/client';
import { useScopes } from '../../auth/auth';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { count } from '../../ui/format';

const typedFrom = 1000; // calls: from here on the number has to be typed

/** Pause or resume, and cancel: only what can still be done. */
export function useBatchActions(id: string) {
  const api = useApi();
  const path = { id };
  const pause = useAction((_: void, key) =>
    take(api.POST('/batches/{id}/pause', { params: { path, header: { 'Idempotency-Key': key } } })),
  );
  const resume = useAction((_: void, key) =>
    take(api.POST('/batches/{id}/resume', { params: { path, header: { 'Idempotency-Key': key } } })),
  );
  const cancel = useAction((_: void, key) =>
    take(api.POST('/batches/{id}/cancel', { params: { path, header: { 'Idempotency-Key': key } } })),
  );
  return { pause, resume, cancel };
}

interface Props {
  batch: Batch;
  actions: ReturnType<typeof useBatchActions>;
}

export function BatchActions({ batch, actions: { pause, resume, cancel } }: Props) {
  const may = useScopes();
  const { status } = batch;
  const paused = status === 'paused';
  const { reset: forgetPause } = pause;
  const { reset: forgetResume } = resume;
  // What was asked before is over: asked again, it is another request with another key.
  useEffect(() => {
    forgetPause();
    forgetResume();
  }, [status, forgetPause, forgetResume]);
  if (!may('write')) return null;
  return (
    <>
      {(status === 'active' || paused) && ( // one button that changes, so that focus stays on it
        <Button
          kind={paused ? 'primary' : 'secondary'}
          busy={pause.running || resume.running}
          onClick={() => void (paused ? resume : pause).run()}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      )}
      <Cancel batch={batch} cancel={cancel} />
    </>
  );
}

/** The numbers are those of the moment when it was opened: they must not change under the eyes of who types one. */
function Cancel({ batch, cancel }: { batch: Batch; cancel: Action<void, Batch> }) {
  const [asked, setAsked] = useState<Batch['counts']>();
  const { waiting, active } = asked ?? batch.counts;
  const calls = waiting + active;
  const possible = batch.status === 'active' || batch.status === 'paused';
  const run = async () => {
    if (!(await cancel.run())) return;
    setAsked(undefined);
    notify(`The batch is canceled. Its ${count(calls, 'call')} follow.`);
  };
  return (
    <>
      {possible && (
        <Button kind="danger" onClick={() => setAsked(batch.counts)}>
          Cancel …
        </Button>
      )}
      <ConfirmDialog
        open={asked !== undefined}
        title="Cancel this batch?"
        confirm={`Cancel ${count(calls, 'call')}`}
        danger
        typed={calls >= typedFrom ? String(calls) : undefined}
        running={cancel.running}
        problem={cancel.problem}
        onConfirm={() => void run()}
        onClose={() => {
          setAsked(undefined);
          cancel.reset();
        }}
      >
        <p>{cancelEffects(waiting, active)}</p>
      </ConfirmDialog>
    </>
  );
}

/** "3,265 waiting calls will never be placed; 14 calls under way are hung up." Not all of them have somebody on the phone yet. */
export function cancelEffects(waiting: number, active: number): string {
  const effects = [
    waiting > 0 && `${count(waiting, 'waiting call')} will never be placed`,
    active > 0 && `${count(active, 'call under way is', 'calls under way are')} hung up`,
  ].filter(Boolean);
  return `${effects.join('; ') || 'All calls are over already'}. There is no way back.`;
}
