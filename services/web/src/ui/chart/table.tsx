import { formatNumber } from '../format';
import { Time } from '../time';

interface Props<K extends string> {
  /** What the rows are: "Calls by group over time". */
  label: string;
  columns: readonly { key: K; head: string }[];
  /** Oldest first. */
  points: readonly ({ at: number } & Record<K, number>)[];
}

/** The chart's data as a table, folded, the newest first. */
export function ChartTable<K extends string>({ label, columns, points }: Props<K>) {
  return (
    <details className="chart-table">
      <summary>The same as a table</summary>
      <div className="chart-scroll" tabIndex={0} role="region" aria-label={label}>
        <table aria-label={label}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {columns.map(({ key, head }) => (
                <th key={key} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.toReversed().map((point) => (
              <tr key={point.at}>
                <th scope="row">
                  <Time at={new Date(point.at).toISOString()} />
                </th>
                {columns.map(({ key }) => (
                  <td key={key}>{formatNumber(point[key])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
