import { csvCell, csvLines } from '../../../ui/csv';
import { columnsOf } from './columns';
import { isFilled, lineBreaks, type List, type Row } from './read';

/** Which column is what. Places are from 0. */
export interface Mapping {
  number: number;
  region: number | undefined;
  metadata: readonly number[];
}

/** What is sent: the columns that are used, and nothing of the others. */
export interface Composed {
  csv: string;
  numberColumn: string;
}

/**
 * Writes the list as the server reads it without guessing. Each row stays in the
 * line that it has in the file, behind empty lines where some are left out, so
 * that the server's row numbers are those of the file.
 */
export function compose(list: List, mapping: Mapping): Composed {
  const columns = columnsOf(list);
  const keys = mapping.metadata.map((place) => columns[place]?.name ?? '');
  const numberColumn = freeName('phone_number', keys);
  const places = [mapping.number, mapping.region, ...mapping.metadata];
  const header = [numberColumn, 'region', ...keys];

  const out: string[] = [];
  let line = 1;
  const write = (at: number, cells: readonly string[]) => {
    out.push('\n'.repeat(Math.max(0, at - line)), cells.map(quoted).join(','), '\n');
    line = Math.max(at, line) + 1 + cells.reduce((breaks, cell) => breaks + lineBreaks(cell), 0);
  };
  write(list.header?.line ?? 1, header);
  for (const row of list.rows) {
    const cells = places.map((place) => (place === undefined ? '' : (row.cells[place] ?? '')));
    write(row.line, [...cells, ...tooMany(row, columns.length)]);
  }
  return { csv: out.join(''), numberColumn };
}

/** Cells without a column are sent, so that the server refuses the row rather than that we lose them. */
const tooMany = (row: Row, width: number) => (row.cells.slice(width).some(isFilled) ? row.cells.slice(width) : []);

/** Quotes also what would be read as something else at the beginning of a cell. */
const quoted = (cell: string) => (/^[\s=]|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : csvCell(cell));

function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let count = 2; taken.includes(free); count++) free = `${name} ${count}`;
  return free;
}

/** A refused row: the line in the file, and why. */
export interface Refusal {
  line: number;
  code: string;
  message: string;
}

/** The refused rows as a file: as they came, with line and reason, to be mended and sent again. */
export function composeRefused(list: List, refusals: readonly Refusal[]): string {
  const names = columnsOf(list).map(({ name }) => name);
  const rows = new Map(list.rows.map((row) => [row.line, row.cells]));
  const width = refusals.reduce((most, { line }) => Math.max(most, rows.get(line)?.length ?? 0), names.length);
  const padded = (cells: readonly string[]) => Array.from({ length: width }, (_, place) => cells[place] ?? '');
  return csvLines([
    [...padded(names), freeName('line', names), freeName('refused', names), freeName('reason', names)],
    ...refusals.map(({ line, code, message }) => [...padded(rows.get(line) ?? []), String(line), code, message]),
  ]);
}
