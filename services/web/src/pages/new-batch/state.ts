import { useEffect, useRef, useState } from 'react';

import { useAction } from '../../api/action';
import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { useConfig, useSession } from '../../auth/auth';
import { agentSettings, type AgentDraft } from '../call-now/agent';
import { guessNumber, guessRegion } from './list/columns';
import type { ListFacts } from './list/messages';
import { ListReader } from './list/reader';
import type { ReadOptions } from './list/read';
import { upload, type Progress } from './upload';

export interface ListFile {
  file: File;
  options: ReadOptions;
  facts: ListFacts;
}

/** Which column is what, and how the numbers are to be read. */
export interface Columns {
  number: number | undefined;
  region: number | undefined;
  /** Places of the columns that are kept with the call. */
  metadata: readonly number[];
  /** Of numbers without a country code; empty: they are refused. */
  country: string;
  duplicates: boolean;
}

export interface Checked {
  preview: Schemas['BatchPreview'];
  /** Without name and agent. */
  request: ListRequest;
}

type ListRequest = Pick<Schemas['SubmitBatchRequest'], 'region' | 'allow_duplicates' | 'number_column' | 'csv'>;

/** The first guess: everything that is neither number nor country is kept with the call, as far as there is room. */
export function guessColumns({ columns }: ListFacts, limits: Schemas['MetadataLimits'] | undefined): Columns {
  const number = guessNumber(columns).number;
  const region = guessRegion(columns);
  const metadata = columns.flatMap(({ name }, place) =>
    place === number || place === region || (limits && [...name].length > limits.key) ? [] : [place],
  );
  return { number, region, metadata: metadata.slice(0, limits?.keys), country: '', duplicates: false };
}

/** The worker that reads lists, for as long as the page is there. */
export function useListReader(): () => ListReader {
  const reader = useRef<ListReader>(undefined);
  useEffect(
    () => () => {
      reader.current?.close();
      reader.current = undefined;
    },
    [],
  );
  return () => (reader.current ??= new ListReader());
}

/** The server's check of a list: it is sent whole, and nothing is stored. */
export function useCheck(reader: () => ListReader, rows: number, mostBytes: number | undefined) {
  const { send, progress } = useUpload();
  const action = useAction(async ({ number, region, metadata, country, duplicates }: Columns): Promise<Checked> => {
    if (number === undefined) throw new Error('the number’s column is asked for before');
    const { csv, numberColumn } = await reader().ask('compose', { number, region, metadata });
    const request: ListRequest = {
      region: country || undefined,
      allow_duplicates: duplicates,
      number_column: numberColumn,
      csv,
    };
    const body = JSON.stringify(request);
    refuseTooLarge(body, mostBytes);
    try {
      return { request, preview: await send<Schemas['BatchPreview']>('/batches?dry_run=true', body) };
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code === 'no_callable_rows')
        return { request, preview: noneOf(thrown, rows) };
      throw thrown;
    }
  });
  return { ...action, progress };
}

/** What a list without a single good row comes to; the problem has the first of them. */
function noneOf({ fields }: Problem, rows: number): Schemas['BatchPreview'] {
  const refused = fields.flatMap(({ row, code, detail }) =>
    row === undefined ? [] : [{ row, value: '', code: code as Schemas['RefusalCode'], message: detail }],
  );
  const codes = refused.map(({ code }) => code);
  const counts = Object.fromEntries(codes.map((code) => [code, codes.filter((each) => each === code).length]));
  return { rows: 0, refused: Math.max(rows, refused.length), refused_by_code: counts, refused_rows: refused };
}

function refuseTooLarge(body: string, most: number | undefined) {
  const bytes = new Blob([body]).size;
  if (most === undefined || bytes <= most) return;
  throw new Problem({
    code: 'payload_too_large',
    detail: `The list is ${formatBytes(bytes)} as it would be sent; at most ${formatBytes(most)} are taken. Keep fewer columns as metadata, or split the file.`,
    status: 413,
  });
}

export interface Start {
  list: ListRequest;
  name: string;
  agent: AgentDraft;
}

/** Submits the list. All tries of the same request share one Idempotency-Key. */
export function useStart(mostBytes: number | undefined) {
  const { send, progress } = useUpload();
  const action = useAction(({ list, name, agent }: Start, idempotencyKey) => {
    const body = JSON.stringify({ ...list, name: name.trim() || undefined, agent: agentSettings(agent) });
    refuseTooLarge(body, mostBytes);
    return send<Schemas['SubmittedBatch']>('/batches', body, idempotencyKey);
  });
  const last = useRef<Start>(undefined);
  const run = (start: Start) => {
    const before = last.current;
    const same = before?.list === start.list && before.name === start.name && before.agent === start.agent;
    if (!same) action.reset(); // another request needs another key
    last.current = start;
    return action.run(start);
  };
  return { ...action, run, progress };
}

function useUpload() {
  const config = useConfig();
  const tokens = useSession();
  const [progress, setProgress] = useState<Progress>();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []); // who leaves has been asked
  const send = async <T>(path: string, body: string, idempotencyKey?: string): Promise<T> => {
    abort.current = new AbortController();
    const { signal } = abort.current;
    const base = new URL(config.api, window.location.origin).href.replace(/\/$/, '');
    try {
      return await upload<T>({ address: base + path, body, idempotencyKey, tokens, signal, onProgress: setProgress });
    } finally {
      setProgress(undefined);
    }
  };
  return { send, progress };
}

const [small, large] = (['kilobyte', 'megabyte'] as const).map(
  (unit) =>
    new Intl.NumberFormat(undefined, { style: 'unit', unit, maximumFractionDigits: unit === 'megabyte' ? 1 : 0 }),
) as [Intl.NumberFormat, Intl.NumberFormat];

/** "512 kB", "6.3 MB". */
export const formatBytes = (bytes: number) =>
  bytes < 1_000_000 ? small.format(Math.ceil(bytes / 1000)) : large.format(bytes / 1_000_000);
