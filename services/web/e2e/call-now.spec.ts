import { join } from 'node:path';
import type { Page, Route } from '@playwright/test';

import { expect, expected, heading, looksRight, test } from './test';

// A server of their own: they stop all admission, and it has prices.
test.use({ options: { limit: 4, flags: ['--prices', join(import.meta.dirname, 'prices.json')] } });

/** The keys of the requests that place a call, as often as one is sent. */
function watchKeys(page: Page) {
  const keys: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/calls')) {
      keys.push(request.headers()['idempotency-key']);
    }
  });
  return keys;
}

/** The next requests that place a call do so, and their answers get lost. */
async function loseAnswers(page: Page, times: number) {
  const lose = async (route: Route) => {
    await route.fetch();
    await route.abort();
  };
  await page.route('**/v1/calls', lose, { times });
}

test('a call is placed, and watched to its end', async ({ page, server, signIn }) => {
  await signIn('/call');
  const number = page.getByLabel('Number');
  const said = page.locator('.number-said');
  await expect(page.getByLabel('Country')).toHaveValue('GB'); // of the browser's language

  await number.fill('020 7946 0');
  await expect(said).toHaveText('No number of United Kingdom is like this.');
  await expect(number).not.toHaveAttribute('aria-invalid'); // while it is typed
  await number.blur();
  await expect(number).toHaveAttribute('aria-invalid', 'true');
  await number.fill('+49 151 23456789');
  await expect(page.getByLabel('Country')).toHaveValue('DE');
  await expect(said).toHaveText('Germany, mobile, 01512 3456789');
  await page.getByLabel('Country').selectOption('US');
  await expect(number).toHaveValue('151 23456789');
  await number.fill('202 555 0100');
  await expect(said).toHaveText('United States, landline or mobile, (202) 555-0100');

  await page.getByLabel('Instructions').fill('Ask whether Tuesday suits.');
  await page.getByLabel('First words').fill('Hello, this is Ada.');
  await page.getByLabel('Language').fill('en-US');
  await expect(page.getByText('American English', { exact: true })).toBeVisible();
  await page.getByLabel('Time limit').fill('9');
  await page.getByRole('button', { name: 'Call …' }).click();
  await expect(page.getByText('It has to be whole seconds from 10 to 3,600.')).toBeVisible();
  await expect(page.getByLabel('Time limit')).toBeFocused();
  await page.getByLabel('Time limit').fill('90');
  await page.getByRole('button', { name: 'Add metadata' }).click();
  await page.getByLabel('Key 1').fill('order');
  await page.getByLabel('Value 1').fill('8812');
  await looksRight(page, 'call-now');

  await page.getByRole('button', { name: 'Call …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Call this number?' });
  await expect(dialog).toContainText('+1 202 555 0100');
  await expect(dialog).toContainText('Rings now: 0 of 4 slots in use');
  await expect(dialog).toContainText('Hangs up after 1:30 of talk');
  await expect(dialog).toContainText('Up to about €0.04, at €0.02 a minute');
  await expect(dialog).toContainText('Hello, this is Ada.');
  await looksRight(page, 'call-now-confirm');
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();

  await expect(page).toHaveURL(/\/calls\/call_\w+$/);
  await expect(heading(page, '(202) 555-0100 US')).toBeVisible();
  await expect(page.locator('.call-now-doing .chip')).toHaveText('completed', { timeout: 40_000 });
  const placed = await server.api('GET', new URL(page.url()).pathname);
  expect(placed).toMatchObject({
    phone_number: '+12025550100',
    agent: {
      instructions: 'Ask whether Tuesday suits.',
      first_words: 'Hello, this is Ada.',
      language: 'en-US',
      time_limit: 90,
    },
    metadata: { order: '8812' },
  });
  await page.getByRole('link', { name: 'Call now' }).click();
  await expect(number, 'the next call is to somebody else').toHaveValue('');
  await expect(page.getByLabel('First words'), 'most likely with the same words').toHaveValue('Hello, this is Ada.');
});

test('presets are kept in the browser, without a number', async ({ page, signIn }) => {
  await signIn('/call');
  await page.getByLabel('Number').fill('+12025550142');
  await page.getByLabel('Voice').fill('Ada');
  await page.getByRole('button', { name: 'Keep as preset …' }).click();
  await page.getByLabel('Name').fill('Reminder');
  await looksRight(page, 'call-now-preset');
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
  await expect(page.getByLabel('Preset')).toHaveValue('Reminder');
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).toContain('Ada');
  expect(kept, 'no number in any storage').not.toContain('5550142');

  await page.reload();
  await page.getByLabel('Instructions').fill('Typed before.');
  await page.getByLabel('Preset').selectOption('Reminder');
  await expect(page.getByLabel('Voice')).toHaveValue('Ada');
  await expect(page.getByLabel('Instructions')).toHaveValue('');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByLabel('Instructions')).toHaveValue('Typed before.');
  await page.getByLabel('Preset').selectOption('Reminder');
  await page.getByRole('button', { name: 'Delete preset …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByLabel('Preset')).toBeDisabled();
  await expect(page.getByLabel('Voice')).toHaveValue('Ada');
});

