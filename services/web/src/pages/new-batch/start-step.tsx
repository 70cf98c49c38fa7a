import { useEffect, useRef, useState } from 'react';

import { useCapacity } from '../../api/capacity';
import type { Limits } from '../../api/limits';
import type { Problem } from '../../api/problem';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { count, formatNumber } from '../../ui/format';
import { FormProblem } from '../../ui/problem';
import { agentFields, agentProblems, characters, type AgentDraft } from '../call-now/agent';
import { AgentFields } from '../call-now/agent-fields';
import { PresetDialogs, PresetPicker, type PresetQuestion } from '../call-now/preset-picker';
import { endsAMinute } from '../capacity/pace';
import { recent, useCapacitySamples } from '../capacity/samples';
import { paceSentence } from './pace';
import { SendProgress } from './progress';
import { StepPanel } from './steps';
import type { Progress } from './upload';

interface Words {
  name: string;
  agent: AgentDraft;
}

interface Props {
  rows: number;
  words: Words;
  limits: Limits | undefined;
  start: { running: boolean; problem: Problem | undefined; progress: Progress | undefined };
  onChange: (words: Words) => void;
  onStart: () => void;
  onBack: () => void;
}

export function StartStep({ rows, words, limits, start, onChange, onStart, onBack }: Props) {
  const [tried, setTried] = useState(0);
  const [question, setQuestion] = useState<PresetQuestion>();
  const form = useRef<HTMLFormElement>(null);
  const wrong = agentProblems(words.agent, limits?.agent);
  const longName = limits !== undefined && characters(words.name.trim()) > limits.batch_name;
  useEffect(() => {
    if (tried > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tried]);
  const submit = () => {
    setTried(tried + 1);
    if (!longName && Object.keys(wrong).length === 0) onStart();
  };
  const said = agentFields.map((field) => [field, start.problem?.of(`/agent/${field}`)] as const);
  const ofServer = Object.fromEntries(said.filter(([, detail]) => detail));
  return (
    <StepPanel title="Start">
      {!start.running && <FormProblem problem={start.problem} />}
      <form
        ref={form}
        className="call-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          label="Name"
          hint="For you, to find the batch again."
          autoComplete="off"
          value={words.name}
          error={longName ? `${formatNumber(limits.batch_name)} characters at most.` : undefined}
          onChange={(event) => onChange({ ...words, name: event.target.value })}
        />
        <section className="call-part">
          <h3>Agent</h3>
          <PresetPicker agent={words.agent} onChange={(agent) => onChange({ ...words, agent })} onAsk={setQuestion} />
          <AgentFields
            agent={words.agent}
            problems={{ ...wrong, ...ofServer }}
            limits={limits?.agent}
            onChange={(agent) => onChange({ ...words, agent })}
          />
        </section>
        <Pace rows={rows} />
        <div className="row">
          <Button kind="primary" type="submit" busy={start.running}>{`Start ${count(rows, 'call')}`}</Button>
          <Button onClick={onBack} disabled={start.running}>
            Back to the check
          </Button>
          {start.running && <SendProgress progress={start.progress} after="The server stores the calls" />}
        </div>
      </form>
      <PresetDialogs agent={words.agent} question={question} onClose={() => setQuestion(undefined)} />
    </StepPanel>
  );
}

/** About how long it takes. Its height is there before the numbers are. */
function Pace({ rows }: { rows: number }) {
  const { data: capacity } = useCapacity();
  const { data: past, updatedAt } = useCapacitySamples(recent);
  const ended = capacity && past && endsAMinute(past.samples, capacity.limit, updatedAt - recent);
  return <p className="small start-pace">{capacity ? paceSentence(rows, capacity, ended) : '\u00a0'}</p>;
}
