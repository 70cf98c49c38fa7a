import { useNow } from './clock';
import { formatClock, formatDay, formatDuration, formatFull, formatRelative, formatSeconds } from './format';

type Form = 'day' | 'clock' | 'seconds' | 'relative';

/** A moment in the local zone; its title has it in full and in UTC. */
export function Time({ at, as = 'day' }: { at: string; as?: Form }) {
  const when = new Date(at);
  return (
    <time dateTime={at} title={formatFull(when)}>
      {as === 'day' ? (
        <Day at={when} />
      ) : as === 'relative' ? (
        <Relative at={when} />
      ) : as === 'clock' ? (
        formatClock(when)
      ) : (
        formatSeconds(when)
      )}
    </time>
  );
}

const Relative = ({ at }: { at: Date }) => formatRelative(at, useNow());
const Day = ({ at }: { at: Date }) => formatDay(at, useNow());

/** How long something took, or, with `since` alone, how long it has lasted until now. */
export function Duration(props: { seconds: number } | { since: string; until?: string }) {
  if ('seconds' in props) return <Lasted seconds={props.seconds} />;
  if (props.until) return <Lasted seconds={(Date.parse(props.until) - Date.parse(props.since)) / 1000} />;
  return <Running since={props.since} />;
}

function Running({ since }: { since: string }) {
  return <Lasted seconds={(useNow() - Date.parse(since)) / 1000} />;
}

function Lasted({ seconds }: { seconds: number }) {
  return (
    <time className="number" dateTime={`PT${Math.max(0, Math.floor(seconds))}S`}>
      {formatDuration(seconds)}
    </time>
  );
}
