import { useEffect, useRef, useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Api, type Batch, type Schemas } from '../../api/client';
import { csvLines, saveCsv } from '../../ui/csv';
import { nameOf } from '../batches/columns';
import { nextCursor } from './results';

const resultsSize = 10_000; // the most that the API gives at once
const refusedSize = 1000;

interface Telling {
  signal: AbortSignal;
  /** Told of each page, with how many rows there are so far. */
  onRows: (rows: number) => void;
}

/** The whole of results.csv, page by page: put together, they are one file. */
export async function readResults(api: Api, id: string, { signal, onRows }: Telling): Promise<string[]> {
  const parts: string[] = [];
  let cursor: string | undefined;
  let rows = 0;
  do {
    const query = { cursor, limit: resultsSize };
    const answer = await api.GET('/batches/{id}/results.csv', {
      params: { path: { id }, query },
      parseAs: 'text',
      signal,
    });
    const part = await take(Promise.resolve(answer));
    parts.push(part);
    cursor = nextCursor(answer.response.headers.get('Link'));
    rows += part.split('\r\n').length - 1; // about: a page may end early, and a cell may have a line break
    onRows(rows);
  } while (cursor);
  return parts;
}

/** All refused rows. */
export async function readRefused(api: Api, id: string, { signal, onRows }: Telling): Promise<Schemas['RefusedRow'][]> {
  const rows: Schemas['RefusedRow'][] = [];
  let cursor: string | undefined;
  do {
    const query = { cursor, limit: refusedSize };
    const page = await take(api.GET('/batches/{id}/refused', { params: { path: { id }, query }, signal }));
    rows.push(...page.refused_rows);
    cursor = page.next_cursor;
    onRows(rows.length);
  } while (cursor);
  return rows;
}

export const refusedCsv = (rows: readonly Schemas['RefusedRow'][]) =>
  csvLines([
    ['line', 'number', 'refused', 'reason'],
    ...rows.map(({ row, value, code, message }) => [String(row), value, code, message]),
  ]);

/** Saves one of the two files, and tells how far it is. */
export function useExport(batch: Batch) {
  const api = useApi();
  const [rows, setRows] = useState(0);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const action = useAction(async (which: 'results' | 'refused') => {
    abort.current = new AbortController();
    setRows(0);
    const telling = { signal: abort.current.signal, onRows: setRows };
    const name = `${which} of ${nameOf(batch)}.csv`;
    if (which === 'results') saveCsv(name, ...(await readResults(api, batch.id, telling)));
    else saveCsv(name, refusedCsv(await readRefused(api, batch.id, telling)));
  });
  return { ...action, rows };
}
