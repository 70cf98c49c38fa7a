import type { Limits } from '../../api/limits';
import { TextArea, TextField } from '../../ui/field';
import { formatNumber } from '../../ui/format';
import { characters, languageName, timeLimitHint, type AgentDraft, type AgentProblems } from './agent';

interface Props {
  agent: AgentDraft;
  problems: AgentProblems;
  limits: Limits['agent'] | undefined;
  onChange: (agent: AgentDraft) => void;
}

/** How the agent speaks. What is left empty is the server's default. */
export function AgentFields({ agent, problems, limits, onChange }: Props) {
  const field = (name: keyof AgentDraft) => ({
    name,
    value: agent[name],
    error: problems[name],
    onChange: (event: { target: { value: string } }) => onChange({ ...agent, [name]: event.target.value }),
  });
  return (
    <div className="agent-fields">
      <TextArea
        label="Instructions"
        hint={room('What the agent is to do in the call, in plain words.', agent.instructions, limits?.instructions)}
        rows={6}
        {...field('instructions')}
      />
      <TextArea
        label="First words"
        hint={room('What the person hears first, word for word.', agent.first_words, limits?.first_words)}
        rows={2}
        {...field('first_words')}
      />
      <div className="agent-short">
        <TextField label="Voice" hint="The name of the voice." autoComplete="off" {...field('voice')} />
        <TextField
          label="Language"
          hint={languageName(agent.language) ?? 'A tag, such as en-GB or de.'}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          list="agent-languages"
          {...field('language')}
        />
        <TextField
          label="Time limit"
          hint={timeLimitHint(agent, limits)}
          inputMode="numeric"
          autoComplete="off"
          placeholder={limits && String(limits.time_limit.default)}
          {...field('time_limit')}
        />
      </div>
      <Languages />
    </div>
  );
}

const common = ['en-US', 'en-GB', 'de', 'es', 'fr', 'it', 'nl', 'pl', 'pt-BR', 'tr', 'ar', 'hi', 'ja', 'zh'];

/** Offered, not required: the agent may speak others. */
function Languages() {
  return (
    <datalist id="agent-languages">
      {common.map((tag) => (
        <option key={tag} value={tag} label={languageName(tag)} />
      ))}
    </datalist>
  );
}

/** What belongs into the field; near its limit, how much of it is used. */
function room(hint: string, text: string, limit: number | undefined): string {
  const used = characters(text.trim());
  if (limit === undefined || used < limit * 0.8) return hint;
  return `${formatNumber(used)} of ${formatNumber(limit)} characters.`;
}
