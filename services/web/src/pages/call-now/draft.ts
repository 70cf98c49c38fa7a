import { useSyncExternalStore } from 'react';

import type { KeptKey } from '../../api/action';
import type { Call, Schemas } from '../../api/client';
import type { Limits } from '../../api/limits';
import { formatNumber } from '../../ui/format';
import { agentDraft, agentSettings, characters, emptyAgent, type AgentDraft } from './agent';
import { homeCountry } from './number';

/** What is typed in the form. It outlives the page, not the window: a number is nothing to be stored. */
export interface Draft {
  country: string;
  /** As typed. */
  number: string;
  agent: AgentDraft;
  metadata: readonly { key: string; value: string }[];
}

const emptyDraft = (): Draft => ({
  country: homeCountry(navigator.languages),
  number: '',
  agent: emptyAgent,
  metadata: [],
});

let draft: Draft | undefined;
const listeners = new Set<() => void>();

const current = (): Draft => (draft ??= emptyDraft());

export function changeDraft(part: Partial<Draft>) {
  draft = { ...current(), ...part };
  for (const listener of listeners) listener();
}

export function useDraft(): Draft {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}

/** The next call is to somebody else, most likely with the same words. Whoever is typed already stays. */
export function afterCall(sent: Draft) {
  const whom = ({ number, metadata }: Draft) => JSON.stringify([number, metadata]);
  if (whom(current()) === whom(sent)) changeDraft({ number: '', metadata: [] });
}

/** The last request and its key. They outlive the page as the draft does: a form that is still full is the same call. */
export const lastSent = { request: '', key: { current: undefined } as KeptKey };

/** For "Call again": the form as it would have been filled for this call. */
export function fillDraft(call: Call) {
  lastSent.request = ''; // it is another call, even where it is the same request
  changeDraft({
    number: call.phone_number, // with its country code: the country follows
    agent: agentDraft(call.agent),
    metadata: Object.entries(call.metadata).map(([key, value]) => ({ key, value })),
  });
}

/** What is sent. The server reads a number that this page could not read in the country that was chosen. */
export function requestOf(draft: Draft, e164: string | undefined): Schemas['SubmitCallRequest'] {
  const rows = draft.metadata.filter(({ key, value }) => key !== '' || value !== '');
  return {
    ...(e164 ? { phone_number: e164 } : { phone_number: draft.number.trim(), region: draft.country }),
    agent: agentSettings(draft.agent),
    metadata: rows.length > 0 ? Object.fromEntries(rows.map(({ key, value }) => [key, value])) : undefined,
  };
}

/** What is wrong with the metadata, in one sentence. */
export function metadataProblem(rows: Draft['metadata'], limits: Limits['metadata'] | undefined): string | undefined {
  const used = rows.filter(({ key, value }) => key !== '' || value !== '');
  const keys = used.map(({ key }) => key);
  if (keys.includes('')) return 'Each value needs a key.';
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice !== undefined) return `The key ${twice} is there twice.`;
  if (!limits) return undefined;
  if (used.length > limits.keys) return `${formatNumber(limits.keys)} keys at most.`;
  const long = used.find(({ key, value }) => characters(key) > limits.key || characters(value) > limits.value);
  return (
    long &&
    `${long.key.slice(0, 20)}: a key may have ${formatNumber(limits.key)} characters, a value ${formatNumber(limits.value)}.`
  );
}
