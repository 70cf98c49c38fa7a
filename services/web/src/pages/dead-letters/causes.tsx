import { Link } from '@tanstack/react-router';

import type { Schemas } from '../../api/client';
import { Time } from '../../ui/time';
import type { DeadLettersSearch } from './search';
import { totalOf, totalText } from './words';

type Counts = Schemas['DeadLetterCounts'];

/** The groups by cause, all of them first. Each is a filter, and says what the latest of its calls failed of. */
export function Causes({ counts, search }: { counts: Counts; search: DeadLettersSearch }) {
  const all = totalOf(counts);
  return (
    <nav aria-label="Causes">
      <ul className="causes">
        <li className="cause" data-current={!search.cause || undefined}>
          <Link
            to="/dead-letters"
            search={{ cause: undefined, batch: search.batch }}
            activeOptions={{ explicitUndefined: true }} // else it is current with any cause
            className="cause-link"
          >
            <b className="number">{all && totalText(all)}</b> all
          </Link>
          <p className="small muted">Calls that could not be launched, and wait here for somebody to decide.</p>
        </li>
        {counts.causes.map((group) => (
          <Cause key={group.cause} group={group} counts={counts} search={search} />
        ))}
      </ul>
    </nav>
  );
}

interface CauseProps {
  group: Counts['causes'][number];
  counts: Counts;
  search: DeadLettersSearch;
}

function Cause({ group: { cause, message, call_id, first_at, last_at }, counts, search }: CauseProps) {
  const current = search.cause === cause;
  const total = totalOf(counts, cause);
  return (
    <li className="cause" data-current={current || undefined}>
      <Link to="/dead-letters" search={{ cause, batch: search.batch }} className="cause-link">
        <b className="number">{total && totalText(total)}</b> {cause}
      </Link>
      <p className="small cause-message">{message}</p>
      <p className="label">
        <Time at={first_at} />
        {minuteOf(first_at) !== minuteOf(last_at) && (
          <>
            {' to '}
            <Time at={last_at} />
          </>
        )}{' '}
        ·{' '}
        <Link to="/calls/$id" params={{ id: call_id }}>
          latest of them
        </Link>
      </p>
    </li>
  );
}

const minuteOf = (at: string) => at.slice(0, 16);
