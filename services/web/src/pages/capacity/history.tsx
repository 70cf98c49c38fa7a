import { useNavigate, useSearch } from '@tanstack/react-router';

import type { Capacity } from '../../api/client';
import { Chart, type Plane } from '../../ui/chart/chart';
import { placeAt } from '../../ui/chart/scale';
import { StepArea, StepLine } from '../../ui/chart/shapes';
import { ChartTable } from '../../ui/chart/table';
import { useNow } from '../../ui/clock';
import { formatDay, formatNumber } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { Time } from '../../ui/time';
import { useCapacitySamples } from './samples';
import { lengthOf, spanLabels, spanNames, spanOf, type Span } from './search';
import { changesOf, pointsOf, startOf, stopsOf, type Point } from './steps';

/** Slots in use against the limit over time, as a drawing and as a table. */
export function History({ present }: { present: Capacity }) {
  const span = spanOf(useSearch({ from: '/capacity' }));
  const { data, problem, askAgain, old } = useCapacitySamples(lengthOf(span));
  const now = useNow();
  const from = now - lengthOf(span);
  const points = data && pointsOf(data.samples, present, from, now);
  return (
    <section className="panel history" aria-labelledby="history-heading">
      <header className="row history-head">
        <h2 id="history-heading">In use over time</h2>
        <SpanPicker span={span} />
      </header>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside={data !== undefined} />}
      {points ? (
        <div className="history-body" data-old={old || undefined}>
          <Drawing points={points} from={startOf(points, from)} />
          <ChartTable label="In use, limit and waiting over time" columns={columns} points={changesOf(points)} />
        </div>
      ) : (
        !problem && <div className="history-place" />
      )}
    </section>
  );
}

const columns = [
  { key: 'inUse', head: 'In use' },
  { key: 'limit', head: 'Limit' },
  { key: 'waiting', head: 'Waiting' },
] as const;

function Drawing({ points, from }: { points: readonly Point[]; from: number }) {
  const to = points.at(-1)?.at ?? from;
  const stops = stopsOf(points);
  const used = points.map(({ inUse }) => inUse);
  const readOut = (at: number) => {
    const point = points[placeAt(points, at)];
    const when = formatDay(new Date(at), to);
    if (!point) return `${when}: nothing is known`;
    const slots = `${formatNumber(point.inUse)} of ${formatNumber(point.limit)} in use`;
    return `${when}: ${slots}, ${formatNumber(point.waiting)} waiting${point.stopped ? ', admission stopped' : ''}`;
  };
  return (
    <>
      <Chart
        label={`Slots in use, between ${formatNumber(Math.min(...used))} and ${formatNumber(Math.max(...used))}.`}
        from={from}
        to={to}
        most={Math.max(...used, ...points.map(({ limit }) => limit))}
        readOut={readOut}
      >
        {(plane) => (
          <>
            {stops.map((stop) => (
              <StopBand key={stop.from} plane={plane} {...stop} />
            ))}
            <StepArea plane={plane} className="capacity-in-use" points={valuesOf(points, 'inUse')} />
            <StepLine plane={plane} className="capacity-limit" points={valuesOf(points, 'limit')} />
          </>
        )}
      </Chart>
      <ul className="capacity-legend small">
        <li className="legend-in-use">in use</li>
        <li className="legend-limit">limit</li>
        {stops.length > 0 && (
          <li className="legend-stop">
            all admission stopped, last <LastStop stops={stops} to={to} />
          </li>
        )}
      </ul>
    </>
  );
}

const valuesOf = (points: readonly Point[], key: 'inUse' | 'limit') =>
  points.map((point) => ({ at: point.at, value: point[key] }));

interface Stop {
  from: number;
  to: number;
}

function StopBand({ plane, from, to }: Stop & { plane: Plane }) {
  const [bottom, top] = [plane.y(0), 8];
  return (
    <rect
      className="capacity-stop"
      x={plane.x(from)}
      width={plane.x(to) - plane.x(from)}
      y={top}
      height={bottom - top}
    />
  );
}

function LastStop({ stops, to }: { stops: Stop[]; to: number }) {
  const last = stops.at(-1);
  if (!last) return null;
  return (
    <>
      from <Time at={new Date(last.from).toISOString()} />
      {last.to < to && (
        <>
          {' to '}
          <Time at={new Date(last.to).toISOString()} />
        </>
      )}
    </>
  );
}

function SpanPicker({ span }: { span: Span }) {
  const navigate = useNavigate();
  const choose = (chosen: string) =>
    void navigate({
      to: '/capacity',
      search: { span: chosen === '1h' || chosen === '7d' ? chosen : undefined },
      replace: true,
    });
  return (
    <label>
      <span className="visually-hidden">Time shown</span>
      <select value={span} onChange={(event) => choose(event.target.value)}>
        {spanNames.map((name) => (
          <option key={name} value={name}>
            {spanLabels[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
