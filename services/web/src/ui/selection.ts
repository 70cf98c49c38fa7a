import { useCallback, useMemo, useState } from 'react';

export interface Selection {
  selected: ReadonlySet<string>;
  /** With `range` (shift), everything between the last one and this. */
  toggle: (id: string, range?: boolean) => void;
  /** All of the ids, or none when all are selected. */
  toggleAll: () => void;
  clear: () => void;
}

/** Pure, for toggle: the ids from one to the other, both included, in the list's order. */
export function between(ids: readonly string[], one: string, other: string): string[] {
  const [from, to] = [ids.indexOf(one), ids.indexOf(other)];
  if (from < 0 || to < 0) return [other];
  return ids.slice(Math.min(from, to), Math.max(from, to) + 1);
}

/** Selected rows, of those that can be selected now: one that can't any more is let go. */
export function useSelection(ids: readonly string[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<string>();
  const selected = useMemo(() => new Set(ids.filter((id) => chosen.has(id))), [ids, chosen]);

  const toggle = (id: string, range = false) => {
    const next = new Set(selected);
    const on = !selected.has(id);
    for (const each of range && last !== undefined ? between(ids, last, id) : [id]) {
      if (on) next.add(each);
      else next.delete(each);
    }
    setChosen(next);
    setLast(id);
  };
  const toggleAll = () => setChosen(selected.size === ids.length ? new Set() : new Set(ids));
  const clear = useCallback(() => setChosen(new Set()), []);
  return { selected, toggle, toggleAll, clear };
}
