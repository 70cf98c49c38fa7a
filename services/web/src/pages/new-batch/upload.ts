import { Problem, networkProblem, problemOf } from '../../api/problem';
import type { Tokens } from '../../api/client';

export interface Progress {
  sent: number;
  total: number;
}

interface Upload {
  address: string;
  /** JSON. */
  body: string;
  idempotencyKey?: string;
  tokens: Tokens;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/**
 * Posts a large body and tells how far it is, which fetch can't. As with every other
 * request, a token that is rejected is renewed and the same is sent once more.
 */
export async function upload<T>(what: Upload): Promise<T> {
  const token = await what.tokens.token();
  let answer = await post(what, token);
  if (answer.status === 401) answer = await post(what, await what.tokens.renewed(token, what.signal));
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw tooLarge(answer, body) ?? problemOf(answer, body);
  return body as T;
}

/** A gateway before the server refuses large bodies in its own words. */
function tooLarge(answer: Response, body: unknown): Problem | undefined {
  const known = typeof body === 'object' && body !== null && 'detail' in body;
  if (answer.status !== 413 || known) return undefined;
  return new Problem({
    code: 'payload_too_large',
    detail: 'The list is too large for this server. Keep fewer columns as metadata, or split the file.',
    status: 413,
  });
}

function post({ address, body, idempotencyKey, onProgress, signal }: Upload, token: string): Promise<Response> {
  return new Promise((done, fail) => {
    if (signal.aborted) {
      fail(signal.reason as Error); // who left while the sign-in was waited for
      return;
    }
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Content-Type', 'application/json');
    if (idempotencyKey) request.setRequestHeader('Idempotency-Key', idempotencyKey);
    request.upload.onprogress = ({ loaded, total }) => onProgress({ sent: loaded, total });
    request.onload = () => done(responseOf(request));
    request.onerror = () => fail(networkProblem(undefined));
    request.onabort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const name of ['X-Request-Id', 'Retry-After']) {
    const value = request.getResponseHeader(name);
    if (value) headers.set(name, value);
  }
  return new Response(request.responseText, { status: request.status, headers });
}
