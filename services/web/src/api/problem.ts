import type { components } from './schema';

export type FieldProblem = components['schemas']['FieldError'];

interface Facts {
  code: string;
  detail: string;
  title?: string;
  /** Of HTTP; 0: there was no answer. */
  status?: number;
  requestId?: string;
  fields?: FieldProblem[];
  /** In how many seconds to try again, where the server says so. */
  retryAfter?: number;
}

/**
 * Anything that a request can fail with: the API's own problem document (RFC 9457),
 * or what stands for it when there was no such answer. `message` is the sentence for people.
 */
export class Problem extends Error {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: FieldProblem[];
  readonly retryAfter: number | undefined;

  constructor(facts: Facts) {
    super(facts.detail);
    this.name = 'Problem';
    this.code = facts.code;
    this.title = facts.title ?? 'That did not work';
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId;
    this.fields = facts.fields ?? [];
    this.retryAfter = facts.retryAfter;
  }

  /** Whether the same request may work later without anybody's doing. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }

  /** Whether the server was not reached, by the network or by the gateway before it. */
  get away(): boolean {
    return this.code === 'unreachable' || this.status === 502 || this.status === 504;
  }

  /** What is wrong with one field, by its JSON pointer or the name of its parameter. */
  of(field: string): string | undefined {
    return this.fields.find((each) => each.field === field)?.detail;
  }
}

/** The problem of an answer that isn't a success; body is its parsed JSON, if it is JSON. */
export function problemOf(response: Response, body: unknown): Problem {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Partial<components['schemas']['Problem']>;
  return new Problem({
    code: said.code ?? `http_${response.status}`,
    title: said.title,
    detail: said.detail ?? `The server answers ${response.status}, without saying why.`,
    status: response.status,
    requestId: said.request_id ?? response.headers.get('X-Request-Id') ?? undefined,
    fields: said.errors,
    retryAfter: retryAfterOf(response),
  });
}

/** The problem of a request that got no answer. */
export function networkProblem(cause: unknown): Problem {
  const problem = new Problem({
    code: 'unreachable',
    title: 'The server can’t be reached',
    detail: 'The server can’t be reached. Check that it runs, and your network.',
  });
  problem.cause = cause;
  return problem;
}

/** Anything thrown, as a problem. A TypeError is a mistake of ours: those of fetch are told apart where it is called. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const problem = new Problem({
    code: 'unexpected',
    detail: 'Something unexpected happened in this page. Load it again.',
  });
  problem.cause = thrown;
  return problem;
}

/** Retry-After in seconds; the API never sends a date. */
export function retryAfterOf(response: Response): number | undefined {
  const value = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
