import '../call-now/call-now.css';
import './new-batch.css';

import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { useLimits } from '../../api/limits';
import { Problem } from '../../api/problem';
import { Page } from '../../app/page';
import { useScopes } from '../../auth/auth';
import { notify } from '../../ui/announce';
import { ConfirmDialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { ProblemView } from '../../ui/problem';
import { emptyAgent } from '../call-now/agent';
import { CheckStep } from './check-step';
import { ColumnsStep } from './columns-step';
import { takeHandedFile } from './drop';
import { FileStep } from './file-step';
import type { ReadOptions } from './list/read';
import { ListError } from './list/text';
import { ReplaceFile } from './replace';
import { StartStep } from './start-step';
import {
  formatBytes,
  guessColumns,
  useCheck,
  useListReader,
  useStart,
  type Checked,
  type Columns,
  type ListFile,
} from './state';
import { Steps, type Step } from './steps';

const noScope = new Problem({
  code: 'forbidden',
  title: 'Not allowed',
  detail: 'Batches are submitted with the scope calls/write, which your sign-in does not have.',
  status: 403,
});

export default function NewBatchPage() {
  const may = useScopes();
  return <Page title="New batch">{may('write') ? <NewBatch /> : <ProblemView problem={noScope} />}</Page>;
}

/** From a file to a batch. Each step keeps what was entered, so going back loses nothing. */
function NewBatch() {
  const may = useScopes();
  const limits = useLimits(may('read'));
  const reader = useListReader();
  const navigate = useNavigate();
  const [step, setStep] = useState<Step>('file');
  const [list, setList] = useState<ListFile>();
  const [columns, setColumns] = useState<Columns>();
  const [checked, setChecked] = useState<Checked>();
  const [words, setWords] = useState({ name: '', agent: emptyAgent });
  const [done, setDone] = useState(false);
  const { wrong, reading, read } = useRead(reader, limits?.rows, limits?.body_bytes);
  const check = useCheck(reader, list?.facts.rows ?? 0, limits?.body_bytes);
  const start = useStart(limits?.body_bytes);

  const take = async (file: File, options: ReadOptions = {}) => {
    const facts = await read(file, options);
    if (!facts) {
      setStep((before) => (before === 'file' ? before : 'columns')); // where it is said what is the matter
      return;
    }
    setList({ file, options, facts });
    setColumns(guessColumns(facts, limits?.metadata));
    setChecked(undefined);
    check.reset();
    if (file !== list?.file) setWords((before) => ({ ...before, name: nameOf(file) }));
    setStep('columns');
  };
  const handed = useRef(take);
  useEffect(() => {
    handed.current = take;
  });
  useEffect(() => {
    const file = takeHandedFile();
    if (file) void handed.current(file);
  }, []);

  const latest = useRef(columns);
  useEffect(() => {
    latest.current = columns;
  });
  const runCheck = async () => {
    const result = columns && (await check.run(columns));
    if (!result || latest.current !== columns) return; // it is of other columns, or of another file
    setChecked(result);
    setStep('check');
  };
  const runStart = async () => {
    const batch = checked && (await start.run({ list: checked.request, ...words }));
    if (!batch) return;
    setDone(true);
    notify(
      `${count(batch.rows, 'call')} accepted${batch.refused > 0 ? `, ${count(batch.refused, 'row')} refused` : ''}.`,
    );
    void navigate({ to: '/batches/$id', params: { id: batch.id }, ignoreBlocker: true });
  };

  return (
    <>
      <LeaveGuard active={list !== undefined && !done} sending={start.running} />
      <Steps
        current={step}
        open={{
          file: true,
          columns: list !== undefined,
          check: checked !== undefined,
          start: (checked?.preview.rows ?? 0) > 0,
        }}
        locked={start.running || check.running}
        onGo={setStep}
      />
      {step === 'file' && (
        <FileStep
          list={list}
          limits={limits}
          wrong={wrong}
          reading={reading}
          onFile={(file) => void take(file)}
          onNext={() => setStep('columns')}
        />
      )}
      {step === 'columns' && list && columns && (
        <ColumnsStep
          list={list}
          columns={columns}
          limits={limits}
          wrong={wrong}
          check={check}
          onReadAgain={(options) => void take(list.file, options)}
          onFile={(file) => void take(file)}
          onChange={(next) => {
            setColumns(next);
            setChecked(undefined); // it was of other columns
          }}
          onCheck={() => void runCheck()}
        />
      )}
      {(step === 'check' || step === 'start') && list && (
        <ReplaceFile list={list} locked={start.running} onFile={(file) => void take(file)} />
      )}
      {step === 'check' && checked && list && columns && (
        <CheckStep
          list={list}
          columns={columns}
          preview={checked.preview}
          reader={reader}
          onBack={() => setStep('columns')}
          onNext={() => setStep('start')}
        />
      )}
      {step === 'start' && checked && (
        <StartStep
          rows={checked.preview.rows}
          words={words}
          limits={limits}
          start={start}
          onChange={setWords}
          onStart={() => void runStart()}
          onBack={() => setStep('check')}
        />
      )}
    </>
  );
}

/** What a batch is called at first: as its file. */
const nameOf = ({ name }: File) => name.replace(/\.[a-z]{2,4}$/i, '').slice(0, 200);

/** A file that is much larger than what can be sent isn't even read: its other columns can't be that many. */
const readable = 20;

function useRead(reader: ReturnType<typeof useListReader>, mostRows = 100_000, mostBytes = 6_291_456) {
  const [reading, setReading] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const read = async (file: File, options: ReadOptions) => {
    if (file.size > mostBytes * readable) {
      const size = formatBytes(file.size);
      setWrong(`${file.name} has ${size}. At most ${formatBytes(mostBytes)} can be sent: split the file.`);
      return undefined;
    }
    setReading(true);
    setWrong(undefined);
    try {
      return await reader().ask('read', { file, most: mostRows, options });
    } catch (thrown) {
      setWrong(thrown instanceof ListError || thrown instanceof Problem ? thrown.message : String(thrown));
      return undefined;
    } finally {
      setReading(false);
    }
  };
  return { reading, wrong, read };
}

/** Asks before a list that was chosen is lost: by our links in a dialog, by the browser's own otherwise. */
function LeaveGuard({ active, sending }: { active: boolean; sending: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => active && current.pathname !== next.pathname,
    enableBeforeUnload: active,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      open={blocker.status === 'blocked'}
      title="Leave this batch?"
      confirm="Leave"
      danger
      onConfirm={() => blocker.proceed?.()}
      onClose={() => blocker.reset?.()}
    >
      <p>
        {sending
          ? 'The list is being sent. If you leave, it may or may not be accepted: look for it under Batches.'
          : 'No call of it was placed. The file, its columns and the agent’s settings have to be chosen again.'}
      </p>
    </ConfirmDialog>
  );
}
