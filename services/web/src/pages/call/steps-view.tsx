import type { Call } from '../../api/client';
import { count } from '../../ui/format';
import { StatusChip } from '../../ui/status';
import { Duration, Time } from '../../ui/time';
import { attemptsOf, causeSentence, type Attempt, type Step } from './steps';

/** What has happened to the call, in order. Of several attempts the latest is open. */
export function Steps({ call }: { call: Call }) {
  const attempts = attemptsOf(call);
  const [only] = attempts;
  if (attempts.length === 1 && only) return <StepList steps={only.steps} talk={call.outcome?.duration} />;
  return (
    <div className="attempts">
      {[...attempts].reverse().map((attempt) => (
        <details key={attempt.number} open={attempt.latest} className="attempt">
          <summary>
            <AttemptHead attempt={attempt} />
          </summary>
          <StepList steps={attempt.steps} talk={attempt.latest ? call.outcome?.duration : undefined} />
        </details>
      ))}
    </div>
  );
}

function AttemptHead({ attempt: { number, steps, next } }: { attempt: Attempt }) {
  const [first] = steps;
  return (
    <>
      <strong>Attempt {number}</strong>
      <span className="muted small">
        {first && <Time at={first.at} />}
        {next && ` · ended: ${causeSentence(next)}`}
        {!next && ` · ${count(steps.length, 'step')}`}
      </span>
    </>
  );
}

function StepList({ steps, talk }: { steps: Step[]; talk: number | undefined }) {
  return (
    <ol className="step-list">
      {steps.map((step) => (
        <li
          key={`${step.status} ${step.at}`}
          className="call-step"
          data-status={step.status}
          data-running={step.running || undefined}
        >
          <div className="step-head">
            <StatusChip status={step.status} />
            <span className="small">
              <Time at={step.at} as="seconds" />
            </span>
            <Lasted step={step} talk={step.status === 'in-progress' ? talk : undefined} />
          </div>
          <p className="small muted" title={step.cause}>
            {causeSentence(step.cause)}
          </p>
          {step.notes.map((note) => (
            <p key={note.at + note.cause} className="small muted" title={note.cause}>
              <Time at={note.at} as="seconds" /> {causeSentence(note.cause)}
            </p>
          ))}
        </li>
      ))}
    </ol>
  );
}

/** The clock of a step: it stops when the step ends, and an end has none. */
function Lasted({ step, talk }: { step: Step; talk: number | undefined }) {
  if (!step.until && !step.running) return null;
  return (
    <span className="small step-time">
      {talk !== undefined ? <Duration seconds={talk} /> : <Duration since={step.at} until={step.until} />}
    </span>
  );
}
