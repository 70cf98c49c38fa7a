import { useRef, type ReactNode } from 'react';

import { useShortcut } from '../app/shortcuts';
import type { Selection } from './selection';

export interface Column<T> {
  id: string;
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the end, so that their digits are under each other. */
  align?: 'end';
  /** Needs no label in front on a phone, and has a line of its own there. */
  plain?: boolean;
}

interface Props<T> {
  /** What the table holds and how it is sorted: "Calls, newest first". */
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  /** Rows can be selected. `nameOf` is what a screen reader hears: "Select +1 202 …". */
  selection?: Selection & { nameOf: (row: T) => string; canSelect: (row: T) => boolean };
  /** Keys of rows that are only shown because they were there a moment ago. */
  gone?: ReadonlySet<string>;
}

/**
 * A table, and cards in the same order on a phone. The first link of a row opens it.
 * j and k go from row to row, x selects, Enter follows the link. The roles are named
 * because CSS that makes cards of rows would take them away.
 */
export function Table<T>({ label, columns, rows, keyOf, selection, gone }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body, (place) => {
    const row = rows[place];
    if (row && selection?.canSelect(row)) selection.toggle(keyOf(row));
  });
  return (
    <table className="table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {selection && <SelectAll rows={rows} selection={selection} />}
          {columns.map((column) => (
            <th key={column.id} role="columnheader" scope="col" data-align={column.align} data-column={column.id}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <tr
              key={key}
              role="row"
              data-gone={gone?.has(key) || undefined}
              data-selected={selection?.selected.has(key) || undefined}
            >
              {selection && <SelectRow row={row} id={key} selection={selection} />}
              {columns.map((column) => (
                <td
                  key={column.id}
                  role="cell"
                  data-align={column.align}
                  data-column={column.id}
                  data-label={column.head}
                  data-plain={column.plain || undefined}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

type TableSelection<T> = NonNullable<Props<T>['selection']>;

function SelectAll<T>({ rows, selection }: { rows: readonly T[]; selection: TableSelection<T> }) {
  const possible = rows.filter(selection.canSelect).length;
  const some = selection.selected.size > 0;
  const all = some && selection.selected.size === possible;
  return (
    <th role="columnheader" className="table-select">
      <label className="target">
        <span className="select-all-words" aria-hidden="true">
          Select all
        </span>
        <input
          type="checkbox"
          aria-label="Select all on this page"
          disabled={possible === 0}
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = some && !all;
          }}
          onChange={selection.toggleAll}
        />
      </label>
    </th>
  );
}

function SelectRow<T>({ row, id, selection }: { row: T; id: string; selection: TableSelection<T> }) {
  const shift = useRef(false);
  return (
    <td role="cell" className="table-select">
      <label className="target">
        <input
          type="checkbox"
          aria-label={`Select ${selection.nameOf(row)}`}
          disabled={!selection.canSelect(row)}
          checked={selection.selected.has(id)}
          onClick={(event) => {
            shift.current = event.shiftKey;
          }}
          onChange={() => selection.toggle(id, shift.current)}
        />
      </label>
    </td>
  );
}

function useRowKeys(body: React.RefObject<HTMLTableSectionElement | null>, onSelect: (place: number) => void) {
  const rows = () => [...(body.current?.rows ?? [])];
  const place = () => rows().findIndex((row) => row.contains(document.activeElement));
  const go = (to: number) => rows()[to]?.querySelector<HTMLElement>('a, button')?.focus();
  useShortcut('j', 'Next row', () => go(Math.min(place() + 1, rows().length - 1)));
  useShortcut('k', 'Row before', () => go(Math.max(place() - 1, 0)));
  useShortcut('x', 'Select the row', () => onSelect(place()));
}
