import './pager.css';

import { Link, useLocation, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { focusAfter } from './focus';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Cursors of the pages before this one, the newest first: the API's cursors lead to older ones only. */
    newer?: (string | undefined)[];
  }
}

interface Props {
  /** Of the page that is shown; undefined: the first. */
  cursor: string | undefined;
  /** Of the page after it; undefined: there is none. */
  next: string | undefined;
  /** Where the page with this cursor is: `(cursor) => linkOptions({ to: '/calls', search: { ...search, cursor } })`. */
  pageAt: (cursor: string | undefined) => Pick<LinkProps, 'to' | 'search'>;
  /** What the link to the next page says, where that isn't "Older". */
  older?: string;
  /** At the end of the line. */
  children?: ReactNode;
}

/** Newer and Older, by the API's cursors. Not there while there is one page only. */
export function Pager({ cursor, next, pageAt, older = 'Older', children }: Props) {
  const newer = useLocation().state.newer ?? [];
  if (!cursor && !next && !children) return null;
  const toTable = () => focusAfter('table'); // on the first page and the last, the link that was pressed vanishes
  return (
    <nav className="pager" aria-label="Pages of the list">
      {cursor && (
        <Link {...pageAt(newer.at(-1))} state={{ newer: newer.slice(0, -1) }} className="button" onClick={toTable}>
          {newer.length > 0 ? 'Newer' : 'Newest'}
        </Link>
      )}
      {next && (
        <Link {...pageAt(next)} state={{ newer: [...newer, cursor] }} className="button" onClick={toTable}>
          {older}
        </Link>
      )}
      {children}
    </nav>
  );
}
