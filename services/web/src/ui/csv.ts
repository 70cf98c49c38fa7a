/** CSV files that we write, for spreadsheets. */

/**
 * A cell that a spreadsheet would run as a formula gets a quote in front (OWASP,
 * "CSV injection"), as the server does in its export. A phone number stays as it
 * is: only "+" and digits run nothing.
 */
export function harmless(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) && !/^\+[0-9]*$/.test(cell) ? `'${cell}` : cell;
}

/** A cell of such a file as it was before. */
export const unquoted = (cell: string) => (/^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);

/** A cell in quotes where RFC 4180 wants them. */
export const csvCell = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Lines for a spreadsheet: harmless cells, CRLF. */
export const csvLines = (rows: readonly (readonly string[])[]) =>
  rows.map((cells) => `${cells.map((cell) => csvCell(harmless(cell))).join(',')}\r\n`).join('');

const byteOrderMark = '\uFEFF'; // without it Excel takes a file for one in its old encoding

/** Saves a CSV file on the person's disk. */
export function saveCsv(name: string, ...parts: string[]) {
  const address = URL.createObjectURL(new Blob([byteOrderMark, ...parts], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the download has begun by then
}
