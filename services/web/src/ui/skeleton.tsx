import { useEffect, useState } from 'react';

/** True once a while has passed: what comes sooner than that needs no placeholder, which would only flicker. */
export function useLate(after = 300): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), after);
    return () => clearTimeout(timer);
  }, [after]);
  return late;
}

/** Rows of the real height, so that nothing jumps when the data comes. */
export function Skeleton({ rows = 5, what }: { rows?: number; what: string }) {
  const late = useLate();
  return (
    <div className="skeleton" role="status" data-late={late || undefined}>
      <span className="visually-hidden">{late ? `${what} is loading` : ''}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton-row" aria-hidden="true">
          <div className="skeleton-bar" />
        </div>
      ))}
    </div>
  );
}

/** The whole window waits. */
export function Loading({ what }: { what: string }) {
  return <main className="plain muted">{useLate() && <p role="status">{what} …</p>}</main>;
}
