import { useSyncExternalStore } from 'react';

import { agentFields, emptyAgent, type AgentDraft } from './agent';

/** Agent settings under a name, kept in this browser. Never a number: that is the person's who is called. */
export interface Preset {
  name: string;
  agent: AgentDraft;
}

const storageKey = 'outdial.presets';
const listeners = new Set<() => void>();

let presets = parse(stored());

function stored(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null; // storage is switched off: presets hold until the page is closed
  }
}

/** What is no preset is left out: another version, or another hand, may have written it. */
export function parse(text: string | null): readonly Preset[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.flatMap(presetOf).sort(byName) : [];
  } catch {
    return [];
  }
}

function presetOf(value: unknown): Preset[] {
  const { name, agent } = (value ?? {}) as { name?: unknown; agent?: Record<string, unknown> };
  if (typeof name !== 'string' || name === '' || typeof agent !== 'object' || agent === null) return [];
  const texts = agentFields.map((field) => [field, typeof agent[field] === 'string' ? agent[field] : '']);
  return [{ name, agent: { ...emptyAgent, ...(Object.fromEntries(texts) as Partial<AgentDraft>) } }];
}

const byName = (one: Preset, other: Preset) => one.name.localeCompare(other.name);

/** Changes what is stored now, which another window may have changed since. */
function change(update: (before: readonly Preset[]) => readonly Preset[]) {
  const text = stored();
  presets = [...update(text === null ? presets : parse(text))].sort(byName);
  try {
    localStorage.setItem(storageKey, JSON.stringify(presets));
  } catch {
    // full or switched off: as above
  }
  for (const listener of listeners) listener();
}

/** Keeps it, in place of one with the same name. */
export const savePreset = (preset: Preset) =>
  change((before) => [...before.filter(({ name }) => name !== preset.name), preset]);

export const deletePreset = (name: string) => change((before) => before.filter((each) => each.name !== name));

function subscribe(listener: () => void) {
  const elsewhere = (event: StorageEvent) => {
    if (event.key !== storageKey) return;
    presets = parse(event.newValue);
    listener();
  };
  listeners.add(listener);
  window.addEventListener('storage', elsewhere);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', elsewhere);
  };
}

export const usePresets = (): readonly Preset[] => useSyncExternalStore(subscribe, () => presets);
