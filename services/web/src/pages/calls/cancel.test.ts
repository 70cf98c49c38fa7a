import { beforeEach, describe, expect, it, vi } from 'vitest';

import { createApi, type Call } from '../../api/client';
import { cancelCalls, cancelSentence } from './cancel';

const api = createApi('/v1', { token: () => Promise.resolve('t'), renewed: () => Promise.resolve('t') });
const call = (id: string) => ({ id, status: 'queued' }) as Call;

/** What the API answers about a call, by its id. */
const answers: Record<string, () => Response> = {
  waits: () => json(200, { status: 'canceled' }),
  talks: () => json(202, { status: 'in-progress', cancel_requested: true }),
  ended: () => json(409, { code: 'call_already_final', detail: 'It is completed.' }),
  unknown: () => json(404, { code: 'call_not_found', detail: 'No such call.', request_id: 'req_404' }),
  busy: () => json(503, { code: 'unavailable', detail: 'The store is busy.', request_id: 'req_503' }),
  unreachable: () => {
    throw new TypeError('Failed to fetch');
  },
};

const json = (status: number, body: object) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

const sent: { path: string; key: string | null }[] = [];

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname } = new URL(request.url);
    sent.push({ path: pathname, key: request.headers.get('Idempotency-Key') });
    const id = pathname.split('/').at(-2) ?? '';
    return new Promise((done) => done(answers[id]?.()));
  });
});

describe('canceling calls', () => {
  it.each([
    ['waits', { canceled: 1 }, '1 call canceled'],
    ['talks', { hangingUp: 1 }, '1 call being hung up'],
    ['ended', { ended: 1 }, '1 call had ended before'],
  ])('one that %s', async (id, counted, sentence) => {
    const result = await cancelCalls(api, [call(id)], 'key');
    expect(result).toEqual({ canceled: 0, hangingUp: 0, ended: 0, failed: [], ...counted });
    expect(cancelSentence(result)).toBe(sentence);
  });

  it.each([
    ['unknown', { code: 'call_not_found', status: 404, requestId: 'req_404', message: 'No such call.' }],
    ['busy', { code: 'unavailable', status: 503, requestId: 'req_503', message: 'The store is busy.' }],
    ['unreachable', { code: 'unreachable', status: 0, requestId: undefined }],
  ])('one that fails, as %s', async (id, problem) => {
    const result = await cancelCalls(api, [call(id)], 'key');
    expect(result).toMatchObject({ canceled: 0, hangingUp: 0, ended: 0, failed: [{ call: { id }, problem }] });
    expect(cancelSentence(result)).toBe('1 call not canceled');
  });

  it('sends each call its own part of the action’s key', async () => {
    await cancelCalls(api, [call('waits'), call('talks')], 'key');
    expect(sent).toEqual([
      { path: '/v1/calls/waits/cancel', key: 'key.waits' },
      { path: '/v1/calls/talks/cancel', key: 'key.talks' },
    ]);
  });

  it('counts another try for the rest together with the first', async () => {
    const all = [...Array<string>(6).fill('waits'), 'talks', 'ended', 'busy', 'busy'].map(call);
    const first = await cancelCalls(api, all, 'key');
    expect(cancelSentence(first)).toBe(
      '6 calls canceled, 1 call being hung up, 1 call had ended before, 2 calls not canceled',
    );
    const rest = first.failed.map(({ call }) => ({ ...call, id: 'waits' }));
    expect(cancelSentence(await cancelCalls(api, rest, 'key', first))).toBe(
      '8 calls canceled, 1 call being hung up, 1 call had ended before',
    );
    expect(first.failed, 'what a dialog shows meanwhile stays').toHaveLength(2);
  });
});
