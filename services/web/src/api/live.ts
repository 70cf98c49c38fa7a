import { useEffect, useId, useSyncExternalStore } from 'react';

import type { Problem } from './problem';

/** How live the page is: one state for all polls, shown by one control. */
export interface Live {
  /** Somebody pressed pause. */
  pausedByPerson: boolean;
  /** Parts of the page that must not change under somebody's hands, such as a selection. */
  holds: ReadonlySet<string>;
  /** Goes up with each action of the person, which makes every poll quick again. */
  woken: number;
  /** When the last answer came, in ms; 0: none yet. */
  answeredAt: number;
  /** Why the server was not reached by the last request. */
  failing: Problem | undefined;
}

let live: Live = { pausedByPerson: false, holds: new Set(), woken: 0, answeredAt: 0, failing: undefined };
const listeners = new Set<() => void>();

function change(next: Partial<Live>) {
  live = { ...live, ...next };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useLive = (): Live => useSyncExternalStore(subscribe, () => live);
export const isPaused = (state: Live) => state.pausedByPerson || state.holds.size > 0;

export const setPaused = (pausedByPerson: boolean) => change({ pausedByPerson });

/** Call it after every action of the person: all polls ask at once and are quick again. */
export const wake = () => change({ woken: live.woken + 1 });

export const answered = (at: number) => change({ answeredAt: at, failing: undefined });

/** A problem that the server itself tells of is the page's to show: somebody is there. */
export function failed(problem: Problem) {
  if (problem.away) change({ failing: problem });
  else if (problem.status > 0 && live.failing) change({ failing: undefined });
}

/** Pauses live updates while active, such as while rows are selected. */
export function useHold(active: boolean) {
  const id = useId();
  useEffect(() => {
    if (!active) return;
    change({ holds: new Set([...live.holds, id]) });
    return () => change({ holds: new Set([...live.holds].filter((other) => other !== id)) });
  }, [active, id]);
}

/** For tests: everything as at the start. */
export const resetLive = () =>
  change({ pausedByPerson: false, holds: new Set(), woken: 0, answeredAt: 0, failing: undefined });
