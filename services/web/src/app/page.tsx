import { useMatch } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';

interface Props {
  title: string;
  /** Comes first in the window's title: "failed (12)". */
  detail?: string;
  /** Instead of the title, where the heading is more than a word. */
  heading?: ReactNode;
  /** Buttons at the right of the heading. */
  actions?: ReactNode;
  children: ReactNode;
}

let lastPath: string | undefined;

/** Every page: its heading, which takes focus after navigation so that screen readers begin there, and the window's title. */
export function Page({ title, detail, heading, actions, children }: Props) {
  const { pathname } = useMatch({ strict: false }); // of this page, not of one that is still loading
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (lastPath !== undefined && lastPath !== pathname) h1.current?.focus({ preventScroll: true });
    lastPath = pathname;
  }, [pathname]);
  return (
    <>
      <title>{[detail, title, 'Outdial'].filter(Boolean).join(' · ')}</title>
      <header className="page-head">
        <h1 ref={h1} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions && <div className="row">{actions}</div>}
      </header>
      {children}
    </>
  );
}
