import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { useApi, type Call, type Schemas } from '../../api/client';
import { wake } from '../../api/live';
import { usePolled } from '../../api/polled';
import { Button } from '../../ui/button';
import { formatNumber } from '../../ui/format';
import { PhoneNumber } from '../../ui/phone';
import { ProblemView } from '../../ui/problem';
import { Time } from '../../ui/time';
import { filterSentence, type DeadLettersSearch } from './search';
import { resultSentence, skippedByCode } from './words';

/** What became of chosen calls. */
export interface Chosen {
  calls: readonly Call[];
  result: Schemas['RedriveResult'];
}

const fewCalls = 10; // as many are listed at once

/** The answer about chosen calls: how many, and each of them. */
export function ChosenResult({ chosen: { calls, result }, onClose }: { chosen: Chosen; onClose: () => void }) {
  const numbers = new Map(calls.map((call) => [call.id, call.phone_number]));
  return (
    <section className="redrive-result stack" aria-labelledby="result-heading">
      <h2 id="result-heading">{resultSentence(result.redriven.length, skippedByCode(result))}</h2>
      <details open={calls.length <= fewCalls}>
        <summary className="small">Each of them</summary>
        <ul className="redriven small">
          {result.redriven.map((id) => (
            <li key={id}>
              <CallLink id={id} number={numbers.get(id)} /> redriven
            </li>
          ))}
          {result.skipped.map(({ id, message }) => (
            <li key={id}>
              <CallLink id={id} number={numbers.get(id)} /> skipped: {message}
            </li>
          ))}
        </ul>
      </details>
      <div className="row">
        <Button onClick={onClose}>Close</Button>
      </div>
    </section>
  );
}

const CallLink = ({ id, number }: { id: string; number: string | undefined }) => (
  <Link to="/calls/$id" params={{ id }}>
    {number ? <PhoneNumber number={number} /> : id}
  </Link>
);

interface AllProps {
  id: string;
  /** How many matched when it began, as far as was known. */
  expected: number | undefined;
  search: DeadLettersSearch;
}

/** A redrive of all, live until it is done. Its id is in the address, so that a reload goes on showing it. */
export function AllResult({ id, expected, search }: AllProps) {
  const navigate = useNavigate();
  const { data, problem, askAgain } = useRedrive(id);
  const status = data?.status;
  useEffect(() => {
    if (status === 'completed') wake(); // list and counts have changed
  }, [status]);
  const close = () => void navigate({ to: '/dead-letters', search: { ...search, redrive: undefined }, replace: true });
  if (!data) {
    if (!problem) return <div className="redrive-result redrive-place" />;
    return <ProblemView problem={problem} onRetry={askAgain} />;
  }
  const done = data.status === 'completed';
  const sentence = resultSentence(data.redriven, data.skipped_by_code);
  return (
    <section className="redrive-result stack" aria-labelledby="redrive-heading">
      <h2 id="redrive-heading">{done ? sentence : `Redriving … ${sentence} so far`}</h2>
      <Progress redrive={data} expected={expected} />
      <p className="small muted">
        All dead letters {filterSentence(data)} · begun <Time at={data.created_at} as="seconds" />.{' '}
        {!done && 'It goes on without this page.'}
      </p>
      {problem && <ProblemView problem={problem} onRetry={askAgain} beside />}
      <div className="row">
        {data.batch && (
          <Link to="/calls" search={{ batch: data.batch }} className="button">
            Calls of the batch
          </Link>
        )}
        <Button onClick={close}>Close</Button>
      </div>
    </section>
  );
}

function useRedrive(id: string) {
  const api = useApi();
  return usePolled({
    key: ['redrive', id],
    ask: (request) => api.GET('/dead-letters/redrives/{id}', { params: { path: { id } }, ...request }),
    fast: 1000,
    moving: () => true,
    final: ({ status }) => status === 'completed',
  });
}

/** How far it is; without a number to reach it only moves. */
function Progress({ redrive: { status, redriven, skipped }, expected }: ProgressProps) {
  const looked = redriven + skipped;
  const done = status === 'completed';
  const max = done ? Math.max(1, looked) : expected && Math.max(expected, looked);
  return (
    <progress
      aria-label={`${formatNumber(looked)} calls looked at`}
      max={max ?? 1}
      value={done ? max : max && looked}
    />
  );
}

interface ProgressProps {
  redrive: Schemas['Redrive'];
  expected: number | undefined;
}
