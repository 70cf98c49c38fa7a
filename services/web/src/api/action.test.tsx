import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { useAction } from './action';
import { Problem } from './problem';

/** An action whose tries end as told. */
function action(...ends: ('done' | Problem)[]) {
  const keys: string[] = [];
  const hook = renderHook(() =>
    useAction((input: string, key) => {
      keys.push(key);
      const end = ends.shift() ?? 'done';
      return end === 'done' ? Promise.resolve(input) : Promise.reject(end);
    }),
  );
  return { keys, hook };
}

const away = new Problem({ code: 'unreachable', detail: 'Away.' });
const refused = new Problem({ code: 'invalid_request', detail: 'No.', status: 400 });

describe('useAction', () => {
  it('keeps its key over tries that got no answer, so that it is done once', async () => {
    const { keys, hook } = action(away, away, 'done');
    for (const problem of [away, away, undefined]) {
      await act(() => hook.result.current.run('x'));
      expect(hook.result.current.problem).toBe(problem);
    }
    expect(new Set(keys).size).toBe(1);
  });

  it('takes a new key for the next thing, and after a refusal', async () => {
    const { keys, hook } = action('done', refused, 'done');
    for (let n = 0; n < 3; n++) await act(() => hook.result.current.run('x'));
    expect(new Set(keys).size).toBe(3);
  });

  it('takes no second press while it runs', async () => {
    const { keys, hook } = action();
    await act(() => Promise.all([hook.result.current.run('x'), hook.result.current.run('x')]));
    expect(keys).toHaveLength(1);
  });
});
