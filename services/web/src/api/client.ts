import createClient, { type Client } from 'openapi-fetch';
import { createContext, useContext } from 'react';

import { asProblem, networkProblem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Call = Schemas['Call'];
export type CallStatus = Schemas['CallStatus'];
export type Batch = Schemas['Batch'];
export type Capacity = Schemas['Capacity'];

/** The API as contracts/openapi describes it; paths, parameters and answers are typed. */
export type Api = Client<paths>;

/** Where tokens come from: the session, or a test. */
export interface Tokens {
  token(): Promise<string>;
  /** A token other than the rejected one, however long a person takes to sign in again. */
  renewed(rejected: string, signal?: AbortSignal): Promise<string>;
}

export function createApi(base: string, tokens: Tokens): Api {
  return createClient<paths>({
    baseUrl: new URL(base, window.location.origin).href.replace(/\/$/, ''),
    fetch: authorized(tokens),
    querySerializer: { array: { style: 'form', explode: true } },
  });
}

/**
 * fetch with a token. A token that the API rejects is renewed and the request sent
 * once more, the same to the letter, its Idempotency-Key included: nothing that
 * somebody typed is lost because a token ran out meanwhile.
 */
export function authorized(tokens: Tokens): (request: Request) => Promise<Response> {
  const send = (request: Request, token: string) => {
    const headers = new Headers(request.headers);
    headers.set('Authorization', `Bearer ${token}`);
    return fetch(new Request(request, { headers, credentials: 'omit', cache: 'no-store' }));
  };
  const twice = async (request: Request) => {
    const token = await tokens.token();
    const response = await send(request.clone(), token);
    if (response.status !== 401) return response;
    return send(request, await tokens.renewed(token, request.signal));
  };
  return (request) =>
    twice(request).catch((thrown: unknown) => {
      throw thrown instanceof TypeError ? networkProblem(thrown) : thrown; // what fetch rejects with
    });
}

/** What openapi-fetch answers with. */
export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or its problem thrown. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer.catch((thrown: unknown) => {
    throw asProblem(thrown);
  });
  if (!response.ok) throw problemOf(response, error);
  return data as T;
}

const ApiContext = createContext<Api | undefined>(undefined);
export const ApiProvider = ApiContext.Provider;

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (!api) throw new Error('useApi needs an ApiProvider around it');
  return api;
}
