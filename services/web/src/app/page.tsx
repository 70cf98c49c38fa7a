import { useMatch } from '@tanstack/react-router';
import { useEffect, useLayoutEffect, useRef, type ReactNode } from 'react';

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
let focusWentWithHeading = false;

/** Every page: its heading, which takes focus after navigation so that screen readers begin there, and the window's title. */
export function Page({ title, detail, heading, actions, children }: Props) {
  const { pathname } = useMatch({ strict: false }); // of this page, not of one that is still loading
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const navigated = lastPath !== undefined && lastPath !== pathname;
    if (navigated || focusWentWithHeading) h1.current?.focus({ preventScroll: true });
    focusWentWithHeading = false;
    lastPath = pathname;
  }, [pathname]);
  // A page that loads may be another `Page` than the one that comes of it: focus goes on from heading to heading.
  useLayoutEffect(() => {
    const own = h1.current;
    return () => {
      focusWentWithHeading = own !== null && own === document.activeElement;
    };
  }, []);
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
