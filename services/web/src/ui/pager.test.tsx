import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  linkOptions,
  RouterProvider,
  useSearch,
} from '@tanstack/react-router';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Pager } from './pager';

/** The cursor of the next page, of those with paused batches; of the canceled ones there is one page. */
const nextOf: Record<string, string | undefined> = { first: 'b', b: 'c' };

function List() {
  const search: { cursor?: string; status?: 'paused' | 'canceled' } = useSearch({ strict: false });
  return (
    <>
      <h1>{`page ${search.cursor ?? 'first'}, ${search.status}`}</h1>
      <Pager
        cursor={search.cursor}
        next={search.status === 'paused' ? nextOf[search.cursor ?? 'first'] : undefined}
        pageAt={(cursor) => linkOptions({ to: '/batches', search: { ...search, cursor } })}
      />
    </>
  );
}

function show(address: string) {
  const root = createRootRoute();
  const list = createRoute({ getParentRoute: () => root, path: '/batches', component: List });
  const history = createMemoryHistory({ initialEntries: [address] });
  render(<RouterProvider router={createRouter({ routeTree: root.addChildren([list]), history }) as never} />);
}

const page = (name: string) => screen.findByRole('heading', { name });
const links = () => screen.queryAllByRole('link').map((link) => link.textContent);
const press = (name: string) => userEvent.click(screen.getByRole('link', { name }));

describe('the pages of a list', () => {
  beforeEach(() => vi.stubGlobal('scrollTo', () => undefined));

  it('are gone through to the end and back, with the filter', async () => {
    show('/batches?status=paused');
    await page('page first, paused');
    expect(links()).toEqual(['Older']);
    await press('Older');
    await page('page b, paused');
    expect(links()).toEqual(['Newer', 'Older']);
    await press('Older');
    await page('page c, paused');
    expect(links()).toEqual(['Newer']);
    await press('Newer');
    await page('page b, paused');
    await press('Newer');
    await page('page first, paused');
    expect(links()).toEqual(['Older']);
  });

  it('opened by an address lead to the newest: those between are unknown', async () => {
    show('/batches?status=paused&cursor=c');
    await page('page c, paused');
    expect(links()).toEqual(['Newest']);
    await press('Newest');
    await page('page first, paused');
  });

  it('are not spoken of where there is one', async () => {
    show('/batches?status=canceled');
    await page('page first, canceled');
    expect(screen.queryByRole('navigation')).toBeNull();
  });
});
