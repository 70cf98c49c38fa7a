import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { between } from './selection';
import { merge, useSteadyRows, type Steady } from './steady';

interface Row {
  id: string;
  state?: string;
}

const rows = (...ids: string[]): Row[] => ids.map((id) => ({ id }));
const keyOf = (row: Row) => row.id;
const shown = (...ids: string[]): Steady<Row> => ({ rows: rows(...ids), gone: new Set(), fresh: 0, behind: false });
const ids = (steady: Steady<Row>) => steady.rows.map(keyOf).join('');

describe('a list that is looked at', () => {
  it.each([
    ['shows what comes first', undefined, 'CBA', false, 'CBA', '', 0],
    ['shows what comes into an empty list', '', 'BA', false, 'BA', '', 0],
    ['does not push rows down for new ones', 'CBA', 'EDCBA', false, 'CBA', '', 2],
    ['counts one that came back between the rows', 'DBA', 'DCBA', false, 'DBA', '', 1],
    ['keeps and marks rows that are gone', 'CBA', 'CA', false, 'CBA', 'B', 0],
    ['marks all when none is left', 'BA', '', false, 'BA', 'BA', 0],
    ['does not take rows for gone that new ones pushed off the page', 'CBA', 'EDC', true, 'CBA', '', 2],
    ['takes in older rows at the end', 'CB', 'CBA', false, 'CBA', '', 0],
    ['does not mark gone what lies below the page', 'DCB', 'DB', true, 'DCB', 'C', 0],
  ])('%s', (_, before, answer, more, after, gone, fresh) => {
    const steady = merge(before === undefined ? undefined : shown(...before), { rows: rows(...answer), more, keyOf });
    expect([ids(steady), [...steady.gone].join(''), steady.fresh]).toEqual([after, gone, fresh]);
  });

  it.each([
    ['EDC', true, true],
    ['ED', true, true],
    ['DCB', true, true],
    ['DCBA', true, false],
    ['DCA', true, false],
    ['ED', false, false],
  ])('knows whether the answer %s (more: %s) leaves rows behind', (answer, more, behind) => {
    expect(merge(shown('C', 'B', 'A'), { rows: rows(...answer), more, keyOf }).behind).toBe(behind);
  });

  it('changes rows in place', () => {
    const steady = merge(shown('B', 'A'), {
      rows: [{ id: 'C' }, { id: 'B', state: 'new' }, { id: 'A' }],
      more: false,
      keyOf,
    });
    expect(steady.rows).toEqual([{ id: 'B', state: 'new' }, { id: 'A' }]);
  });

  it('shows the new ones when asked, and begins anew with another view', () => {
    const hook = renderHook(
      (props: { rows: Row[]; view: string; old?: boolean }) =>
        useSteadyRows({ more: false, keyOf, old: false, ...props }),
      { initialProps: { rows: rows('A'), view: '1' } as { rows: Row[]; view: string; old?: boolean } },
    );
    const next = rows('B', 'A');
    hook.rerender({ rows: next, view: '1' });
    expect([ids(hook.result.current), hook.result.current.fresh]).toEqual(['A', 1]);
    act(() => hook.result.current.showFresh());
    expect([ids(hook.result.current), hook.result.current.fresh]).toEqual(['BA', 0]);
    hook.rerender({ rows: next, view: '2', old: true });
    expect(ids(hook.result.current)).toBe('BA'); // still the last filter's
    hook.rerender({ rows: rows('Z'), view: '2' });
    expect(ids(hook.result.current)).toBe('Z');
  });
});

describe('a range of a selection', () => {
  it.each([
    ['BD', 'B', 'D', 'BCD'],
    ['DB', 'D', 'B', 'BCD'],
    ['itself', 'C', 'C', 'C'],
    ['from a row that is gone', 'X', 'C', 'C'],
  ])('%s', (_, from, to, want) => {
    expect(between([...'ABCDE'], from, to).join('')).toBe(want);
  });
});
