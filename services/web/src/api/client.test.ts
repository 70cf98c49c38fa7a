import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createApi, take, type Tokens } from './client';
import { asProblem, type Problem } from './problem';

const tokens: Tokens = { token: () => Promise.resolve('old'), renewed: () => Promise.resolve('new') };
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });

const sent: Request[] = [];
let answers: Response[] = [];

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal('fetch', (request: Request) => {
    sent.push(request);
    const next = answers.shift();
    return next ? Promise.resolve(next) : Promise.reject(new TypeError('Failed to fetch'));
  });
});
afterEach(() => {
  answers = [];
});

const submit = () =>
  take(
    createApi('/v1', tokens).POST('/calls', {
      params: { header: { 'Idempotency-Key': 'key-1' } },
      body: { phone_number: '+12025550100' },
    }),
  );

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => expect.fail('it worked'),
    (thrown: unknown) => thrown as Problem,
  );
}

describe('the API client', () => {
  it('sends the token, repeats parameters, and has ids and numbers as they are', async () => {
    answers = [answer(200, { calls: [] })];
    await take(
      createApi('/v1', tokens).GET('/calls', {
        params: { query: { status: ['busy', 'failed'], number: '+12025550100' } },
      }),
    );
    expect(sent[0]?.headers.get('Authorization')).toBe('Bearer old');
    expect(sent[0]?.url).toBe('http://localhost:3000/v1/calls?status=busy&status=failed&number=%2B12025550100');
    expect(sent[0]?.credentials).toBe('omit');
  });

  it('repeats a request whose token ran out, to the letter, with the new one', async () => {
    answers = [answer(401, { code: 'unauthorized' }), answer(202, { id: 'call_1' })];
    expect(await submit()).toEqual({ id: 'call_1' });
    expect(sent.map((each) => each.headers.get('Authorization'))).toEqual(['Bearer old', 'Bearer new']);
    expect(sent.map((each) => each.headers.get('Idempotency-Key'))).toEqual(['key-1', 'key-1']);
    expect(await sent[1]?.json()).toEqual({ phone_number: '+12025550100' });
  });

  it('does not go round in circles when the new token is refused too', async () => {
    answers = [answer(401, {}), answer(401, { code: 'unauthorized', detail: 'No.' })];
    expect((await problemOf(submit())).status).toBe(401);
    expect(sent).toHaveLength(2);
  });

  it('throws the problem with sentence, code, request id and fields', async () => {
    const fields = [{ field: '/phone_number', code: 'phone_number_invalid', detail: 'Too short.' }];
    answers = [
      answer(422, {
        code: 'phone_number_invalid',
        title: 'T',
        detail: 'The number is too short.',
        request_id: 'req_1',
        errors: fields,
      }),
    ];
    const problem = await problemOf(submit());
    expect(problem).toMatchObject({
      code: 'phone_number_invalid',
      message: 'The number is too short.',
      requestId: 'req_1',
      status: 422,
      passing: false,
    });
    expect(problem.of('/phone_number')).toBe('Too short.');
    expect(problem.of('/region')).toBeUndefined();
  });

  it('makes a problem of an answer that is none, and of no answer', async () => {
    answers = [
      new Response('<html>Bad Gateway', { status: 502, headers: { 'X-Request-Id': 'req_2', 'Retry-After': '7' } }),
    ];
    expect(await problemOf(submit())).toMatchObject({
      code: 'http_502',
      requestId: 'req_2',
      retryAfter: 7,
      passing: true,
    });
    expect(await problemOf(submit())).toMatchObject({ code: 'unreachable', status: 0, passing: true });
  });

  it('does not take a mistake in the page for a server that is away', () => {
    expect(asProblem(new TypeError('Cannot read properties of undefined'))).toMatchObject({ code: 'unexpected' });
  });
});
