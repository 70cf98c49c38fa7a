import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { useAction, type KeptKey } from './action';
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

  it('takes up a kept key where the component before left it', async () => {
    const kept: KeptKey = { current: undefined };
    const keys: string[] = [];
    for (const end of [() => Promise.reject(away), () => Promise.resolve(), () => Promise.resolve()]) {
      const place = (_: void, key: string) => (keys.push(key), end());
      const hook = renderHook(() => useAction(place, kept));
      await act(() => hook.result.current.run());
      hook.unmount();
    }
    expect(keys[1], 'the same thing, not answered').toBe(keys[0]);
    expect(keys[2], 'another thing').not.toBe(keys[0]);
  });

  it('leaves a kept key alone that is of a later run', async () => {
    const kept: KeptKey = { current: undefined };
    let answer: () => void = () => undefined;
    const hook = renderHook(() => useAction(() => new Promise<void>((done) => (answer = done)), kept));
    await act(async () => {
      const run = hook.result.current.run(undefined);
      kept.current = 'later';
      answer();
      await run;
    });
    expect(kept.current).toBe('later');
  });

  it('takes no second press while it runs', async () => {
    const { keys, hook } = action();
    await act(() => Promise.all([hook.result.current.run('x'), hook.result.current.run('x')]));
    expect(keys).toHaveLength(1);
  });
});
