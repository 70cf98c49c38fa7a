import { useState } from 'react';

import type { Batch, Schemas } from '../../api/client';
import type { Polled } from '../../api/polled';
import { Chart } from '../../ui/chart/chart';
import { byGroup, groupClass, groupKeys, groups, type GroupCounts } from '../../ui/chart/groups';
import { placeAt } from '../../ui/chart/scale';
import { StackedSteps } from '../../ui/chart/shapes';
import { ChartTable } from '../../ui/chart/table';
import { formatClock } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { groupSentence } from '../batches/bar';

export type ProgressPoint = { at: number } & GroupCounts;

type Sample = Schemas['BatchSample'];

/**
 * The counts over time, and what is now as the last of them: a minute without a
 * sample was like the one before, so they are steps. `seen`: what this page saw of
 * the minute that has no sample yet.
 */
export function progressPoints(
  samples: readonly Sample[],
  seen: readonly Sample[],
  batch: Pick<Batch, 'counts'>,
  now: number,
): ProgressPoint[] {
  const kept = samples.map(pointOf);
  const last = kept.at(-1);
  const present = { at: now, ...byGroup(batch.counts) };
  if (last && isFinal(last) && isFinal(present)) return withEnd(kept, now);
  const since = seen.map(pointOf).filter(({ at }) => at > (last?.at ?? 0));
  return [...kept, ...since, present].filter(({ at }, place, all) => at <= now && at !== all[place - 1]?.at);
}

const pointOf = ({ at, counts }: Sample): ProgressPoint => ({ at: Date.parse(at), ...byGroup(counts) });
const isFinal = (point: ProgressPoint) => point.waiting + point.onCall === 0;

/** A step ends where the next begins: without one the last would have no width, and nobody would see how it ended. */
function withEnd(points: ProgressPoint[], now: number): ProgressPoint[] {
  const [first, last] = [points[0] as ProgressPoint, points.at(-1) as ProgressPoint];
  const shown = Math.max(10_000, (last.at - first.at) / 10);
  return [...points, { ...last, at: Math.min(last.at + shown, Math.max(now, last.at + 1)) }];
}

/** The counts that this page has seen change, since it was opened. */
function useSeen(batch: Batch, at: number): Sample[] {
  const [seen, setSeen] = useState<Sample[]>([]);
  if (at > 0 && seen.at(-1)?.counts !== batch.counts) {
    const latest = { at: new Date(at).toISOString(), counts: batch.counts };
    setSeen([...seen.slice(-kept), latest]);
  }
  return seen;
}

const kept = 600; // more than a minute's polls

interface Props {
  batch: Batch;
  polled: Polled<Schemas['BatchSamples']>;
  /** When the batch's counts were asked for last, in ms. */
  now: number;
}

export function Progress({ batch, polled: { data, problem, askAgain }, now }: Props) {
  const seen = useSeen(batch, now);
  const points = data ? progressPoints(data.samples, seen, batch, now) : [];
  const sampled = data ? progressPoints(data.samples, [], batch, now) : [];
  return (
    <section className="stack">
      <h2>Over time</h2>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside />}
      <div className="progress-chart">
        {points.length > 1 && <ProgressChart points={points} sampled={sampled} rows={batch.rows} />}
        {data && points.length < 2 && (
          <p className="muted">Counts over time are kept for a week; this batch is older.</p>
        )}
      </div>
    </section>
  );
}

interface ChartProps {
  points: ProgressPoint[];
  /** Without what only this page has seen: the table has a row a minute. */
  sampled: ProgressPoint[];
  rows: number;
}

function ProgressChart({ points, sampled, rows }: ChartProps) {
  const [first, last] = [points[0] as ProgressPoint, points.at(-1) as ProgressPoint];
  const readOut = (at: number) => {
    const point = points[placeAt(points, at)] ?? first;
    return `${formatClock(new Date(at))}: ${groupSentence(point)}`;
  };
  const span = `from ${formatClock(new Date(first.at))} to ${formatClock(new Date(last.at))}`;
  return (
    <>
      <Chart
        label={`Calls by group ${span}. At the end: ${groupSentence(last)}.`}
        from={first.at}
        to={last.at}
        most={rows}
        readOut={readOut}
      >
        {(plane) => <StackedSteps plane={plane} points={points} keys={groupKeys} classOf={groupClass} />}
      </Chart>
      <ChartTable label="Calls by group over time" columns={groups} points={sampled} />
    </>
  );
}
