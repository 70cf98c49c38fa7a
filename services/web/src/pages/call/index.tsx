import './call.css';

import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { useApi, type Call } from '../../api/client';
import { usePolled } from '../../api/polled';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { announce } from '../../ui/announce';
import { Button } from '../../ui/button';
import { PhoneNumber } from '../../ui/phone';
import { ProblemView } from '../../ui/problem';
import { Skeleton } from '../../ui/skeleton';
import { isFinal, StatusChip } from '../../ui/status';
import { Duration, Time } from '../../ui/time';
import { fillDraft } from '../call-now/draft';
import { DeadLettersLink } from '../dead-letters/link';
import { CancelButton } from './cancel';
import { About, Metadata, RawJson, Settings } from './facts';
import { attemptsOf } from './steps';
import { Steps } from './steps-view';
import { sentenceOf } from './words';

export default function CallPage() {
  const { id } = useParams({ from: '/calls/$id' });
  const api = useApi();
  const { data, problem, loading, askAgain } = usePolled({
    key: ['call', id],
    ask: (request) => api.GET('/calls/{id}', { params: { path: { id } }, ...request }),
    fast: 1000,
    moving: (call) => !isFinal(call.status),
    final: (call) => isFinal(call.status),
  });
  useSpokenStatus(data);
  return (
    <Page
      title={data?.phone_number ?? 'Call'}
      detail={data?.status}
      heading={data && <PhoneNumber number={data.phone_number} />}
      actions={data && <Actions call={data} />}
    >
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {problem?.status === 404 && (
        <p>
          <Link to="/calls">All calls</Link>
        </p>
      )}
      {loading && <Skeleton what="The call" rows={8} />}
      {data && <CallView call={data} />}
    </Page>
  );
}

/** What the page shows by colour and place, for those who listen. The first status is part of the page. */
function useSpokenStatus(call: Call | undefined) {
  const before = useRef<Pick<Call, 'id' | 'status'>>(undefined);
  useEffect(() => {
    if (!call) return;
    if (before.current?.id === call.id && before.current.status !== call.status) announce(`The call: ${call.status}`);
    before.current = { id: call.id, status: call.status };
  }, [call]);
}

function Actions({ call }: { call: Call }) {
  const may = useScopes();
  const navigate = useNavigate();
  if (!may('write')) return null;
  return (
    <>
      <CancelButton call={call} />
      <Button
        onClick={() => {
          fillDraft(call);
          void navigate({ to: '/call' });
        }}
      >
        Call again …
      </Button>
    </>
  );
}

function CallView({ call }: { call: Call }) {
  return (
    <>
      <p className="call-now-doing">
        <StatusChip status={call.status} />
        <span>
          {sentenceOf(call)}
          {call.waiting?.until && (
            <>
              {' '}
              Until <Time at={call.waiting.until} />.
            </>
          )}
        </span>
        <Talk call={call} />
        {call.failure?.reason === 'dead_lettered' && (
          <DeadLettersLink cause={call.failure.cause}>Dead letters of this cause</DeadLettersLink>
        )}
      </p>
      <div className="call-columns">
        <section className="call-steps">
          <h2>Steps</h2>
          <Steps call={call} />
        </section>
        <div className="call-facts">
          <Settings call={call} />
          <Metadata call={call} />
          <About call={call} />
        </div>
      </div>
      <RawJson call={call} />
    </>
  );
}

/** "on the phone 0:42", and afterwards how long the talk was. */
function Talk({ call }: { call: Call }) {
  const { duration, answered_at } = call.outcome ?? {};
  if (duration !== undefined && answered_at) {
    return (
      <span className="muted">
        talk <Duration seconds={duration} />
      </span>
    );
  }
  if (call.status !== 'in-progress') return null;
  const talk = attemptsOf(call).at(-1)?.steps.at(-1); // its clock and this one are the same
  return (
    talk && (
      <strong className="on-the-phone">
        on the phone <Duration since={talk.at} />
      </strong>
    )
  );
}
