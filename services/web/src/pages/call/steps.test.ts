import { describe, expect, it } from 'vitest';

import type { Call, CallStatus } from '../../api/client';
import { attemptsOf } from './steps';

const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second)).toISOString();

/** "1 queued 0 created" is: attempt, status, second, cause. */
const history = (...lines: string[]): Call['history'] =>
  lines.map((line) => {
    const [attempt, status, second, cause = ''] = line.split(' ');
    return { attempt: Number(attempt), status: status as CallStatus, at: at(Number(second)), cause };
  });

const seconds = (from: string, to: string | undefined) => to && (Date.parse(to) - Date.parse(from)) / 1000;

/** "queued 2s", "ringing …" for one whose clock runs, "busy" for one without. */
const told = (call: Pick<Call, 'history' | 'status' | 'outcome'>) =>
  attemptsOf(call).map(({ steps }) =>
    steps.map(
      ({ status, at, until, running }) =>
        status + (running ? ' …' : until === undefined ? '' : ` ${seconds(at, until)}s`),
    ),
  );

describe('the steps of a call', () => {
  it('last until the next one begins, and the last one goes on', () => {
    const call = {
      status: 'starting' as const,
      history: history('1 queued 0 created', '1 launching 2 admitted', '1 starting 5 task_started'),
    };
    expect(told(call)).toEqual([['queued 2s', 'launching 3s', 'starting …']]);
  });

  it('stop with the call: an end has no clock', () => {
    const call = { status: 'canceled' as const, history: history('1 queued 0 created', '1 canceled 4 canceled') };
    expect(told(call)).toEqual([['queued 4s', 'canceled']]);
  });

  it('belong to attempts, and the last of one stops when the next attempt begins', () => {
    const call = {
      status: 'queued' as const,
      history: history('1 queued 0 created', '1 launching 1 admitted', '2 queued 9 no_capacity'),
    };
    expect(told(call)).toEqual([['queued 1s', 'launching 8s'], ['queued …']]);
    expect(attemptsOf(call).map(({ number, latest, next }) => [number, latest, next])).toEqual([
      [1, false, 'no_capacity'],
      [2, true, undefined],
    ]);
  });

  it('are not split by what happens during them', () => {
    const call = {
      status: 'in-progress' as const,
      history: history('1 ringing 0 carrier', '1 in-progress 3 carrier', '1 in-progress 8 cancel_requested'),
    };
    expect(told(call)).toEqual([['ringing 3s', 'in-progress …']]);
    expect(attemptsOf(call)[0]?.steps[1]?.notes).toEqual([{ at: at(8), cause: 'cancel_requested' }]);
  });

  it('have the times of the carrier, so that no two clocks of one talk disagree', () => {
    const call = {
      status: 'completed' as const,
      outcome: { ringing_at: at(4), answered_at: at(10), ended_at: at(52), duration: 42 },
      history: history(
        '1 queued 0 created',
        '1 ringing 5 carrier',
        '1 in-progress 12 carrier',
        '1 completed 56 carrier',
      ),
    };
    expect(told(call)).toEqual([['queued 4s', 'ringing 6s', 'in-progress 42s', 'completed']]);
  });

  it('take no time from the dial of an attempt before', () => {
    const call = {
      status: 'canceled' as const,
      outcome: { ended_at: at(5) },
      history: history('1 ringing 1 carrier', '2 queued 6 busy', '2 canceled 30 canceled'),
    };
    expect(attemptsOf(call)[1]?.steps[1]?.at).toBe(at(30));
  });

  it('say nothing of the time that a very long history leaves out', () => {
    const call = {
      status: 'queued' as const,
      history: history('1 queued 0 created', '1 launching 1 admitted', '9 queued 40 no_capacity'),
    };
    expect(told(call)).toEqual([['queued 1s', 'launching'], ['queued …']]);
    expect(attemptsOf(call)[0]?.next).toBeUndefined();
  });
});
