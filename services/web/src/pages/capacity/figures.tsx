import { Link } from '@tanstack/react-router';

import type { Capacity } from '../../api/client';
import { formatNumber } from '../../ui/format';
import { launchRate } from './pace';
import { recent, useCapacitySamples } from './samples';
import { waitingOf } from './steps';
import { formatRate } from './words';

interface Props {
  capacity: Capacity;
  /** When it was so, in ms. */
  askedAt: number;
}

/** The three numbers of the page. */
export function Figures({ capacity, askedAt }: Props) {
  const { in_use, limit, waiting } = capacity;
  const over = Math.max(0, in_use - limit);
  return (
    <div className="figures">
      <div className="panel">
        <p className="figure">
          {formatNumber(in_use)} <span className="figure-of">of {formatNumber(limit)}</span>
        </p>
        <p className="small">slots in use</p>
        <Bar used={in_use} limit={limit} />
        <p className="small muted figure-note">
          {over > 0
            ? `${formatNumber(over)} more than the limit, which was lowered. They go on; none starts meanwhile.`
            : `${formatNumber(limit - in_use)} free`}
        </p>
      </div>
      <div className="panel">
        <LaunchRate capacity={capacity} askedAt={askedAt} />
      </div>
      <div className="panel">
        <p className="figure">{formatNumber(waitingOf(waiting))}</p>
        <p className="small">
          waiting ·{' '}
          <Link to="/calls" search={{ status: ['queued'] }}>
            See them
          </Link>
        </p>
      </div>
    </div>
  );
}

/** How fast calls are launched, beside how fast they may be. The number has its place before it is known. */
function LaunchRate({ capacity, askedAt }: Props) {
  const { data } = useCapacitySamples(recent);
  const now = data && launchRate(data.samples, capacity, askedAt);
  return (
    <>
      <p className="figure">
        {now === undefined ? '–' : formatRate(now)}{' '}
        <span className="figure-of">of {capacity.rate.toLocaleString()}</span>
      </p>
      <p className="small">allowed launches a second</p>
      <p className="small muted figure-note">{now === undefined ? 'known after a minute' : 'over the last minute'}</p>
    </>
  );
}

/** The numbers stand above it as text. */
function Bar({ used, limit }: { used: number; limit: number }) {
  const share = limit > 0 ? Math.min(1, used / limit) : used > 0 ? 1 : 0;
  return (
    <div className="bar" aria-hidden="true" data-over={used > limit || undefined}>
      <div style={{ width: `${share * 100}%` }} />
    </div>
  );
}
