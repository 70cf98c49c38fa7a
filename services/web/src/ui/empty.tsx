import type { ReactNode } from 'react';

import { CopyButton } from './copy';

interface Props {
  title: string;
  /** What this page is for, and the one button. */
  children?: ReactNode;
  /** The same as a command. */
  command?: string;
}

export function Empty({ title, children, command }: Props) {
  return (
    <div className="empty stack">
      <h2>{title}</h2>
      {children}
      {command && (
        <p className="row">
          <span className="muted small">or in a terminal</span>
          <code>{command}</code>
          <CopyButton text={command} what="the command" />
        </p>
      )}
    </div>
  );
}
