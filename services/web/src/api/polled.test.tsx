import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Answer } from './client';
import { failed, setPaused, useHold, useLive, wake } from './live';
import { networkProblem } from './problem';
import { usePolled, type PollOptions, type PollRequest } from './polled';

interface Thing {
  value: number;
  over?: boolean;
}

/** A server that answers with the thing, by ETag, as long as it is up. */
class Fake {
  thing: Thing = { value: 1 };
  up = true;
  takes = 0; // ms to answer
  retryAfter: number | undefined;
  readonly asked: { at: number; etag: string | undefined }[] = [];

  ask = async ({ headers }: PollRequest): Promise<Answer<Thing>> => {
    this.asked.push({ at: Date.now(), etag: headers['If-None-Match'] });
    if (this.takes > 0) await new Promise((later) => setTimeout(later, this.takes));
    if (!this.up) throw networkProblem(new TypeError('Failed to fetch'));
    const etag = `"${this.thing.value}"`;
    const sent = new Headers({ ETag: etag });
    if (this.retryAfter !== undefined) sent.set('Retry-After', `${this.retryAfter}`);
    if (headers['If-None-Match'] === etag) return { response: new Response(null, { status: 304, headers: sent }) };
    return { data: { ...this.thing }, response: new Response('{}', { headers: sent }) };
  };

  /** When requests came, in seconds since the first. */
  seconds = () => this.asked.map(({ at }) => (at - (this.asked[0]?.at ?? 0)) / 1000);
}

function poll(fake: Fake, more: Partial<PollOptions<Thing>> = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always' } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  const options = {
    key: ['thing'],
    ask: fake.ask,
    fast: 1000,
    moving: () => true,
    final: (thing: Thing) => thing.over === true,
  };
  return renderHook(() => usePolled<Thing>({ ...options, ...more }), { wrapper });
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('usePolled', () => {
  it('asks with the ETag of what it has, and keeps the same data on 304', async () => {
    const fake = new Fake();
    const { result } = poll(fake);
    await pass(10);
    const first = result.current.data;
    expect(first).toEqual({ value: 1 });
    await pass(1000);
    expect(fake.asked.map(({ etag }) => etag)).toEqual([undefined, '"1"']);
    expect(result.current.data).toBe(first);
    fake.thing = { value: 2 };
    await pass(1000);
    expect(result.current.data).toEqual({ value: 2 });
    await pass(1000);
    expect(fake.asked.at(-1)?.etag).toBe('"2"');
  });

  it('obeys Retry-After, of a 304 too', async () => {
    const fake = new Fake();
    fake.retryAfter = 5;
    poll(fake);
    await pass(16_000);
    expect(fake.seconds()).toEqual([0, 5, 10, 15]);
  });

  it('starts the next request only after the last answer', async () => {
    const fake = new Fake();
    fake.takes = 4000;
    poll(fake);
    await pass(12_000);
    expect(fake.seconds()).toEqual([0, 5, 10]);
  });

  it('asks no more once nothing can change', async () => {
    const fake = new Fake();
    fake.thing = { value: 1, over: true };
    poll(fake);
    await pass(300_000);
    expect(fake.asked).toHaveLength(1);
  });

  it('slows down when nothing changes, and is quick again after the person did something', async () => {
    const fake = new Fake();
    poll(fake);
    await pass(120_000);
    const before = fake.asked.length;
    expect(before).toBeLessThan(45);
    act(wake);
    await pass(3500);
    expect(fake.asked.length - before).toBe(4);
  });

  it('keeps what it has while the server is away, backs off, and goes on when it is back', async () => {
    const fake = new Fake();
    const { result } = poll(fake);
    await pass(10);
    fake.up = false;
    await pass(60_000);
    expect(result.current.problem?.code).toBe('unreachable');
    expect(result.current.data).toEqual({ value: 1 });
    expect(fake.asked.length).toBeLessThan(12);
    fake.up = true;
    fake.thing = { value: 2 };
    await pass(60_000);
    expect(result.current.problem).toBeUndefined();
    expect(result.current.data).toEqual({ value: 2 });
  });

  it.each([
    [502, true],
    [504, true],
    [500, false],
    [503, false],
    [429, false],
  ])('takes the server for away after %i: %s', async (status, away) => {
    const fake = new Fake();
    const { result } = poll(fake, { ask: async () => ({ error: {}, response: new Response(null, { status }) }) });
    const live = renderHook(useLive);
    await pass(10);
    expect(result.current.problem?.status).toBe(status);
    expect(live.result.current.failing !== undefined).toBe(away);
  });

  it('takes it for back as soon as it answers anything', async () => {
    const live = renderHook(useLive);
    act(() => failed(networkProblem(undefined)));
    expect(live.result.current.failing?.code).toBe('unreachable');
    poll(new Fake(), { ask: async () => ({ error: {}, response: new Response(null, { status: 500 }) }) });
    await pass(10);
    expect(live.result.current.failing).toBeUndefined();
  });

  it('does not ask again what is refused', async () => {
    const fake = new Fake();
    const body = { code: 'call_not_found', detail: 'There is no call.', request_id: 'req_1' };
    const ask = async () => {
      fake.asked.push({ at: Date.now(), etag: undefined });
      return { error: body, response: new Response(null, { status: 404 }) };
    };
    const { result } = poll(fake, { ask });
    await pass(300_000);
    expect(fake.asked).toHaveLength(1);
    expect(result.current.problem).toMatchObject({ message: 'There is no call.', requestId: 'req_1', status: 404 });
  });

  it('stops while somebody has paused it, or has rows selected', async () => {
    const fake = new Fake();
    poll(fake);
    await pass(10);
    act(() => setPaused(true));
    await pass(60_000);
    expect(fake.asked).toHaveLength(1);
    act(() => setPaused(false));
    await pass(1000);
    expect(fake.asked.length).toBeGreaterThan(1);

    const hold = renderHook(() => useHold(true));
    const before = fake.asked.length;
    await pass(60_000);
    expect(fake.asked).toHaveLength(before);
    hold.unmount();
    await pass(1000);
    expect(fake.asked.length).toBeGreaterThan(before);
  });

  it('asks once a minute while the tab is hidden, and at once when it is seen again', async () => {
    const fake = new Fake();
    poll(fake);
    await pass(10);
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    await pass(59_000);
    expect(fake.asked).toHaveLength(1);
    hidden.mockReturnValue(false);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    await pass(10);
    expect(fake.asked).toHaveLength(2);
  });
});
