import type { Schemas } from '../../api/client';
import { Duration } from '../../ui/time';

/** What the agent was told, the same for all calls of the batch. */
export function AgentDetails({ agent }: { agent: Schemas['AgentSettings'] }) {
  const { instructions, first_words, voice, language, time_limit } = agent;
  const texts = [
    ['Instructions', instructions],
    ['First words', first_words],
    ['Voice', voice],
    ['Language', language],
  ].filter(([, text]) => text);
  return (
    <details className="agent-details">
      <summary>Agent</summary>
      <dl>
        {texts.map(([name, text]) => (
          <div key={name}>
            <dt className="muted">{name}</dt>
            <dd className="cell">{text}</dd>
          </div>
        ))}
        <div>
          <dt className="muted">Time limit</dt>
          <dd>
            <Duration seconds={time_limit} /> of talk
          </dd>
        </div>
      </dl>
    </details>
  );
}
