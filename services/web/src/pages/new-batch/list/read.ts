import Papa from 'papaparse';

import { looksLikeNumber } from './columns';
import { decode, ListError, separatorOf, type Separator } from './text';

/** A line of the file that has something in it. */
export interface Row {
  /** Where it begins in the file, from 1. In a file without names of columns one more: they are put above it. */
  line: number;
  cells: string[];
}

/** A file, read. Every cell is text, for ever: a number that was read as one has lost its + or 0. */
export interface List {
  encoding: string;
  separator: Separator;
  /** The names of the columns; undefined: the file has none, and its first line is a row. */
  header: Row | undefined;
  rows: Row[];
}

/** What the person says of the file, where it was guessed wrong. */
export interface ReadOptions {
  encoding?: string;
  separator?: Separator;
  header?: boolean;
}

/** Reads a file, or throws a ListError that says of one class of mistakes how to mend it. */
export function readList(bytes: Uint8Array, most: number, options: ReadOptions = {}): List {
  const { text, encoding } = decode(bytes, options.encoding);
  const found = separatorOf(text);
  const separator = options.separator ?? found.separator;
  const rows = readRows(text, separator).filter(({ line, cells }) => line > found.skip && cells.some(isFilled));
  const first = rows[0];
  if (!first) {
    throw new ListError('The file is empty. It must have a line for each call, with a phone number in it.');
  }
  const hasHeader = options.header ?? !first.cells.some(looksLikeNumber);
  const list: List = hasHeader
    ? { encoding, separator, header: first, rows: rows.slice(1) }
    : { encoding, separator, header: undefined, rows: rows.map(({ line, cells }) => ({ line: line + 1, cells })) };
  if (list.rows.length > most) {
    const [count, limit] = [list.rows.length.toLocaleString(), most.toLocaleString()];
    throw new ListError(`The file has ${count} rows. One batch takes at most ${limit}: split the file.`);
  }
  if (list.rows.length === 0) {
    const names = first.cells.filter(isFilled).join(', ');
    throw new ListError(`There is no row under the names of the columns (${names}). Add one for each call.`);
  }
  return list;
}

export const isFilled = (cell: string) => cell.trim() !== '';

function readRows(text: string, separator: Separator): Row[] {
  const { data, errors } = Papa.parse<string[]>(text, {
    delimiter: separator,
    newline: '\n',
    header: false,
    dynamicTyping: false,
    skipEmptyLines: false, // they count as lines
  });
  let line = 1;
  const rows = data.map((cells) => {
    const row = { line, cells: cells.map(unwrapped) };
    line += 1 + cells.reduce((breaks, cell) => breaks + lineBreaks(cell), 0);
    return row;
  });
  const open = errors.find(({ code }) => code === 'MissingQuotes');
  if (open) {
    throw new ListError(
      `A quote that opens in line ${rows[open.row ?? 0]?.line ?? 1} is never closed. Close it, and write a quote that belongs to the text twice.`,
    );
  }
  return rows;
}

export const lineBreaks = (cell: string) => cell.split('\n').length - 1;

/** ="0152…" keeps a spreadsheet from calculating; what is meant is inside. */
const unwrapped = (cell: string) => /^="([^"]*)"$/.exec(cell)?.[1] ?? cell;
