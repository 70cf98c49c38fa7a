import { useMemo } from 'react';

import type { Call } from '../../api/client';
import { useHold } from '../../api/live';
import { useScopes } from '../../auth/auth';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { useSelection } from '../../ui/selection';
import { isFinal } from '../../ui/status';
import { Table } from '../../ui/table';
import { cancelSentence } from './cancel';
import { useCanceling } from './canceling';
import { callColumns } from './columns';

const keyOf = (call: Call) => call.id;
const canCancel = (call: Call) => !isFinal(call.status) && !call.cancel_requested;

interface Props {
  rows: Call[];
  gone: ReadonlySet<string>;
  old: boolean;
}

/** The list, in which calls are chosen and canceled together. */
export function CallList({ rows, gone, old }: Props) {
  const may = useScopes();
  const canceling = useCanceling(() => clear());
  const { done } = canceling;
  const ids = useMemo(() => rows.filter((call) => canCancel(call) && !done.has(call)).map(keyOf), [rows, done]);
  const selection = useSelection(ids);
  const { selected, clear } = selection;
  const chosen = rows.filter((call) => selected.has(call.id));
  const columns = useMemo(() => callColumns(gone), [gone]);
  const canSelect = (call: Call) => canCancel(call) && !done.has(call);
  useHold(selected.size > 0);

  return (
    <div className="list" data-old={old || undefined}>
      <Table
        label="Calls, newest first"
        columns={columns}
        rows={rows}
        keyOf={keyOf}
        gone={gone}
        selection={may('write') ? { ...selection, canSelect, nameOf: (call) => call.phone_number } : undefined}
      />
      {chosen.length > 0 && (
        <div className="selection-bar" role="region" aria-label="Selection">
          <span>{count(chosen.length, 'call')} selected · updates paused</span>
          <Button kind="danger" onClick={() => canceling.ask(chosen)}>
            {`Cancel ${count(chosen.length, 'call')} …`}
          </Button>
          <Button onClick={clear}>Clear selection</Button>
        </div>
      )}
      <CancelDialog canceling={canceling} />
    </div>
  );
}

function CancelDialog({ canceling }: { canceling: ReturnType<typeof useCanceling> }) {
  const { asked, soFar, running, problem, confirm, close } = canceling;
  const many = count(asked.length, 'call');
  return (
    <ConfirmDialog
      open={asked.length > 0}
      title={`Cancel ${many}?`}
      confirm={soFar ? 'Try again' : `Cancel ${many}`}
      danger
      running={running}
      problem={problem}
      onConfirm={confirm}
      onClose={close}
    >
      {soFar ? <p>{cancelSentence(soFar)}.</p> : <CancelEffects calls={asked} />}
    </ConfirmDialog>
  );
}

function CancelEffects({ calls }: { calls: readonly Call[] }) {
  const waiting = calls.filter((call) => call.status === 'queued').length;
  const active = calls.length - waiting;
  return (
    <p>
      {waiting > 0 && `${count(waiting, 'waiting call')} will not be placed. `}
      {active > 0 && `${count(active, 'call')} under way will be hung up. `}
      There is no way back.
    </p>
  );
}
