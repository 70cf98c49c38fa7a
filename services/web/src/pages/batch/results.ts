import Papa from 'papaparse';

import type { CallStatus } from '../../api/client';
import { unquoted } from '../../ui/csv';

/**
 * A call of a batch as its export has it. The list of calls would be some twenty times
 * as large: there each has its history and the agent's instructions.
 */
export interface ResultRow {
  /** The line in the file. */
  row: number;
  number: string;
  status: CallStatus;
  id: string;
  dials: number;
  /** Seconds of talk; undefined: nobody answered. */
  duration: number | undefined;
  /** Why it failed, in a sentence. */
  message: string;
}

export interface ResultPage {
  rows: ResultRow[];
  /** Whether there are others behind it. */
  more: boolean;
}

/** A page of results.csv. Not every one has the names of the columns, so they are known by their order. */
export function parseResults(text: string, link: string | null): ResultPage {
  const { data } = Papa.parse<string[]>(text, { header: false, dynamicTyping: false, skipEmptyLines: true });
  const lines = data[0]?.[0] === 'row' ? data.slice(1) : data;
  return { rows: lines.map(rowOf), more: nextCursor(link) !== undefined };
}

function rowOf(cells: string[]): ResultRow {
  const at = (place: number) => unquoted(cells[place] ?? '');
  return {
    row: Number(at(0)),
    number: at(1),
    status: at(2) as CallStatus,
    id: at(3),
    dials: Number(at(5)),
    duration: at(6) === '' || at(8) === '' ? undefined : Number(at(6)), // the other is answered_at
    message: at(13),
  };
}

/** The cursor in `Link: <…?cursor=…>; rel="next"` (RFC 8288). */
export function nextCursor(link: string | null): string | undefined {
  const address = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  return (address && new URL(address, 'http://any').searchParams.get('cursor')) || undefined;
}
