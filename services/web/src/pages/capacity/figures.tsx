import { Link } from '@tanstack/react-router';

import type { Capacity } from '../../api/client';
import { formatNumber } from '../../ui/format';
import { waitingOf } from './steps';

/** The three numbers of the page. */
export function Figures({ capacity }: { capacity: Capacity }) {
  const { in_use, limit, rate, waiting } = capacity;
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
        <p className="figure">{rate.toLocaleString()}</p>
        <p className="small">{rate === 1 ? 'call' : 'calls'} may start a second, at most</p>
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

/** The numbers stand above it as text. */
function Bar({ used, limit }: { used: number; limit: number }) {
  const share = limit > 0 ? Math.min(1, used / limit) : used > 0 ? 1 : 0;
  return (
    <div className="bar" aria-hidden="true" data-over={used > limit || undefined}>
      <div style={{ width: `${share * 100}%` }} />
    </div>
  );
}
