import { useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Capacity } from '../../api/client';
import { StoppedSince } from '../../app/banners';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { waitingOf } from './steps';

/** Stop and resume. It is a box of its own, away from what is changed every day. */
export function Admission({ capacity }: { capacity: Capacity }) {
  // What was asked for stays what is confirmed, even when somebody else stops or resumes meanwhile.
  const [asking, setAsking] = useState<'stop' | 'resume'>();
  const { stopped } = capacity;
  const set = useSetStopped(() => setAsking(undefined));
  const close = () => {
    setAsking(undefined);
    set.reset();
  };
  const dialog = { running: set.running, problem: set.problem, onClose: close };
  return (
    <section className="panel admission" data-stopped={stopped || undefined} aria-labelledby="admission-heading">
      <h2 id="admission-heading">{stopped ? 'All admission is stopped' : 'Stop all admission'}</h2>
      <Explained capacity={capacity} />
      <Button kind={stopped ? 'primary' : 'danger'} onClick={() => setAsking(stopped ? 'resume' : 'stop')}>
        {stopped ? 'Resume admission …' : 'Stop all admission …'}
      </Button>
      <ConfirmDialog
        {...dialog}
        open={asking === 'stop'}
        title="Stop all admission?"
        confirm="Stop all admission"
        danger
        typed="STOP"
        onConfirm={() => void set.run(true)}
      >
        <StopEffect capacity={capacity} />
      </ConfirmDialog>
      <ConfirmDialog
        {...dialog}
        open={asking === 'resume'}
        title="Resume admission?"
        confirm="Resume admission"
        onConfirm={() => void set.run(false)}
      >
        <ResumeEffect capacity={capacity} />
      </ConfirmDialog>
    </section>
  );
}

function useSetStopped(onDone: () => void) {
  const api = useApi();
  return useAction(async (stopped: boolean) => {
    await take(api.PUT('/capacity', { body: { stopped } }));
    notify(stopped ? 'All admission is stopped. Calls under way go on.' : 'Admission goes on.');
    onDone();
  });
}

function Explained({ capacity }: { capacity: Capacity }) {
  if (!capacity.stopped)
    return <p>No call starts any more, whoever submitted it, until somebody resumes. Calls under way go on.</p>;
  return (
    <p>
      Stopped <StoppedSince capacity={capacity} />. No call starts, whoever submitted it. Calls under way go on, and new
      ones are still taken: they wait.
    </p>
  );
}

function StopEffect({ capacity: { in_use, waiting } }: { capacity: Capacity }) {
  const wait = waitingOf(waiting);
  return (
    <p>
      {count(in_use, 'call')} under way {in_use === 1 ? 'goes' : 'go'} on to the end. {count(wait, 'call')} that{' '}
      {wait === 1 ? 'waits' : 'wait'}, and all that are submitted from now on, will not be placed until somebody
      resumes.
    </p>
  );
}

function ResumeEffect({ capacity: { limit, rate, waiting } }: { capacity: Capacity }) {
  const wait = waitingOf(waiting);
  return (
    <p>
      {count(wait, 'call')} {wait === 1 ? 'waits' : 'wait'}. They start as their turn comes: {rate.toLocaleString()} a
      second at most, {count(limit, 'call')} at the same time.
    </p>
  );
}
