import type { ReactNode } from 'react';

/** A page without the shell: before and after sign-in. */
export function Plain({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="plain stack">
      <title>{`${title} · Outdial`}</title>
      <h1>{title}</h1>
      {children}
    </main>
  );
}
