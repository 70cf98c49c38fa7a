import { createContext, useContext, useEffect, useId, useRef, useState, type ReactNode } from 'react';

import type { Problem } from '../api/problem';
import { Button } from './button';
import { TextField } from './field';
import { ProblemView } from './problem';

/**
 * What every dialog says first, if there is anything: a dialog keeps what stands on
 * the page out of reach.
 */
export const DialogNotice = createContext<ReactNode>(null);

interface DialogProps {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/**
 * The browser's own dialog: it keeps focus inside, gives it back afterwards, and
 * closes by Escape. What is inside exists only while it is open.
 */
export function Dialog({ open, title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const notice = useContext(DialogNotice);
  useEffect(() => {
    if (open && !dialog.current?.open) {
      dialog.current?.showModal(); // focuses the first button, and knows nothing of React's autoFocus
      dialog.current?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    }
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={heading} onClose={onClose}>
      {open && (
        <div className="stack">
          <h2 id={heading}>{title}</h2>
          {notice}
          {children}
        </div>
      )}
    </dialog>
  );
}

interface ConfirmProps {
  open: boolean;
  /** A question, or what is about to be done. */
  title: string;
  /** What will happen, in numbers. */
  children: ReactNode;
  /** The verb of the button that does it: "Cancel 12 calls". */
  confirm: string;
  danger?: boolean;
  /** A word that has to be typed first, where there is no way back. */
  typed?: string;
  running?: boolean;
  problem?: Problem;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is done. It stays open while it is done, and when it failed. */
export function ConfirmDialog(props: ConfirmProps) {
  return (
    <Dialog open={props.open} title={props.title} onClose={props.onClose}>
      <Confirm {...props} />
    </Dialog>
  );
}

function Confirm({ children, confirm, danger, typed, running, problem, onConfirm, onClose }: ConfirmProps) {
  const [text, setText] = useState('');
  const [missing, setMissing] = useState(false);
  const submit = () => {
    if (running) return;
    if (typed !== undefined && text.trim() !== typed) setMissing(true);
    else onConfirm();
  };
  return (
    <form
      className="stack"
      method="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {children}
      {typed !== undefined && (
        <TextField
          label={`Type ${typed} to confirm`}
          error={missing && text.trim() !== typed ? `Type ${typed}, just as it stands here.` : undefined}
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {problem && <ProblemView problem={problem} beside />}
      <div className="row dialog-buttons">
        <Button kind={danger ? 'danger' : 'primary'} type="submit" busy={running}>
          {confirm}
        </Button>
        <Button onClick={onClose} data-autofocus={(danger && typed === undefined) || undefined}>
          {danger ? 'Keep' : 'Back'}
        </Button>
      </div>
    </form>
  );
}
