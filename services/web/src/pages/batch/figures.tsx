import { Link } from '@tanstack/react-router';

import { useCapacity } from '../../api/capacity';
import type { Batch, Schemas } from '../../api/client';
import { useDeadLetterCounts } from '../../api/dead-letters';
import { useScopes } from '../../auth/auth';
import { byGroup, groupClass, groups } from '../../ui/chart/groups';
import { useNow } from '../../ui/clock';
import { count, formatNumber } from '../../ui/format';
import { GroupBar } from '../batches/bar';
import { useBatchSamples } from '../batches/samples';
import { endedOf, endOf, formatEnd, rateOf, rateSentence } from '../batches/rate';
import { DeadLettersLink } from '../dead-letters/link';

interface Props {
  batch: Batch;
  over: boolean;
}

/** How far the batch is: a sentence, a bar, and a number for each group that leads to its calls. */
export function Figures({ batch, over }: Props) {
  return (
    <section className="batch-figures">
      <h2 className="visually-hidden">Progress</h2>
      <p className="batch-ended-figure number">
        {formatNumber(endedOf(batch.counts))} of {formatNumber(batch.rows)} ended
      </p>
      <Pace batch={batch} over={over} />
      <GroupBar counts={batch.counts} />
      <Legend batch={batch} />
    </section>
  );
}

/** Rate and end, from the server's counters alone. Its height is there before they are known. */
function Pace({ batch, over }: Props) {
  const now = useNow();
  const recent = useBatchSamples(batch.id, { short: true, enabled: !over }); // those of the chart are thinned
  const { data: capacity } = useCapacity();
  if (over)
    return <p className="batch-pace muted">{batch.status === 'canceled' ? 'Canceled' : 'All calls are over'}</p>;
  const rate = rateOf(batch, recent.data?.samples ?? [], now);
  const end = endOf(batch, rate, capacity, now);
  const why = standstill(batch, capacity);
  const said = [why, rate && rateSentence(rate), end !== undefined && `ends ${formatEnd(end, now)}`].filter(Boolean);
  return <p className="batch-pace muted number">{said.join(' · ') || 'The rate is known after a minute'}</p>;
}

/** Why nothing new starts, and so why no end is told. */
function standstill({ status }: Batch, capacity: Schemas['Capacity'] | undefined): string | undefined {
  if (status === 'paused') return 'Paused: no other call starts';
  if (status === 'canceled') return 'Canceled: the rest follows';
  return capacity?.stopped ? 'All admission is stopped' : undefined;
}

function Legend({ batch }: { batch: Batch }) {
  const numbers = byGroup(batch.counts);
  const may = useScopes();
  return (
    <ul className="legend">
      {groups.map(({ key, head, statuses }) => (
        <li key={key}>
          <span className={`swatch ${groupClass(key)}`} aria-hidden="true" />
          {numbers[key] > 0 ? (
            <Link to="/calls" search={{ batch: batch.id, status: [...statuses] }}>
              <span className="legend-number number">{formatNumber(numbers[key])}</span> {head.toLowerCase()}
            </Link>
          ) : (
            <span className="muted">
              <span className="legend-number number">0</span> {head.toLowerCase()}
            </span>
          )}
          {key === 'failed' && numbers.failed > 0 && may('admin') && <DeadLetters batch={batch} />}
        </li>
      ))}
    </ul>
  );
}

/** Of the failed calls, those that wait for an admin to decide; nothing, where none does. */
function DeadLetters({ batch: { id } }: { batch: Batch }) {
  const { data } = useDeadLetterCounts(id);
  if (!data || data.total === 0) return null;
  return (
    <span>
      ·{' '}
      <DeadLettersLink batch={id}>
        {data.counted_up_to === undefined
          ? count(data.total, 'dead letter')
          : `${formatNumber(data.total)}+ dead letters`}
      </DeadLettersLink>
    </span>
  );
}
