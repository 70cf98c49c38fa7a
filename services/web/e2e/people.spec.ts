import type { Browser, Page } from '@playwright/test';

import type { Server } from './server';
import { expect, expected, heading, looksRight, test, watch } from './test';

test.use({ options: { limit: 5, speed: 20 } });
test.describe.configure({ mode: 'serial' });

/** A page of another person, in a browser that knows nothing of the first. */
async function pageOf(
  { browser, server, faults }: { browser: Browser; server: Server; faults: string[] },
  user: string,
): Promise<{ page: Page; token: string }> {
  const context = await browser.newContext({ baseURL: server.url });
  await watch(context, faults);
  const page = await context.newPage();
  await page.goto('/calls');
  await page.getByLabel(/user/i).fill(user);
  await page.getByLabel(/password/i).fill(server.password);
  const request = page.waitForRequest(/\/v1\/calls/);
  await page.getByRole('button', { name: /sign in/i }).click();
  const token = (await request).headers().authorization ?? '';
  await expect(heading(page, 'Calls')).toBeVisible();
  return { page, token };
}

async function call(server: Server, token: string, phone_number: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/calls`, {
    method: 'POST',
    headers: { Authorization: token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ phone_number }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

test('two owners don’t see each other, and an administrator sees both', async ({
  browser,
  page,
  server,
  signIn,
  faults,
}) => {
  server.addUser('anna');
  server.addUser('ben');
  const anna = await pageOf({ browser, server, faults }, 'anna');
  const ben = await pageOf({ browser, server, faults }, 'ben');
  const hers = await call(server, anna.token, '+12025550101');
  await call(server, ben.token, '+12025550102');

  await expect(anna.page.getByRole('row', { name: /555-0101/ })).toBeVisible();
  await expect(ben.page.getByRole('row', { name: /555-0102/ })).toBeVisible();
  await expect(anna.page.getByRole('row', { name: /555-0102/ })).toBeHidden();
  await expect(ben.page.getByRole('row', { name: /555-0101/ })).toBeHidden();
  await ben.page.goto(`/calls/${hers}`);
  await expect(ben.page.getByText(/no such call|not yours/i).first()).toBeVisible();

  await signIn('/calls');
  await expect(page.getByRole('row', { name: /555-0101/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /555-0102/ })).toBeVisible();
  await anna.page.context().close();
  await ben.page.context().close();
  expected(faults, /404/);
});

test('a person who is no administrator is shown no dead letters and can change no capacity', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  server.addUser('carla');
  await signIn('/capacity', 'carla');
  await expect(page.getByRole('heading', { name: 'Waiting, by reason' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Limit and rate' })).toBeHidden();
  await expect(page.getByRole('button', { name: /Stop all admission/ })).toBeHidden();
  const nav = page.getByRole('navigation', { name: 'Pages', exact: true });
  await expect(nav.getByRole('link')).toHaveText(['Calls', 'Call now', 'Batches', 'Capacity']);

  await page.goto('/dead-letters');
  await expect(page.getByRole('alert')).toContainText('calls/admin');
  await expect(page.getByRole('alert')).toContainText('Ask whoever gives out rights for this scope');
  await looksRight(page, 'dead-letters-forbidden');
  expected(faults, /403/);
});

test('a person who may only read is offered nothing that writes', async ({ page, server, signIn }) => {
  server.addUser('dora');
  await page.route('**/config.json', async (route) => {
    const response = await route.fetch();
    const config = (await response.json()) as object;
    await route.fulfill({ response, json: { ...config, scopes: 'openid profile calls/read' } });
  });
  await signIn('/calls', 'dora');
  await expect(page.getByRole('heading', { name: 'No calls yet' })).toBeVisible();
  const nav = page.getByRole('navigation', { name: 'Pages', exact: true });
  await expect(nav.getByRole('link')).toHaveText(['Calls', 'Batches', 'Capacity']);
  await expect(page.getByRole('main').getByRole('link', { name: 'Call now' })).toBeHidden();
  await expect(page.getByText('outdial call')).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('n'); // Call now isn't theirs
  await expect(page).toHaveURL(/\/calls$/);
});
