import { useMemo } from 'react';

import { useHold } from '../../api/live';
import type { Call } from '../../api/client';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { useSelection } from '../../ui/selection';
import type { useSteadyRows } from '../../ui/steady';
import { Table } from '../../ui/table';
import { FreshRows } from '../calls/fresh';
import { deadLetterColumns } from './columns';
import type { useRedriving } from './redriving';
import { filterSentence, type DeadLettersSearch } from './search';
import { allText, effectSentence } from './words';

/** What one request can redrive, so no page has more. */
export const mostChosen = 100;

const keyOf = (call: Call) => call.id;

/** What a dialog asks about: the calls that were chosen when it opened, or all that match. */
export type Asking = readonly Call[] | 'all';

interface Props {
  steady: ReturnType<typeof useSteadyRows<Call>>;
  old: boolean;
  search: DeadLettersSearch;
  total: { calls: number; more: boolean } | undefined;
  redriving: ReturnType<typeof useRedriving>;
  asking: Asking | undefined;
  onAsk: (asking: Asking | undefined) => void;
}

/** The list, in which calls are chosen, and the two ways to redrive: these, or all that match. */
export function DeadLetters({ steady, old, search, total, redriving, asking, onAsk }: Props) {
  const { rows, gone, fresh, behind, showFresh } = steady;
  const canSelect = (call: Call) => !gone.has(call.id);
  const ids = useMemo(() => rows.filter((call) => !gone.has(call.id)).map(keyOf), [rows, gone]);
  const selection = useSelection(ids);
  const { selected, clear } = selection;
  const chosen = rows.filter((call) => selected.has(call.id));
  useHold(selected.size > 0);
  // A second try has to be of the same calls, also of those that the first one took from the list.
  const asked = typeof asking === 'object' ? asking : [];
  const { chosen: redriveChosen, all: redriveAll } = redriving;
  const close = () => {
    onAsk(undefined);
    redriveChosen.reset();
    redriveAll.reset();
  };
  const confirm = async (act: () => Promise<unknown>) => {
    if (!(await act())) return; // the dialog says why
    onAsk(undefined);
    clear();
  };
  const many = total ? allText(total) : 'all that match';

  return (
    <div className="list" data-old={old || undefined}>
      <div className="row dead-head">
        <FreshRows fresh={fresh} most={mostChosen} behind={behind} onShow={showFresh} />
        {total && total.calls > 0 && <Button onClick={() => onAsk('all')}>{`Redrive ${many} …`}</Button>}
      </div>
      <Table
        label="Dead letters, newest first"
        columns={deadLetterColumns}
        rows={rows}
        keyOf={keyOf}
        gone={gone}
        selection={{ ...selection, canSelect, nameOf: (call) => call.phone_number }}
      />
      {chosen.length > 0 && (
        <div className="selection-bar" role="region" aria-label="Selection">
          <span>{count(chosen.length, 'call')} selected · updates paused</span>
          <Button kind="primary" onClick={() => onAsk(chosen)}>
            {`Redrive ${count(chosen.length, 'call')} …`}
          </Button>
          <Button onClick={clear}>Clear selection</Button>
        </div>
      )}
      <ConfirmDialog
        open={asked.length > 0}
        title={`Redrive ${count(asked.length, 'call')}?`}
        confirm={`Redrive ${count(asked.length, 'call')}`}
        running={redriveChosen.running}
        problem={redriveChosen.problem}
        onConfirm={() => void confirm(() => redriveChosen.run(asked))}
        onClose={close}
      >
        <p>{effectSentence(asked.length)} What was wrong should be mended first, or they come back here.</p>
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === 'all'}
        title={`Redrive ${many}?`}
        confirm={`Redrive ${many}`}
        running={redriveAll.running}
        problem={redriveAll.problem}
        onConfirm={() => void confirm(() => redriveAll.run(search))}
        onClose={close}
      >
        <AllEffect search={search} />
      </ConfirmDialog>
    </div>
  );
}

function AllEffect({ search }: { search: DeadLettersSearch }) {
  return (
    <>
      <p>
        All dead letters <b>{filterSentence(search) || 'of every cause'}</b>, on this page or not, and everybody’s.
      </p>
      <p>
        Each waits for a slot as a new attempt, in its turn like any other call. What was wrong should be mended first,
        or they come back here.
      </p>
    </>
  );
}
