import type { Page } from '@playwright/test';

import type { Server } from './server';
import { expect, expected, test } from './test';

test.use({ options: { limit: 6 } }); // a server of its own: no call of it ever starts

test.beforeAll(({ server }) => server.api('PUT', '/capacity', { stopped: true }));

const row = (page: Page, number: string) => page.getByRole('row', { name: new RegExp(number) });

interface Kit {
  page: Page;
  server: Server;
  signIn: (path: string) => Promise<void>;
}

/** Makes a call to each number, and chooses them in the list. */
async function choose({ page, server, signIn }: Kit, ...numbers: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const number of numbers) {
    const phone_number = `+1202${number.replace('-', '')}`;
    ids.push((await server.api<{ id: string }>('POST', '/calls', { phone_number })).id);
  }
  await signIn('/calls?status=queued');
  for (const number of numbers) await row(page, number).getByRole('checkbox').check();
  return ids;
}

test('what can’t be canceled stays chosen, the dialog says why, and another try cancels the rest', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  const ids = await choose({ page, server, signIn }, '555-0141', '555-0142', '555-0143');
  const keys: Record<string, (string | undefined)[]> = {};
  await page.route('**/v1/calls/*/cancel', async (route) => {
    const id = new URL(route.request().url()).pathname.split('/').at(-2) ?? '';
    (keys[id] ??= []).push(route.request().headers()['idempotency-key']);
    if (id === ids[0] || keys[id].length > 1) return route.continue();
    const problem = { code: 'unavailable', detail: 'The store is busy.', status: 503, request_id: 'req_busy' };
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json: problem });
  });
  await page.getByRole('button', { name: 'Cancel 3 calls …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Cancel 3 calls' }).click();

  await expect(dialog.getByRole('heading', { name: 'Cancel 2 calls?' })).toBeVisible();
  await expect(dialog.getByText('1 call canceled, 2 calls not canceled.')).toBeVisible();
  await expect(dialog.getByRole('alert')).toContainText('The store is busy.');
  await expect(dialog.getByRole('alert')).toContainText('req_busy');
  await expect(row(page, '555-0141').getByRole('checkbox')).not.toBeChecked();
  await expect(row(page, '555-0142').getByRole('checkbox')).toBeChecked();
  await expect(row(page, '555-0143').getByRole('checkbox')).toBeChecked();

  await dialog.getByRole('button', { name: 'Try again' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('status').getByText('3 calls canceled')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Selection' })).toBeHidden();
  for (const id of ids) expect(await server.api('GET', `/calls/${id}`)).toMatchObject({ status: 'canceled' });
  const sent = ids.map((id) => keys[id] ?? []);
  expect(sent.map((each) => each.length)).toEqual([1, 2, 2]);
  expect(new Set(sent.flat()).size, 'a key for each call, the same in both tries').toBe(3);
  ids.forEach((id, place) => expect(sent[place]?.[0]).toMatch(new RegExp(`^[0-9a-f-]{36}\\.${id}$`)));
  expected(faults, /503/);
});

test('whoever gives up keeps the rest chosen, and focus', async ({ page, server, signIn, faults }) => {
  await choose({ page, server, signIn }, '555-0144', '555-0145');
  await page.route('**/v1/calls/*/cancel', (route) => route.abort());
  await page.getByRole('button', { name: 'Cancel 2 calls …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Cancel 2 calls' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The server can’t be reached.');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: 'Cancel 2 calls …' })).toBeFocused();
  expected(faults, /ERR_FAILED/);

  await page.getByRole('button', { name: 'Cancel 2 calls …' }).click();
  await expect(dialog.getByText('2 waiting calls will not be placed.'), 'as if for the first time').toBeVisible();
});

test('focus goes to the table when what was pressed vanishes', async ({ page, server, signIn }) => {
  await choose({ page, server, signIn }, '555-0146', '555-0147');
  const table = page.getByRole('table', { name: 'Calls, newest first' });
  await page.getByRole('button', { name: 'Clear selection' }).click();
  await expect(page.getByRole('region', { name: 'Selection' })).toBeHidden();
  await expect(table).toBeFocused();

  await row(page, '555-0146').getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Cancel 1 call …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 1 call' }).click();
  await expect(page.getByRole('region', { name: 'Selection' })).toBeHidden();
  await expect(table).toBeFocused();
  await page.keyboard.press('j'); // and from there to the first row
  await expect(row(page, '555-0147').getByRole('link').first()).toBeFocused();

  await server.api('POST', '/calls', { phone_number: '+12025550148' });
  await page.getByRole('button', { name: 'Show 1 new' }).click();
  await expect(row(page, '555-0148')).toBeVisible();
  await expect(table).toBeFocused();
});

test('clearing the filters of an empty list leaves its size', async ({ page, signIn }) => {
  await signIn('/calls?status=ringing&size=100');
  await expect(page.getByText('There is no call in status ringing.')).toBeVisible();
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(/\/calls\?size=100$/);
});
