import { useEffect, useRef, type ReactNode } from 'react';

import { Icon } from '../../ui/icon';

const names = { file: 'File', columns: 'Columns', check: 'Check', start: 'Start' } as const;
export type Step = keyof typeof names;
const order = Object.keys(names) as Step[];

interface Props {
  current: Step;
  /** Whether a step can be gone to. */
  open: Record<Step, boolean>;
  /** While something is sent, nobody goes anywhere. */
  locked: boolean;
  onGo: (step: Step) => void;
}

export function Steps({ current, open, locked, onGo }: Props) {
  return (
    <nav aria-label="Steps">
      <ol className="steps">
        {order.map((step, place) => {
          const passed = place < order.indexOf(current);
          return (
            <li key={step} data-passed={passed || undefined}>
              <button
                type="button"
                aria-current={step === current ? 'step' : undefined}
                disabled={step !== current && (!open[step] || locked)}
                onClick={() => onGo(step)}
              >
                <span className="step-mark">{passed ? <Icon name="tick" /> : place + 1}</span>
                {names[step]}
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

/** One step. Its heading takes focus when it comes, so that keyboard and screen reader go on there. */
export function StepPanel({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="step stack">
      <h2 ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </section>
  );
}
