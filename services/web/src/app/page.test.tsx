import { render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { Page } from './page';

const at = vi.hoisted(() => ({ pathname: '/batches' }));
vi.mock('@tanstack/react-router', () => ({ useMatch: () => at }));

it('gives focus to the heading after navigation, and to the one that takes its place', () => {
  const page = (title: string) => (
    <Page key={title} title={title}>
      <button type="button">Pause</button>
    </Page>
  );
  const { rerender } = render(page('Batches'));
  expect(document.activeElement, 'the first page takes none').toBe(document.body);
  at.pathname = '/batches/1';
  rerender(page('Batch'));
  expect(document.activeElement?.textContent).toBe('Batch');
  rerender(page('Spring')); // the batch is there
  expect(document.activeElement?.textContent).toBe('Spring');

  screen.getByRole('button').focus();
  rerender(page('Summer'));
  expect(document.activeElement, 'it was elsewhere').toBe(document.body);
});
