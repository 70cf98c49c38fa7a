import { area, curveStepAfter, line, stack } from 'd3-shape';

import type { Plane } from './chart';

/** A value at a moment in ms; it holds until the next point. */
export interface Point {
  at: number;
  value: number;
}

/** A line of steps, such as a limit or what is in use. The last point is where it ends: give it the present. */
export function StepLine({ plane, points, className }: { plane: Plane; points: readonly Point[]; className: string }) {
  const draw = line<Point>(
    (point) => plane.x(point.at),
    (point) => plane.y(point.value),
  ).curve(curveStepAfter);
  return <path className={`chart-line ${className}`} d={draw(points) ?? undefined} />;
}

/** The same, filled down to 0. */
export function StepArea({ plane, points, className }: { plane: Plane; points: readonly Point[]; className: string }) {
  const draw = area<Point>()
    .x((point) => plane.x(point.at))
    .y0(plane.y(0))
    .y1((point) => plane.y(point.value))
    .curve(curveStepAfter);
  return <path className={`chart-area ${className}`} d={draw(points) ?? undefined} />;
}

interface StackProps<K extends string> {
  plane: Plane;
  points: readonly ({ at: number } & Record<K, number>)[];
  /** From the bottom up. */
  keys: readonly K[];
  /** `chart-completed` colours it; chart.css has them. */
  classOf: (key: K) => string;
}

/** Steps on top of each other. */
export function StackedSteps<K extends string>({ plane, points, keys, classOf }: StackProps<K>) {
  type Row = { at: number } & Record<K, number>;
  const layers = stack<Row, K>()
    .keys(keys)
    .value((row, key) => row[key])(points as Row[]);
  const draw = area<(typeof layers)[number][number]>()
    .x((piece) => plane.x(piece.data.at))
    .y0((piece) => plane.y(piece[0]))
    .y1((piece) => plane.y(piece[1]))
    .curve(curveStepAfter);
  return layers.map((layer) => (
    <path key={layer.key} className={`chart-area ${classOf(layer.key)}`} d={draw(layer) ?? undefined} />
  ));
}