test('a sign-in that runs out in the middle of the form loses nothing', async ({
  page,
  context,
  server,
  signIn,
  faults,
}) => {
  await signIn('/call');
  await page.getByLabel('Number').fill('+12025550101');
  await page.getByLabel('Instructions').fill('Ask whether Tuesday suits.');
  await page.getByRole('button', { name: 'Add metadata' }).click();
  await page.getByLabel('Key 1').fill('order');
  await page.getByLabel('Value 1').fill('expired-form');

  await page.route('**/oauth2/token', (route) => route.fulfill({ status: 400, json: { error: 'invalid_grant' } }), {
    times: 1,
  });
  await page.route('**/v1/calls', (route) => route.fulfill({ status: 401, body: '{}' }), { times: 1 });
  const keys = watchKeys(page);
  await page.getByRole('button', { name: 'Call …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Call this number?' });
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(dialog.getByText('Your sign-in ran out. Nothing is lost')).toBeVisible();
  await looksRight(page, 'call-now-expired');
  await expect(page.getByLabel('Instructions')).toHaveValue('Ask whether Tuesday suits.');

  const popup = context.waitForEvent('page');
  await dialog.getByRole('button', { name: 'Sign in again' }).click();
  const window = await popup;
  await expect.poll(() => window.isClosed()).toBe(true);
  await expect(page).toHaveURL(/\/calls\/call_\w+$/);
  expect(keys).toHaveLength(2);
  expect(keys[1], 'the same key').toBe(keys[0]);
  const { calls } = await server.api<{ calls: object[] }>('GET', '/calls?number=%2B12025550101');
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({
    agent: { instructions: 'Ask whether Tuesday suits.' },
    metadata: { order: 'expired-form' },
  });
  expected(faults, /40[01]/);
});

test('an answer that gets lost calls nobody twice, even from a dialog that was closed', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  await signIn('/call');
  await page.getByLabel('Number').fill('+12025550102');
  const keys = watchKeys(page);
  await loseAnswers(page, 2);
  const dialog = page.getByRole('dialog', { name: 'Call this number?' });
  await page.getByRole('button', { name: 'Call …' }).click();
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('The server can’t be reached.');
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => keys.length).toBe(2);
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Call …' }).click();
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await expect(page).toHaveURL(/\/calls\/call_\w+$/);
  expect(new Set(keys).size, 'one key').toBe(1);
  const { calls } = await server.api<{ calls: unknown[] }>('GET', '/calls?number=%2B12025550102');
  expect(calls).toHaveLength(1);
  expected(faults, /ERR_FAILED/);
});

test('an answer that gets lost calls nobody twice, even after another page was opened', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  await signIn('/call');
  await page.getByLabel('Number').fill('+12025550103');
  const keys = watchKeys(page);
  await loseAnswers(page, 1);
  const dialog = page.getByRole('dialog', { name: 'Call this number?' });
  await page.getByRole('button', { name: 'Call …' }).click();
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByRole('button', { name: 'Back' }).click();
  const nav = page.getByRole('navigation', { name: 'Pages', exact: true });
  await nav.getByRole('link', { name: 'Calls', exact: true }).click();
  await expect(heading(page, 'Calls')).toBeVisible();
  await page.getByRole('link', { name: 'Call now' }).first().click();
  await page.getByRole('button', { name: 'Call …' }).click();
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page).toHaveURL(/\/calls\/call_\w+$/);
  expect(keys).toHaveLength(2);
  expect(keys[1], 'the same key').toBe(keys[0]);
  const { calls } = await server.api<{ calls: unknown[] }>('GET', '/calls?number=%2B12025550103');
  expect(calls).toHaveLength(1);
  expected(faults, /ERR_FAILED/);
});

test('what the server refuses is said at its field, and the form stays', async ({ page, signIn, faults }) => {
  await signIn('/call');
  await page.getByLabel('Number').fill('+499001234567');
  await expect(page.locator('.number-said')).toContainText('premium rate');
  await page.getByLabel('Voice').fill('Ada');
  await page.getByRole('button', { name: 'Call …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('alert')).toContainText('premium');
  await expect(page.getByLabel('Number')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Voice')).toHaveValue('Ada');
  await looksRight(page, 'call-now-refused');
  await page.getByLabel('Number').fill('+12025550101');
  await expect(page.getByRole('alert')).toBeHidden();
  expected(faults, /422/);
});

test('the dialog says that the call waits; on a phone all of it fits', async ({ page, server, signIn }) => {
  await server.api('PUT', '/capacity', { stopped: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/call');
  await page.getByRole('button', { name: 'Call …' }).click();
  await expect(page.getByText('Whom to call? Type the number.')).toBeVisible();
  await expect(page.getByLabel('Number')).toBeFocused();
  await page.getByLabel('Number').fill('+44 20 7946 0000');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await looksRight(page, 'call-now-phone');
  await page.getByLabel('Number').press('Enter');
  await expect(page.getByRole('dialog')).toContainText('Waits: all admission is stopped');
  await looksRight(page, 'call-now-confirm-phone');
  await page.keyboard.press('Escape');
  await expect(page.getByLabel('Number'), 'the draft stays').toHaveValue('+44 20 7946 0000');
  await server.api('PUT', '/capacity', { stopped: false });
});

test('without the scope there is no form, and the page names the scope', async ({ page, signIn }) => {
  await page.route('**/config.json', async (route) => {
    const answer = await route.fetch();
    const config = (await answer.json()) as { scopes: string };
    await route.fulfill({ response: answer, json: { ...config, scopes: 'openid calls/read' } });
  });
  await signIn('/call');
  await expect(page.getByRole('alert')).toContainText('calls/write');
  await expect(page.getByLabel('Number')).toBeHidden();
  await expect(page.getByRole('link', { name: 'Call now' })).toBeHidden();
  await looksRight(page, 'call-now-forbidden');
});
