import type { ResultPage, ResultRow } from './results';

/** The pages that were read so far, without a gap. Each has the cursor of the next: there is no way to one but through those before. */
export type Pages = readonly ResultPage[];

/** The page that a row is in; if it isn't read yet, the next that has to be read on the way to it. */
export function pageOf(pages: Pages, row: number): number {
  let begin = 0;
  for (const [place, { rows, next }] of pages.entries()) {
    begin += rows.length;
    if (row < begin || next === undefined) return place; // on the last page more may still come
  }
  return pages.length;
}

/** Puts in what was read. What it had before is replaced, because calls go on. */
export function withPage(pages: Pages, place: number, page: ResultPage): Pages {
  if (place > pages.length || pages[place] === page) return pages;
  return [...pages.slice(0, place), page, ...pages.slice(place + 1)];
}

export const cursorOf = (pages: Pages, place: number): string | undefined => pages[place - 1]?.next;

export function rowAt(pages: Pages, row: number): ResultRow | undefined {
  let begin = 0;
  for (const { rows } of pages) {
    if (row < begin + rows.length) return rows[row - begin];
    begin += rows.length;
  }
  return undefined;
}

export const rowsRead = (pages: Pages) => pages.reduce((sum, { rows }) => sum + rows.length, 0);
