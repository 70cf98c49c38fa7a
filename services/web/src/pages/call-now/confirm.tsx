import type { ReactNode } from 'react';

import type { Action } from '../../api/action';
import { useCapacity } from '../../api/capacity';
import type { Limits } from '../../api/limits';
import { useConfig, useScopes } from '../../auth/auth';
import { useNow } from '../../ui/clock';
import { ConfirmDialog } from '../../ui/dialog';
import { formatDuration } from '../../ui/format';
import { countryName, usePhoneLibrary } from '../../ui/phone';
import { timeLimitOf } from './agent';
import type { Draft } from './draft';
import { costSentence } from './price';
import { turnSentence } from './turn';

interface Props {
  open: boolean;
  draft: Draft;
  /** Undefined: this page could not read the number, and the server will. */
  e164: string | undefined;
  limits: Limits | undefined;
  action: Pick<Action<never, unknown>, 'running' | 'problem'>;
  onConfirm: () => void;
  onClose: () => void;
}

/** What will happen, before a phone rings. */
export function ConfirmCall({ open, draft, e164, limits, action, onConfirm, onClose }: Props) {
  return (
    <ConfirmDialog
      open={open}
      title="Call this number?"
      confirm={action.problem ? 'Try again' : 'Call'}
      running={action.running}
      problem={action.problem}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Effects draft={draft} e164={e164} limits={limits} />
    </ConfirmDialog>
  );
}

function Effects({ draft, e164, limits }: Pick<Props, 'draft' | 'e164' | 'limits'>) {
  const may = useScopes();
  const { simulated } = useConfig();
  const seconds = timeLimitOf(draft.agent, limits?.agent);
  const cost = e164 ? costSentence(limits?.prices, e164, seconds) : undefined;
  const firstWords = draft.agent.first_words.trim();
  return (
    <dl className="effects">
      <div>
        <dt className="visually-hidden">Number</dt>
        <dd>
          <WholeNumber draft={draft} e164={e164} />
        </dd>
      </div>
      <Effect name="When">{may('read') ? <Turn /> : 'Rings as soon as its turn comes'}</Effect>
      <Effect name="Time limit">
        {seconds === undefined ? 'The server’s own' : `Hangs up after ${formatDuration(seconds)} of talk`}
      </Effect>
      {cost && <Effect name="Cost">{cost}</Effect>}
      <Effect name="Hears first">
        {firstWords ? <q>{firstWords}</q> : 'What the agent chooses to say: no first words are set'}
      </Effect>
      {simulated && <Effect name="Simulated">No real phone rings</Effect>}
    </dl>
  );
}

function Effect({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="small muted">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** It goes on changing while the dialog is open. */
function Turn() {
  const { data } = useCapacity();
  return turnSentence(data, useNow());
}

function WholeNumber({ draft, e164 }: Pick<Props, 'draft' | 'e164'>) {
  const parsed = usePhoneLibrary()?.parsePhoneNumberFromString(e164 ?? '');
  const country = parsed ? parsed.country : draft.country;
  return (
    <>
      <span className="whole-number number">{parsed?.formatInternational() ?? e164 ?? draft.number.trim()}</span>{' '}
      {country && <span className="muted">{countryName(country)}</span>}
    </>
  );
}
