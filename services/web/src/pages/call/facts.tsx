import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { Call } from '../../api/client';
import { CopyButton, Id } from '../../ui/copy';
import { formatDuration, formatNumber } from '../../ui/format';
import { Time } from '../../ui/time';
import { languageName } from '../call-now/agent';

/** What the agent was told. What is absent is the server's default. */
export function Settings({ call: { agent } }: { call: Call }) {
  const language = agent.language && languageName(agent.language);
  return (
    <Facts title="Agent">
      <Fact name="Instructions">{agent.instructions && <Text>{agent.instructions}</Text>}</Fact>
      <Fact name="First words">{agent.first_words && <Text>{agent.first_words}</Text>}</Fact>
      <Fact name="Voice">{agent.voice}</Fact>
      <Fact name="Language">{agent.language && (language ? `${language} (${agent.language})` : agent.language)}</Fact>
      <Fact name="Time limit">{`${formatDuration(agent.time_limit)} of talk`}</Fact>
    </Facts>
  );
}

/** Somebody else's words: text, whatever they look like. */
const Text = ({ children }: { children: string }) => <span className="their-text">{children}</span>;

export function Metadata({ call: { metadata } }: { call: Call }) {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return null;
  return (
    <section className="facts">
      <h2>Metadata</h2>
      <dl>
        {entries.map(([key, value]) => (
          <div key={key}>
            <dt className="small muted">{key}</dt>
            <dd>
              <Text>{value}</Text>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function About({ call }: { call: Call }) {
  const { batch_id, row, outcome } = call;
  return (
    <Facts title="About">
      <Fact name="Call">
        <Id id={call.id} what="the call’s id" />
      </Fact>
      {batch_id && (
        <Fact name="Batch">
          <span className="id">
            <Link to="/batches/$id" params={{ id: batch_id }}>
              <code>{batch_id}</code>
            </Link>
            <CopyButton text={batch_id} what="the batch’s id" />
          </span>
          {row !== undefined && <span className="small muted"> row {formatNumber(row)}</span>}
        </Fact>
      )}
      {outcome?.carrier_reference && (
        <Fact name="Carrier’s id">
          <Id id={outcome.carrier_reference} what="the carrier’s id" />
        </Fact>
      )}
      <Fact name="Number">
        <Id id={call.phone_number} what="the number" />
      </Fact>
      <Fact name="Attempt">{formatNumber(call.attempt)}</Fact>
      {call.ended_at && <Fact name="Dials">{formatNumber(call.dials)}</Fact>} {/* counted when an attempt ends */}
      <Fact name="Created">
        <Time at={call.created_at} />
      </Fact>
      {call.ended_at && (
        <Fact name="Ended">
          <Time at={call.ended_at} />
        </Fact>
      )}
    </Facts>
  );
}

/** The answer of the API, to read and to copy. */
export function RawJson({ call }: { call: Call }) {
  const text = JSON.stringify(call, undefined, 2);
  return (
    <details className="raw">
      <summary>Raw JSON</summary>
      <div className="raw-text">
        <CopyButton text={text} what="the JSON" />
        <pre tabIndex={0} aria-label="The call as JSON">
          {text}
        </pre>
      </div>
    </details>
  );
}

function Facts({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="facts">
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="small muted">{name}</dt>
      <dd>{children || <span className="muted">the server’s default</span>}</dd>
    </div>
  );
}
