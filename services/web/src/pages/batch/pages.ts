import type { ResultPage, ResultRow } from './results';

/** Rows of a page. The one that is looked at is asked for again and again while calls go on, so it is small. */
export const pageSize = 200;

const mostKept = 12;

/** Pages by how many rows are before them; the one that was read last is the last. */
export type Pages = ReadonlyMap<number, ResultPage>;

/**
 * How many rows are before the page that a row is in. Pages begin at every 200th row; one that the server ended
 * early, because its rows are large, goes on in another.
 */
export function startOf(pages: Pages, row: number): number {
  let start = row - (row % pageSize);
  for (;;) {
    const page = pages.get(start);
    if (!page?.more || page.rows.length === 0 || row < start + page.rows.length) return start;
    start += page.rows.length;
  }
}

/** How many rows a page has at most that begins there. */
export const limitFrom = (start: number) => pageSize - (start % pageSize);

export function rowAt(pages: Pages, row: number): ResultRow | undefined {
  const start = startOf(pages, row);
  return pages.get(start)?.rows[row - start];
}

/** Puts in what was read. Of the others a few are kept for who comes back, and always those that are `shown`. */
export function withPage(pages: Pages, start: number, page: ResultPage, shown: readonly number[]): Pages {
  if (pages.get(start) === page) return pages;
  const next = new Map(pages);
  next.delete(start); // a Map keeps the place of what it has
  next.set(start, page);
  for (const old of [...next.keys()].slice(0, -1)) {
    if (next.size > mostKept && !shown.includes(old)) next.delete(old);
  }
  return next;
}
