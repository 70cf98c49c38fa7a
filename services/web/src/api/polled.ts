import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';

import type { Answer } from './client';
import { answered, failed, isPaused, useLive } from './live';
import { delayOf, freshPace, paceAfterAnswer, paceAfterFailure, type Pace } from './pace';
import { asProblem, problemOf, retryAfterOf, type Problem } from './problem';

/** Spread it into the request: it makes the answer cheap and the request abortable. */
export type PollRequest = {
  signal: AbortSignal;
  headers: Record<string, string>;
};

export interface PollOptions<T> {
  /** Names what is asked; another key is another thing. */
  key: readonly unknown[];
  /** `(request) => api.GET('/calls/{id}', { params: …, ...request })` */
  ask: (request: PollRequest) => Promise<Answer<T>>;
  /** ms between polls while something moves: 1,000 for one call, 3,000 for a list. Retry-After wins over it. */
  fast: number;
  /** Whether anything in the data can still change by itself soon. */
  moving: (data: T) => boolean;
  /** Whether nothing can change any more: then nothing is asked again. */
  final?: (data: T) => boolean;
  /** Show the last key's data until this key's comes: for a filter, not for another thing. */
  keepOld?: boolean;
  enabled?: boolean;
}

export interface Polled<T> {
  data: T | undefined;
  /** Of the last request. Data of an earlier one may be there beside it. */
  problem: Problem | undefined;
  /** Nothing has come yet. */
  loading: boolean;
  /** The data is the last key's. */
  old: boolean;
  /** When the last answer came, in ms. */
  updatedAt: number;
  askAgain: () => void;
}

/** What is kept of an answer. A 304 keeps the data and brings a new Retry-After. */
interface Kept<T> {
  data: T;
  etag: string | undefined;
  retryAfter: number | undefined;
}

/**
 * Data that keeps itself current. The next request starts only after the last answer;
 * Retry-After wins; a hidden tab, a pause and a standstill slow it down (see pace.ts).
 */
export function usePolled<T>(options: PollOptions<T>): Polled<T> {
  const { key, ask, fast, moving, final, keepOld = false, enabled = true } = options;
  const client = useQueryClient();
  const live = useLive();
  const hidden = useHidden();
  const paused = isPaused(live);

  const query = useQuery<Kept<T>, Problem>({
    queryKey: key,
    enabled,
    placeholderData: keepOld ? keepPreviousData : undefined,
    queryFn: ({ signal, queryKey }) => request(ask, client.getQueryData<Kept<T>>(queryKey), signal),
  });
  const { data: kept, error, dataUpdatedAt, errorUpdatedAt, fetchStatus, isPlaceholderData: old, refetch } = query;
  const data = kept?.data;
  const settledAt = Math.max(dataUpdatedAt, errorUpdatedAt);

  const memory = useRef<Memory>(undefined);
  const name = JSON.stringify(key);
  const rules = useRef({ moving, final });
  useEffect(() => {
    rules.current = { moving, final };
  });

  useEffect(() => {
    if (!enabled || old || settledAt === 0 || fetchStatus !== 'idle') return;
    const now = Date.now();
    const last = remember(memory.current, {
      name,
      settledAt,
      woken: live.woken,
      data,
      error,
      now,
      moving: rules.current.moving,
    });
    memory.current = last;
    if (paused || (error && !error.passing)) return;
    if (!error && data !== undefined && rules.current.final?.(data)) return;
    const retryAfter = error ? error.retryAfter : kept?.retryAfter;
    const delay = delayOf(last.pace, { fast, hidden, retryAfter, random: Math.random() });
    const timer = setTimeout(() => void refetch({ cancelRefetch: false }), Math.max(0, settledAt + delay - now));
    return () => clearTimeout(timer);
  }, [enabled, old, settledAt, fetchStatus, name, live.woken, data, error, kept, paused, fast, hidden, refetch]);

  const woken = useRef(live.woken);
  useEffect(() => {
    if (woken.current === live.woken) return;
    woken.current = live.woken;
    if (enabled) void refetch();
  }, [live.woken, enabled, refetch]);

  return {
    data,
    problem: error ?? undefined,
    loading: query.isLoading && data === undefined,
    old,
    updatedAt: dataUpdatedAt,
    askAgain: () => void refetch(),
  };
}

async function request<T>(
  ask: (request: PollRequest) => Promise<Answer<T>>,
  before: Kept<T> | undefined,
  signal: AbortSignal,
): Promise<Kept<T>> {
  try {
    const { data, error, response } = await ask({
      signal,
      headers: before?.etag ? { 'If-None-Match': before.etag } : {},
    });
    const unchanged = response.status === 304 && before !== undefined;
    if (!response.ok && !unchanged) throw problemOf(response, error);
    answered(Date.now());
    const retryAfter = retryAfterOf(response);
    if (unchanged) return { ...before, retryAfter };
    return { data: data as T, etag: response.headers.get('ETag') ?? undefined, retryAfter };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const problem = asProblem(thrown);
    failed(problem);
    throw problem;
  }
}

/** The pace of one key, and the answer it was last reckoned from. */
interface Memory {
  name: string;
  settledAt: number;
  woken: number;
  data: unknown;
  pace: Pace;
}

interface Settled<T> {
  name: string;
  settledAt: number;
  woken: number;
  data: T | undefined;
  error: Problem | null;
  now: number;
  moving: (data: T) => boolean;
}

/** Reckons each answer once, however often the effect runs. */
function remember<T>(before: Memory | undefined, answer: Settled<T>): Memory {
  const { name, settledAt, woken, data, now } = answer;
  if (before?.name !== name) return { name, settledAt, woken, data, pace: reckoned(freshPace(now), answer, true) };
  let { pace } = before;
  if (before.woken !== woken) pace = freshPace(now);
  if (before.settledAt !== settledAt) pace = reckoned(pace, answer, before.data !== data);
  return { name, settledAt, woken, data, pace };
}

function reckoned<T>(pace: Pace, { data, error, now, moving }: Settled<T>, changed: boolean): Pace {
  if (error) return paceAfterFailure(pace);
  return paceAfterAnswer(pace, { now, changed, moving: data !== undefined && moving(data) });
}

function useHidden(): boolean {
  return useSyncExternalStore(
    (listener) => {
      document.addEventListener('visibilitychange', listener);
      return () => document.removeEventListener('visibilitychange', listener);
    },
    () => document.hidden,
  );
}
