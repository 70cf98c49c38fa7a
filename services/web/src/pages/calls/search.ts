import type { CallStatus } from '../../api/client';
import { one, oneOf, someOf, type RawSearch } from '../../app/search';
import { callStatuses } from '../../ui/status';

const spans = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Span = keyof typeof spans;
export const spanNames = Object.keys(spans) as Span[];

const sizes = ['100', '200'] as const;
const defaultSize = 50;
/** The API answers no more in one page. */
export const mostRows = 200;
export const pageSizes = [String(defaultSize), ...sizes];

/** The filters, which are the address of the page. What is absent doesn't filter. */
export interface CallsSearch {
  status?: CallStatus[];
  batch?: string;
  /** In E.164. */
  number?: string;
  /** Created in the last hour, day or week; wins over from and to. */
  since?: Span;
  /** RFC 3339. */
  from?: string;
  to?: string;
  cursor?: string;
  size?: (typeof sizes)[number];
}

export function callsSearch(raw: RawSearch): CallsSearch {
  const since = oneOf(raw.since, spanNames);
  return {
    status: statusFilter(someOf(raw.status, callStatuses) ?? []),
    batch: one(raw.batch),
    number: one(raw.number),
    since,
    from: since ? undefined : time(raw.from),
    to: since ? undefined : time(raw.to),
    cursor: one(raw.cursor),
    size: oneOf(raw.size, sizes),
  };
}

/** The chosen statuses in their order. All of them are no filter, as none is. */
export function statusFilter(chosen: readonly CallStatus[]): CallStatus[] | undefined {
  const statuses = callStatuses.filter((status) => chosen.includes(status));
  return statuses.length > 0 && statuses.length < callStatuses.length ? statuses : undefined;
}

function time(value: unknown): string | undefined {
  const at = Date.parse(one(value) ?? '');
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

export const sizeOf = (search: CallsSearch) => Number(search.size ?? defaultSize);

export const isFiltered = ({ status, batch, number, since, from, to }: CallsSearch) =>
  Boolean(status || batch || number || since || from || to);

/** What the API is asked: the filters, with `extra` rows for those that have come since. */
export function callsQuery(search: CallsSearch, now: number, extra = 0) {
  const { status, batch, number, since, from, to, cursor } = search;
  return {
    status,
    batch,
    number,
    from: since ? new Date(now - spans[since]).toISOString() : from,
    to,
    cursor,
    limit: Math.min(mostRows, sizeOf(search) + extra),
  };
}

/** The filters in words, for where nothing fits them. */
export function filterSentence({ status, batch, number, since, from, to }: CallsSearch): string {
  return [
    status && `in status ${status.join(' or ')}`,
    number && `to ${number}`,
    batch && `of ${batch}`,
    since && `created in the last ${{ '1h': 'hour', '24h': '24 hours', '7d': '7 days' }[since]}`,
    from && `created from ${new Date(from).toLocaleString()}`,
    to && `created before ${new Date(to).toLocaleString()}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** A number as people paste it, in E.164; undefined when it isn't an international one. */
export function internationalNumber(text: string): string | undefined {
  const digits = text.replaceAll(/[\s().\-/]/g, '').replace(/^00/, '+');
  return /^\+[1-9][0-9]{6,14}$/.test(digits) ? digits : undefined;
}
