import './chart.css';

import { useLayoutEffect, useRef, useState, type PointerEvent, type ReactNode } from 'react';

import { formatNumber } from '../format';
import { countTicks, formatTick, linear, timeTicks, type Scale } from './scale';

/** Where moments (ms) and values stand in the chart. */
export interface Plane {
  x: Scale;
  y: Scale;
}

interface Props {
  /** What the chart shows, in a sentence: all that a screen reader gets, beside the table of the same data. */
  label: string;
  /** The time shown, in ms. */
  from: number;
  to: number;
  /** The highest value; the axis ends at a round one above it. */
  most: number;
  height?: number;
  /** The values at a moment that is pointed at, in words. Its line is there before anybody points. */
  readOut?: (at: number) => string;
  children: (plane: Plane) => ReactNode;
}

const margin = { top: 8, right: 8, bottom: 24, left: 48 };
const pixelsPerTick = 96;

/** A chart over time: axes, and room for what is drawn into it. Beside it belongs a ChartTable. */
export function Chart({ label, from, to, most, height = 220, readOut, children }: Props) {
  const [box, width] = useWidth();
  const [pointed, setPointed] = useState<number>();
  const ticks = countTicks(most);
  const times = timeTicks(from, to, Math.max(2, Math.floor(width / pixelsPerTick)));
  const plane: Plane = {
    x: linear(from, to, margin.left, Math.max(margin.left + 1, width - margin.right)),
    y: linear(0, ticks.at(-1) ?? 1, height - margin.bottom, margin.top),
  };
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const share = (left - margin.left) / (width - margin.left - margin.right);
    setPointed(from + Math.min(1, Math.max(0, share)) * (to - from));
  };
  return (
    <div ref={box} className="chart">
      <svg
        role="img"
        aria-label={label}
        width={width}
        height={height}
        onPointerMove={readOut && point}
        onPointerLeave={() => setPointed(undefined)}
      >
        {ticks.map((value) => (
          <g key={value}>
            <line
              className="chart-grid"
              x1={margin.left}
              x2={width - margin.right}
              y1={plane.y(value)}
              y2={plane.y(value)}
            />
            <text className="chart-tick" x={margin.left - 8} y={plane.y(value)} dy="0.32em" textAnchor="end">
              {formatNumber(value)}
            </text>
          </g>
        ))}
        {times.map((at) => (
          <text
            key={at}
            className="chart-tick"
            x={plane.x(at)}
            y={height - 6}
            textAnchor={anchorOf(plane.x(at), width)}
          >
            {formatTick(at, times)}
          </text>
        ))}
        {children(plane)}
        {pointed !== undefined && (
          <line
            className="chart-pointer"
            x1={plane.x(pointed)}
            x2={plane.x(pointed)}
            y1={margin.top}
            y2={height - margin.bottom}
          />
        )}
      </svg>
      {readOut && <p className="chart-read-out">{pointed === undefined ? '\u00a0' : readOut(pointed)}</p>}
    </div>
  );
}

/** A tick near the right edge ends there, so that nothing of it is cut off. */
const anchorOf = (x: number, width: number) => (x > width - margin.right - 20 ? 'end' : 'middle');

/** The width of an element, kept current. SVG text would be stretched by a viewBox. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  // Before anything is painted: a first picture that is too wide would make the page jump.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(Math.max(160, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
