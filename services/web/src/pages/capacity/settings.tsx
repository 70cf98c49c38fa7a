import { useState } from 'react';

import { useAction } from '../../api/action';
import { take, useApi, type Capacity } from '../../api/client';
import { useLimits } from '../../api/limits';
import { notify } from '../../ui/announce';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { FormProblem } from '../../ui/problem';
import { changeOf, changesIn, holds, type Change } from './change';
import { limitSentence, numberIn, rangeSentence, rateSentence, settingsSentence, type Settings } from './words';

/** The last change. It stays until the console is left, whatever page is looked at meanwhile. */
let lastChange: Change | undefined;

type Field = keyof Settings;

/** Limit and rate. What somebody types stays as it is while the numbers of the page go on. */
export function SettingsForm({ capacity }: { capacity: Capacity }) {
  const ranges = useLimits()?.capacity;
  const { save, undo, problem, running, change } = useSettings(capacity);
  const [draft, setDraft] = useState<Partial<Record<Field, string>>>({});
  const [checked, setChecked] = useState(false);

  const text = { limit: draft.limit ?? String(capacity.limit), rate: draft.rate ?? String(capacity.rate) };
  const wanted = { limit: numberIn(text.limit, ranges?.limit, true), rate: numberIn(text.rate, ranges?.rate) };
  const bad = (field: Field) => draft[field] !== undefined && wanted[field] === undefined;
  const anyBad = bad('limit') || bad('rate');
  const changes = changesIn(wanted, capacity);
  const changed = anyBad || Object.keys(changes).length > 0;
  const wrong = (field: Field) =>
    checked && bad(field) ? rangeSentence(field, ranges?.[field]) : problem?.of(`/${field}`);

  const submit = async () => {
    setChecked(true);
    if (!changed || anyBad) return;
    if (await save(changes)) setDraft({});
  };
  const back = async () => {
    if (await undo()) setDraft({});
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
          {/* Not disabled by the browser: focus would be lost when it is saved. */}
          <Button kind="primary" type="submit" busy={running} aria-disabled={!changed}>
            Save
          </Button>
          {change && (
            <>
              <Button busy={running} onClick={() => void back()}>
                Undo
              </Button>
              <span className="small muted">It was {settingsSentence(change.was)}.</span>
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
  const [change, setChange] = useState(lastChange);
  const action = useAction((body: Partial<Settings>) => take(api.PUT('/capacity', { body })));
  const put = async (settings: Partial<Settings>, next: Change | undefined) => {
    const answer = await action.run(settings);
    if (!answer) return false;
    lastChange = next;
    setChange(next);
    notify(`The capacity is now ${settingsSentence(answer)}.`);
    return true;
  };
  return {
    change: change && holds(change, capacity) ? change : undefined,
    running: action.running,
    problem: action.problem,
    save: (settings: Partial<Settings>) => put(settings, changeOf(settings, capacity)),
    undo: () => put(change?.was ?? {}, undefined),
  };
}
