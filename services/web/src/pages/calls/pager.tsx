import { Link, useLocation, useNavigate } from '@tanstack/react-router';

import { pageSizes, sizeOf, type CallsSearch } from './search';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Cursors of the pages before this one, the newest first: the API's cursors lead to older ones only. */
    newer?: (string | undefined)[];
  }
}

/** Newer and Older, by the API's cursors, and how many rows a page has. */
export function Pager({ search, next }: { search: CallsSearch; next: string | undefined }) {
  const navigate = useNavigate();
  const newer = useLocation().state.newer ?? [];
  const resize = (size: string) =>
    void navigate({
      to: '/calls',
      search: { ...search, cursor: undefined, size: size === '100' || size === '200' ? size : undefined },
    });
  return (
    <nav className="pager" aria-label="Pages of the list">
      {search.cursor && (
        <Link
          to="/calls"
          search={{ ...search, cursor: newer.at(-1) }}
          state={{ newer: newer.slice(0, -1) }}
          className="button"
        >
          {newer.length > 0 ? 'Newer' : 'Newest'}
        </Link>
      )}
      {next && (
        <Link
          to="/calls"
          search={{ ...search, cursor: next }}
          state={{ newer: [...newer, search.cursor] }}
          className="button"
        >
          Older
        </Link>
      )}
      <label className="row small page-size">
        Rows
        <select value={String(sizeOf(search))} onChange={(event) => resize(event.target.value)}>
          {pageSizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
    </nav>
  );
}
