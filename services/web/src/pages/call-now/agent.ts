import type { Schemas } from '../../api/client';
import type { Limits } from '../../api/limits';
import { count, formatDuration, formatNumber } from '../../ui/format';

/** The agent's settings as they are typed. An empty one is the server's default. */
export interface AgentDraft {
  instructions: string;
  voice: string;
  first_words: string;
  language: string;
  /** Seconds. */
  time_limit: string;
}

export const emptyAgent: AgentDraft = { instructions: '', voice: '', first_words: '', language: '', time_limit: '' };
export const agentFields = Object.keys(emptyAgent) as (keyof AgentDraft)[];

export const isEmptyAgent = (agent: AgentDraft) => agentFields.every((field) => agent[field].trim() === '');
export const sameAgent = (one: AgentDraft, other: AgentDraft) =>
  agentFields.every((field) => one[field] === other[field]);

type Settings = Schemas['AgentSettings'];

/** As the API takes it, without what is empty; undefined: all defaults. */
export function agentSettings(agent: AgentDraft): Settings | undefined {
  if (isEmptyAgent(agent)) return undefined;
  const { time_limit, ...texts } = agent;
  const given = Object.entries(texts).filter(([, text]) => text.trim() !== '');
  const settings: Partial<Settings> = Object.fromEntries(given.map(([field, text]) => [field, text.trim()]));
  if (time_limit.trim() !== '') settings.time_limit = Number(time_limit);
  return settings as Settings; // the generated type wants a time limit, because answers always have one
}

/** The other way round, from a call that was. */
export function agentDraft(settings: Settings): AgentDraft {
  const { instructions = '', voice = '', first_words = '', language = '', time_limit } = settings;
  return { instructions, voice, first_words, language, time_limit: String(time_limit) };
}

export type AgentProblems = Partial<Record<keyof AgentDraft, string>>;

/** What is wrong, by field, with what would be right. Without limits, only what needs none is checked. */
export function agentProblems(agent: AgentDraft, limits: Limits['agent'] | undefined): AgentProblems {
  const problems: AgentProblems = {};
  for (const field of ['instructions', 'voice', 'first_words', 'language'] as const) {
    const over = limits ? characters(agent[field].trim()) - limits[field] : 0;
    if (limits && over > 0) {
      problems[field] = `${count(over, 'character')} too many: ${formatNumber(limits[field])} at most.`;
    }
  }
  if (!problems.language && !isLanguage(agent.language)) {
    problems.language = 'Not a language tag. Right are en-GB, de or pt-BR, for example.';
  }
  const limit = timeLimitProblem(agent.time_limit, limits?.time_limit);
  if (limit) problems.time_limit = limit;
  return problems;
}

function timeLimitProblem(text: string, range: Limits['agent']['time_limit'] | undefined): string | undefined {
  if (text.trim() === '') return undefined;
  const right = range
    ? `whole seconds from ${formatNumber(range.min)} to ${formatNumber(range.max)}`
    : 'a whole number of seconds';
  const seconds = Number(text);
  const fits = Number.isInteger(seconds) && (!range || (seconds >= range.min && seconds <= range.max));
  return fits ? undefined : `It has to be ${right}.`;
}

function isLanguage(tag: string): boolean {
  if (tag.trim() === '') return true;
  try {
    return Intl.getCanonicalLocales(tag.trim()).length === 1;
  } catch {
    return false;
  }
}

/** "British English" for "en-GB"; undefined for what has no name. */
export function languageName(tag: string): string | undefined {
  try {
    const [language] = Intl.getCanonicalLocales(tag.trim());
    const name = language && new Intl.DisplayNames(undefined, { type: 'language', fallback: 'none' }).of(language);
    return name || undefined;
  } catch {
    return undefined;
  }
}

/** As the API counts: an emoji is one, not two. */
export const characters = (text: string) => [...text].length;

/** Seconds of talk: what is typed, or the server's default. */
export const timeLimitOf = (agent: AgentDraft, limits: Limits['agent'] | undefined): number | undefined =>
  agent.time_limit.trim() === '' ? limits?.time_limit.default : Number(agent.time_limit);

/** What is said beside the field: its bounds, and what the seconds come to. */
export function timeLimitHint(agent: AgentDraft, limits: Limits['agent'] | undefined): string {
  const seconds = timeLimitOf(agent, limits);
  const length = seconds !== undefined && Number.isFinite(seconds) ? ` (${formatDuration(seconds)})` : '';
  if (!limits) return `Seconds of talk${length}`;
  const { min, max } = limits.time_limit;
  return `${formatNumber(min)} to ${formatNumber(max)} seconds${length}`;
}
