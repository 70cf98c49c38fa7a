import { Link } from '@tanstack/react-router';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useRef, useState } from 'react';

import type { Batch } from '../../api/client';
import { useShortcut } from '../../app/shortcuts';
import { formatNumber } from '../../ui/format';
import { useMedia } from '../../ui/media';
import { PhoneNumber } from '../../ui/phone';
import { ProblemView } from '../../ui/problem';
import { StatusChip } from '../../ui/status';
import { Duration } from '../../ui/time';
import { rowAt } from './pages';
import type { ResultRow } from './results';
import { useRows } from './use-rows';

const heights = { wide: 41, phone: 76 };

/**
 * All calls of a batch, in the order of the file. Only the rows in the window exist, so
 * that 100,000 stay smooth; the one with focus always does, so that it isn't lost.
 */
export function BatchCalls({ batch, over }: { batch: Batch; over: boolean }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<number>();
  const wide = useMedia('(min-width: 721px)');
  const rangeExtractor = useCallback(
    (range: Range) => {
      const shown = defaultRangeExtractor(range);
      return focused === undefined || shown.includes(focused) ? shown : [...shown, focused].sort((a, b) => a - b);
    },
    [focused],
  );
  const height = wide ? heights.wide : heights.phone;
  const virtual = useVirtualizer({
    count: batch.rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    rangeExtractor,
  });
  useEffect(() => virtual.measure(), [virtual, height]); // it keeps the heights that it has
  const items = virtual.getVirtualItems();
  const { startIndex = 0, endIndex = 0 } = virtual.range ?? {};
  const { pages, problem, askAgain } = useRows(batch, over, { first: startIndex, last: endIndex, focused });
  const reading = !problem && (!rowAt(pages, startIndex) || !rowAt(pages, endIndex));
  useRowKeys(scroller, { focused, count: batch.rows, show: (row) => virtual.scrollToIndex(row), keep: setFocused });

  return (
    <section className="stack">
      <div className="section-head">
        <h2>Calls</h2>
        <p className="small muted" role="status">
          {reading ? 'Reading …' : 'In the order of the file'}
        </p>
      </div>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside />}
      <div className="virtual" role="table" aria-label="Calls, in the order of the file" aria-rowcount={batch.rows + 1}>
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className="virtual-row virtual-head">
            {['Line', 'Number', 'Status', 'Dials', 'Duration'].map((head) => (
              <div key={head} role="columnheader" data-column={head}>
                {head}
              </div>
            ))}
          </div>
        </div>
        <div
          ref={scroller}
          role="rowgroup"
          className="virtual-scroll"
          tabIndex={0}
          aria-label="Calls; scroll with the arrow keys"
          style={{ height: Math.min(batch.rows * height, 560) + 2 }}
          onFocus={(event) => setFocused(rowOf(event.target))}
          onBlur={() => setFocused(undefined)}
        >
          <div className="virtual-all" role="presentation" style={{ height: virtual.getTotalSize() }}>
            {items.map(({ index, start, size }) => (
              <div
                key={index}
                role="row"
                aria-rowindex={index + 2}
                data-row={index}
                className="virtual-row"
                style={{ height: size, transform: `translateY(${start}px)` }}
              >
                <Cells row={rowAt(pages, index)} />
              </div>
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

/** Drawn again only when the row is another: numbers are read anew at each drawing, which is slow while scrolling. */
const Cells = memo(function Cells({ row }: { row: ResultRow | undefined }) {
  if (!row) {
    return (
      <div role="cell" className="virtual-wait">
        <span className="visually-hidden">not read yet</span>
        <div className="skeleton-bar" />
      </div>
    );
  }
  return (
    <>
      <div role="cell" data-column="Line" className="number muted">
        {formatNumber(row.row)}
      </div>
      <div role="cell" data-column="Number">
        <Link to="/calls/$id" params={{ id: row.id }}>
          <PhoneNumber number={row.number} />
        </Link>
      </div>
      <div role="cell" data-column="Status">
        <StatusChip status={row.status} /> {row.message && <span className="muted">{row.message}</span>}
      </div>
      <div role="cell" data-column="Dials" className="number">
        {formatNumber(row.dials)}
      </div>
      <div role="cell" data-column="Duration">
        {row.duration !== undefined && <Duration seconds={row.duration} />}
      </div>
    </>
  );
});

function rowOf(element: Element): number | undefined {
  const row = element.closest<HTMLElement>('[data-row]')?.dataset.row;
  return row === undefined ? undefined : Number(row);
}

interface RowKeys {
  focused: number | undefined;
  count: number;
  /** Scrolls to a row. */
  show: (row: number) => void;
  /** Has it mounted, wherever the window is. */
  keep: (row: number) => void;
}

function useRowKeys(scroller: React.RefObject<HTMLDivElement | null>, { focused, count, show, keep }: RowKeys) {
  const go = (row: number) => {
    if (row < 0 || row >= count) return;
    keep(row);
    show(row);
    // It has to be there before it can have focus.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"] a`)?.focus());
  };
  useShortcut('j', 'Next row', () => go(focused === undefined ? 0 : focused + 1));
  useShortcut('k', 'Row before', () => go(focused === undefined ? 0 : focused - 1));
}
