import './call-now.css';

import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, type FormEvent } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Schemas } from '../../api/client';
import { useLimits } from '../../api/limits';
import { Problem } from '../../api/problem';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { FormProblem, ProblemView } from '../../ui/problem';
import { agentFields, agentProblems, type AgentProblems } from './agent';
import { AgentFields } from './agent-fields';
import { ConfirmCall } from './confirm';
import { afterCall, changeDraft, lastSent, metadataProblem, requestOf, useDraft, type Draft } from './draft';
import { MetadataFields } from './metadata-fields';
import type { Reading } from './number';
import { NumberField, useReading } from './number-field';
import { PresetDialogs, PresetPicker, type PresetQuestion } from './preset-picker';

const noScope = new Problem({
  code: 'forbidden',
  title: 'Not allowed',
  detail: 'Calls are placed with the scope calls/write, which your sign-in does not have.',
  status: 403,
});

export default function CallNowPage() {
  const may = useScopes();
  return <Page title="Call now">{may('write') ? <CallForm /> : <ProblemView problem={noScope} />}</Page>;
}

function CallForm() {
  const draft = useDraft();
  const may = useScopes();
  const limits = useLimits(may('read'));
  const { reading } = useReading();
  const { action, open, ask, close, send } = useSubmission();
  const [tried, setTried] = useState(0);
  const [question, setQuestion] = useState<PresetQuestion>();
  const [refused, setRefused] = useState<{ by: Problem; draft: typeof draft }>();
  const problem = action.problem;
  if (problem && !problem.passing && refused?.by !== problem) {
    setRefused({ by: problem, draft });
    close(); // what is wrong is in the form
  }
  const said = refused && refused.draft === draft ? refused.by : undefined; // of what is typed now

  const checked = agentProblems(draft.agent, limits?.agent);
  const wrongNumber = numberProblem(reading, draft.number);
  const wrongMetadata = metadataProblem(draft.metadata, limits?.metadata);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tried > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tried]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(tried + 1);
    if (wrongNumber || wrongMetadata || Object.keys(checked).length > 0) return;
    ask({ draft, body: requestOf(draft, reading?.e164) });
  };

  return (
    <>
      <form ref={form} className="call-form" noValidate onSubmit={submit}>
        {!open && <FormProblem problem={said ?? (problem?.passing ? problem : undefined)} />}
        <section className="call-part">
          <h2>Whom</h2>
          <NumberField error={said?.of('/phone_number') ?? (tried > 0 ? wrongNumber : undefined)} />
        </section>
        <section className="call-part">
          <h2>Agent</h2>
          <PresetPicker agent={draft.agent} onChange={(agent) => changeDraft({ agent })} onAsk={setQuestion} />
          <AgentFields
            agent={draft.agent}
            problems={{ ...checked, ...ofServer(said) }}
            limits={limits?.agent}
            onChange={(agent) => changeDraft({ agent })}
          />
          <MetadataFields
            rows={draft.metadata}
            error={tried > 0 ? wrongMetadata : undefined}
            onChange={(metadata) => changeDraft({ metadata })}
          />
        </section>
        <div className="row">
          <Button kind="primary" type="submit" className="call-button" busy={action.running}>
            Call …
          </Button>
          <span className="small muted">You see first what will happen.</span>
        </div>
      </form>
      <PresetDialogs agent={draft.agent} question={question} onClose={() => setQuestion(undefined)} />
      <ConfirmCall
        open={open}
        draft={draft}
        e164={reading?.e164}
        limits={limits}
        action={action}
        onConfirm={send}
        onClose={close}
      />
    </>
  );
}

/** Undefined: it may be sent. Without the library the server alone reads it. */
function numberProblem(reading: Reading | undefined, text: string): string | undefined {
  if (text.trim() === '') return 'Whom to call? Type the number.';
  return reading && !reading.e164 ? reading.says : undefined;
}

function ofServer(problem: Problem | undefined): AgentProblems {
  const found = agentFields.map((field) => [field, problem?.of(`/agent/${field}`)] as const);
  return Object.fromEntries(found.filter(([, detail]) => detail));
}

interface Submission {
  draft: Draft;
  body: Schemas['SubmitCallRequest'];
}

/**
 * The dialog and what it sends. As long as nobody knows whether a request was taken, the
 * same request has the same Idempotency-Key, even from a dialog or a page that is opened
 * again: a person is never called twice because an answer got lost.
 */
function useSubmission() {
  const api = useApi();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Submission>();
  const [open, setOpen] = useState(false);
  const shown = useRef(false);
  const action = useAction(
    ({ body }: Submission, idempotencyKey) =>
      take(api.POST('/calls', { params: { header: { 'Idempotency-Key': idempotencyKey } }, body })),
    lastSent.key,
  );
  useEffect(() => {
    shown.current = open;
    return () => {
      shown.current = false;
    };
  }, [open]);

  const resetForAnother = ({ body }: Submission) => {
    const request = JSON.stringify(body);
    if (action.running || request === lastSent.request) return;
    action.reset();
    lastSent.request = request;
  };
  const ask = (next: Submission) => {
    resetForAnother(next);
    setAsked(next);
    setOpen(true);
  };
  const send = async () => {
    if (!asked) return;
    resetForAnother(asked); // again: when it was asked, the one before may still have been under way
    const call = await action.run(asked);
    if (!call) return;
    afterCall(asked.draft);
    if (shown.current) void navigate({ to: '/calls/$id', params: { id: call.id } });
    else notify(`The call to ${call.phone_number} was accepted.`); // the dialog was closed meanwhile
  };
  return { action, open, ask, close: () => setOpen(false), send: () => void send() };
}
