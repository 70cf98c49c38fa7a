import { useState } from 'react';

/** A list that changes under nobody's eyes: rows stay where they are, and change in place. */
export interface Steady<T> {
  rows: T[];
  /** Keys of rows that the list has no more. They stay, greyed. */
  gone: ReadonlySet<string>;
  /** How many rows have come that aren't shown. */
  fresh: number;
  /** There are rows that the answer doesn't reach down to: they stay as they were. */
  behind: boolean;
}

interface Incoming<T> {
  /** Sorted by key, the highest first, as the API sends lists. */
  rows: T[];
  /** There is a next page: what is below the last row is unknown, not gone. */
  more: boolean;
  keyOf: (row: T) => string;
}

/** Merges an answer into what is shown. Undefined: nothing is shown yet. */
export function merge<T>(shown: Steady<T> | undefined, { rows, more, keyOf }: Incoming<T>): Steady<T> {
  if (!shown || shown.rows.length === 0) return { rows, gone: new Set(), fresh: 0, behind: false };
  const incoming = new Map(rows.map((row) => [keyOf(row), row]));
  const held = new Set(shown.rows.map(keyOf));
  const bottom = keyOf(shown.rows.at(-1) as T);
  const answeredDownTo = more && rows.length > 0 ? keyOf(rows.at(-1) as T) : '';
  const added = rows.filter((row) => !held.has(keyOf(row)));
  const below = added.filter((row) => keyOf(row) < bottom); // pushes nothing
  const missing = shown.rows.map(keyOf).filter((key) => !incoming.has(key));
  return {
    rows: [...shown.rows.map((row) => incoming.get(keyOf(row)) ?? row), ...below],
    gone: new Set(missing.filter((key) => key >= answeredDownTo)),
    fresh: added.length - below.length,
    behind: missing.some((key) => key < answeredDownTo),
  };
}

interface Options<T> extends Omit<Incoming<T>, 'rows'> {
  /** The last answer; undefined: none yet. */
  rows: T[] | undefined;
  /** The answer belongs to the last filter: what is shown stays as it is. */
  old: boolean;
  /** Another one begins anew: the filter, the page, and the person's own actions (`useLive().woken`). */
  view: string;
}

interface State<T> {
  view: string;
  source: T[];
  steady: Steady<T>;
}

/** The rows to show, and a way to show those that have come since. */
export function useSteadyRows<T>({ rows, more, keyOf, old, view }: Options<T>): Steady<T> & { showFresh: () => void } {
  const [state, setState] = useState<State<T>>();
  if (rows && !old && (state?.view !== view || state.source !== rows)) {
    const shown = state?.view === view ? state.steady : undefined;
    setState({ view, source: rows, steady: merge(shown, { rows, more, keyOf }) });
  }
  const showFresh = () => {
    if (rows) setState({ view, source: rows, steady: merge<T>(undefined, { rows, more, keyOf }) });
  };
  return { ...(state?.steady ?? { rows: [], gone: new Set<string>(), fresh: 0, behind: false }), showFresh };
}
