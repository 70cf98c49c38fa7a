import { useEffect, useRef } from 'react';

import type { Problem } from '../api/problem';
import { Button } from './button';
import { CopyButton } from './copy';
import { Icon } from './icon';

/** What to do about it, where the problem's own sentence doesn't say so. */
function advice(problem: Problem): string | undefined {
  switch (problem.code) {
    case 'forbidden':
      return 'Ask whoever gives out rights for this scope; then sign out and in again.';
    case 'internal':
      return 'The server’s log has the cause under the request id.';
    case 'unexpected':
      return 'If it happens again, report it with what you did.';
    default:
      return problem.status >= 502 ? 'It is usually over in a moment.' : undefined;
  }
}

interface Props {
  problem: Problem;
  onRetry?: () => void;
  /** What the button for it says. */
  retry?: string;
  /** Beside data that is still shown, rather than in its place. */
  beside?: boolean;
}

/** The problem's sentence, what to do, the request id, and Try again. */
export function ProblemView({ problem, onRetry, retry = 'Try again', beside }: Props) {
  return (
    <div className={beside ? 'problem problem-beside' : 'problem'} role="alert">
      <Icon name="warning" />
      <div className="problem-text">
        <p>{problem.message}</p>
        {problem.fields.length > 1 && (
          <ul>
            {problem.fields.map((field, place) => (
              <li key={place}>
                {field.row !== undefined && `Row ${field.row}: `}
                {field.detail}
              </li>
            ))}
          </ul>
        )}
        {advice(problem) && <p className="muted">{advice(problem)}</p>}
        {problem.requestId && (
          <p className="label">
            Request <code>{problem.requestId}</code> <CopyButton text={problem.requestId} what="the request id" />
          </p>
        )}
      </div>
      {onRetry && <Button onClick={onRetry}>{retry}</Button>}
    </div>
  );
}

/** The same above a form, which takes focus so that nobody misses it. */
export function FormProblem({ problem }: { problem: Problem | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problem) box.current?.focus();
  }, [problem]);
  if (!problem) return null;
  return (
    <div ref={box} tabIndex={-1}>
      <ProblemView problem={problem} beside />
    </div>
  );
}
