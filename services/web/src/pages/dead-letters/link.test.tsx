import { render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { describe, expect, it, vi } from 'vitest';

import { stringifySearch } from '../../app/search';
import { DeadLettersLink } from './link';

const scopes = vi.hoisted(() => new Set<string>());
vi.mock('../../auth/auth', () => ({ useScopes: () => (scope: string) => scopes.has(scope) }));
vi.mock('@tanstack/react-router', () => ({
  Link: ({ to, search, children }: { to: string; search: Record<string, unknown>; children: ReactNode }) => (
    <a href={to + stringifySearch(search)}>{children}</a>
  ),
}));

const link = (props: Omit<Parameters<typeof DeadLettersLink>[0], 'children'>) =>
  render(<DeadLettersLink {...props}>Dead letters</DeadLettersLink>)
    .container.querySelector('a')
    ?.getAttribute('href');

describe('the link to dead letters', () => {
  it.each([
    [{ cause: 'launch_refused' }, '/dead-letters?cause=launch_refused'],
    [{ batch: 'batch_1' }, '/dead-letters?batch=batch_1'],
  ] as const)('with %j leads administrators to %s', (props, href) => {
    scopes.add('admin');
    expect(link(props)).toBe(href);
  });

  it('is not there for others, whom the page would refuse', () => {
    scopes.clear();
    scopes.add('read');
    expect(link({ batch: 'batch_1' })).toBeUndefined();
  });
});
