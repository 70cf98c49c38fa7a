import { one, oneOf, type RawSearch } from '../../app/search';

export const batchStatuses = ['active', 'paused', 'canceled', 'completed'] as const;

export interface BatchesSearch {
  status?: (typeof batchStatuses)[number];
  cursor?: string;
}

export function batchesSearch(raw: RawSearch): BatchesSearch {
  return { status: oneOf(raw.status, batchStatuses), cursor: one(raw.cursor) };
}
