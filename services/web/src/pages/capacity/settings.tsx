import { useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Capacity } from '../../api/client';
import { useLimits } from '../../api/limits';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { FormProblem } from '../../ui/problem';
import { limitSentence, numberIn, rangeSentence, rateSentence, settingsSentence, type Settings } from './words';

/** What the last change replaced. It stays until the console is left, whatever page is looked at meanwhile. */
let replaced: Settings | undefined;

/** Limit and rate. What somebody types stays as it is while the numbers of the page go on. */
export function SettingsForm({ capacity }: { capacity: Capacity }) {
  const ranges = useLimits()?.capacity;
  const { save, undo, problem, running, before } = useSettings(capacity);
  const [draft, setDraft] = useState<{ limit?: string; rate?: string }>({});
  const [checked, setChecked] = useState(false);

  const text = { limit: draft.limit ?? String(capacity.limit), rate: draft.rate ?? String(capacity.rate) };
  const wanted = { limit: numberIn(text.limit, ranges?.limit, true), rate: numberIn(text.rate, ranges?.rate) };
  const changed = wanted.limit !== capacity.limit || wanted.rate !== capacity.rate;
  const wrong = (field: 'limit' | 'rate') =>
    checked && wanted[field] === undefined ? rangeSentence(field, ranges?.[field]) : problem?.of(`/${field}`);

  const submit = async () => {
    setChecked(true);
    const { limit, rate } = wanted;
    if (limit === undefined || rate === undefined) return;
    if (await save({ limit, rate })) setDraft({});
  };
  const back = async (settings: Settings) => {
    if (await undo(settings)) setDraft({});
  };

  return (
    <section className="panel" aria-labelledby="settings-heading">
      <h2 id="settings-heading">Limit and rate</h2>
      <form
        className="settings"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div>
          <TextField
            label="Limit: calls at the same time"
            inputMode="numeric"
            autoComplete="off"
            value={text.limit}
            error={wrong('limit')}
            onChange={(event) => setDraft({ ...draft, limit: event.target.value })}
          />
          <p className="small muted effect">{limitSentence(wanted.limit, capacity)}</p>
        </div>
        <div>
          <TextField
            label="Rate: starts a second, at most"
            inputMode="decimal"
            autoComplete="off"
            value={text.rate}
            error={wrong('rate')}
            onChange={(event) => setDraft({ ...draft, rate: event.target.value })}
          />
          <p className="small muted effect">{rateSentence(wanted.rate)}</p>
        </div>
        {!problem?.of('/limit') && !problem?.of('/rate') && <FormProblem problem={problem} />}
        <div className="row">
          <Button kind="primary" type="submit" busy={running} disabled={!changed}>
            Save
          </Button>
          {before && (
            <>
              <Button busy={running} onClick={() => void back(before)}>
                Undo
              </Button>
              <span className="small muted">It was {settingsSentence(before)}.</span>
            </>
          )}
        </div>
      </form>
    </section>
  );
}

/** Changes the settings, and remembers what they were. */
function useSettings(capacity: Capacity) {
  const api = useApi();
  const [before, setBefore] = useState(replaced);
  const action = useAction((body: Settings) => take(api.PUT('/capacity', { body })));
  const put = async (settings: Settings, next: Settings | undefined) => {
    const answer = await action.run(settings);
    if (!answer) return false;
    replaced = next;
    setBefore(next);
    notify(`The capacity is now ${settingsSentence(answer)}.`);
    return true;
  };
  const { limit, rate } = capacity;
  return {
    before,
    running: action.running,
    problem: action.problem,
    save: (settings: Settings) => put(settings, { limit, rate }),
    undo: (settings: Settings) => put(settings, undefined),
  };
}
