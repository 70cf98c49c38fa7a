import type { Page } from '@playwright/test';

import { expect, looksRight, test } from './test';

test.use({ options: { limit: 7 } });

/** A batch of a list. */
const batch = (name: string, status: string, place: number) => ({
  id: `batch_01KJPQ2M4N6P8R0S3T5V7W9${String(999 - place).padStart(3, '0')}`,
  name,
  status,
  rows: 10,
  refused: 0,
  refused_by_code: {},
  counts: { waiting: 6, active: 0, completed: 4, busy: 0, 'no-answer': 0, failed: 0, canceled: 0, expired: 0 },
  agent: { time_limit: 600 },
  created_at: new Date(Date.now() - place * 60_000).toISOString(),
  updated_at: new Date().toISOString(),
});

const many = (count: number, status: string, from: number) =>
  Array.from({ length: count }, (_, place) => batch(`${status} ${from + place}`, status, from + place));

type Pages = Record<string, { batches: ReturnType<typeof batch>[]; next_cursor?: string }>;

/** Answers for the API, by the query that is asked; what isn't among them is not asked. */
async function answer(page: Page, pages: Pages) {
  await page.route('**/v1/batches?*', (route) => {
    const { searchParams } = new URL(route.request().url());
    searchParams.delete('limit');
    const found = pages[searchParams.toString()];
    return found ? route.fulfill({ json: found }) : route.abort();
  });
}

test('batches in a status are asked of the API; a page may be short or empty, and is no end', async ({
  page,
  signIn,
}) => {
  await answer(page, {
    '': { batches: many(50, 'completed', 0), next_cursor: 'c1' },
    'status=paused': { batches: [], next_cursor: 'p1' },
    'status=paused&cursor=p1': { batches: [batch('of last week', 'paused', 300)], next_cursor: 'p2' },
    'status=paused&cursor=p2': { batches: [] },
  });
  await signIn('/batches');
  await expect(page.getByRole('link', { name: 'Older' })).toBeVisible();
  const statuses = page.getByRole('group', { name: 'Status' });
  await statuses.getByRole('button', { name: 'paused' }).click();
  await expect(page).toHaveURL(/\/batches\?status=paused$/);
  await expect(page.getByText('Of the batches looked through so far, none is paused.')).toBeVisible();
  await expect(page).toHaveTitle('paused (0+) · Batches · Outdial');
  await looksRight(page, 'batches-further');

  await page.getByRole('link', { name: 'Look further' }).click();
  await expect(page.getByRole('row', { name: /of last week/ })).toBeVisible();
  await expect(page).toHaveTitle('paused (1+) · Batches · Outdial');
  await page.getByRole('link', { name: 'Look further' }).click();
  await expect(page.getByText('No further batch is paused.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Look further' })).toBeHidden();
  await page.getByRole('link', { name: 'Newer' }).click();
  await expect(page.getByRole('row', { name: /of last week/ })).toBeVisible();

  await statuses.getByRole('button', { name: 'paused' }).click(); // pressed once more it is no filter
  await expect(page).toHaveURL(/\/batches$/);
  await expect(page.getByRole('row', { name: /completed 49/ })).toBeVisible();
});

test('none in a status is not the same as none at all', async ({ page, signIn }) => {
  await answer(page, { 'status=canceled': { batches: [] }, '': { batches: many(1, 'paused', 0) } });
  await signIn('/batches?status=canceled');
  await expect(page.getByText('No batch is canceled.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'No batches yet' })).toBeHidden();
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page.getByRole('row', { name: /paused 0/ })).toBeVisible();
});

test('pages lead to older batches and back, and focus stays with the list', async ({ page, signIn }) => {
  await answer(page, {
    '': { batches: many(50, 'completed', 0), next_cursor: 'c1' },
    'cursor=c1': { batches: many(50, 'completed', 50), next_cursor: 'c2' },
    'cursor=c2': { batches: many(3, 'completed', 100) },
  });
  await signIn('/batches');
  const pages = page.getByRole('navigation', { name: 'Pages of the list' });
  await expect(pages.getByRole('link')).toHaveText(['Older']);
  await pages.getByRole('link', { name: 'Older' }).click();
  await expect(page.getByRole('row', { name: /completed 99/ })).toBeVisible();
  await expect(pages.getByRole('link')).toHaveText(['Newer', 'Older']);
  await expect(pages.getByRole('link', { name: 'Older' })).toBeFocused();
  await pages.getByRole('link', { name: 'Older' }).click();
  await expect(page.getByRole('row', { name: /completed 102/ })).toBeVisible();
  await expect(pages.getByRole('link')).toHaveText(['Newer']);
  await expect(page.getByRole('table', { name: 'Batches, newest first' })).toBeFocused(); // Older is gone

  await pages.getByRole('link', { name: 'Newer' }).click();
  await expect(page.getByRole('row', { name: /completed 50/ })).toBeVisible();
  await pages.getByRole('link', { name: 'Newer' }).click();
  await expect(page).toHaveURL(/\/batches$/);
  await page.goto('/batches?cursor=c2'); // an address from somewhere else
  await pages.getByRole('link', { name: 'Newest' }).click();
  await expect(page.getByRole('row', { name: /completed 0 / })).toBeVisible();
});

test('what has not changed is not sent again', async ({ page, context, server, signIn }) => {
  const rows = [{ phone_number: '+12025550101' }]; // is busy, and soon over
  const batch = await server.api<{ id: string }>('POST', '/batches', { name: 'for a list', rows });
  const status = async () => (await server.api<{ status: string }>('GET', `/batches/${batch.id}`)).status;
  await expect.poll(status, { timeout: 40_000 }).toBe('completed');
  await signIn('/capacity');
  const unchanged = async (list: string) => {
    const other = await context.newPage();
    const answer = other.waitForResponse(
      (response) => new URL(response.url()).pathname === `/v1/${list}` && response.status() === 304,
      { timeout: 40_000 },
    );
    await other.goto(`/${list}`);
    await answer;
    await expect(other.getByText(list === 'dead-letters' ? 'No dead letters' : 'Newest first')).toBeVisible();
    await expect(other.getByRole('alert')).toBeHidden();
  };
  await Promise.all(['calls', 'batches', 'dead-letters'].map(unchanged));
  await expect(page.getByRole('alert')).toBeHidden();
});
