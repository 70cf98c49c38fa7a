import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { useCapacity } from '../api/capacity';
import { useLive, wake } from '../api/live';
import type { Capacity } from '../api/client';
import { useConfig, useExpired, usePerson, useScopes, useSession } from '../auth/auth';
import { Button } from '../ui/button';
import { formatClock } from '../ui/format';
import { Icon } from '../ui/icon';
import { Time } from '../ui/time';

/** One slot above the page: the most important thing that concerns all of it. */
export function Banners() {
  const live = useLive();
  const expired = useExpired();
  const { simulated } = useConfig();
  const may = useScopes();
  if (expired) return <Expired />;
  if (live.failing && live.answeredAt > 0) return <Away since={live.answeredAt} />;
  return (
    <>
      {may('read') && <Stopped />}
      {simulated && (
        <Banner tone="info">A simulated carrier places the calls on this machine. No real phone rings.</Banner>
      )}
    </>
  );
}

function Banner({ tone, children, action }: { tone: 'info' | 'warning'; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="banner" data-tone={tone} role={tone === 'warning' ? 'status' : undefined}>
      <Icon name={tone === 'info' ? 'info' : 'warning'} />
      <p>{children}</p>
      {action}
    </div>
  );
}

/** For dialogs, which keep the banners out of reach. */
export function SignInAgain() {
  return useExpired() ? <Expired /> : null;
}

/** The page stays as it is, and what was being sent is sent again afterwards. */
function Expired() {
  const session = useSession();
  const [failed, setFailed] = useState(false);
  const signIn = () =>
    session.signInAgain().then(
      () => setFailed(false),
      () => setFailed(true),
    );
  return (
    <Banner tone="warning" action={<Button onClick={() => void signIn()}>Sign in again</Button>}>
      {failed
        ? 'Sign-in was not completed. If no window opened, allow this site to open one.'
        : 'Your sign-in ran out. Nothing is lost: a window opens for it, and this page goes on.'}
    </Banner>
  );
}

function Away({ since }: { since: number }) {
  return (
    <Banner tone="warning" action={<Button onClick={wake}>Try now</Button>}>
      The server can’t be reached. What you see is of {formatClock(new Date(since))}; it goes on by itself.
    </Banner>
  );
}

function Stopped() {
  const { data } = useCapacity();
  const may = useScopes();
  if (!data?.stopped) return null;
  return (
    <Banner
      tone="warning"
      action={
        may('admin') && (
          <Link to="/capacity" className="button">
            Resume …
          </Link>
        )
      }
    >
      All admission is stopped <StoppedSince capacity={data} />. Calls under way go on; no other starts.
    </Banner>
  );
}

/** "since 14:02, by you". */
export function StoppedSince({ capacity: { stopped_at, stopped_by } }: { capacity: Capacity }) {
  const { sub } = usePerson();
  return (
    <>
      {stopped_at && (
        <>
          since <Time at={stopped_at} />
        </>
      )}
      {stopped_by && `, by ${stopped_by === sub ? 'you' : stopped_by}`}
    </>
  );
}
