import { expect, expected, test } from './test';

test.use({ options: { limit: 9 } }); // a server of their own, because one of them stops it
test.describe.configure({ mode: 'serial' });

test('a token that runs out is renewed without anybody noticing', async ({ page, signIn, faults }) => {
  await signIn('/calls');
  const renewed = page.waitForRequest((request) => request.url().endsWith('/oauth2/token'));
  await page.route('**/v1/calls?*', (route) => route.fulfill({ status: 401, body: '{}' }), { times: 1 });
  await page.getByRole('button', { name: 'busy' }).click();
  expect((await renewed).postData()).toContain('grant_type=refresh_token');
  await expect(page.getByText('There is no call in status busy.')).toBeVisible();
  expected(faults, /401/);
});

test('a sign-in that ran out is renewed in a window, and the page goes on where it was', async ({
  page,
  signIn,
  faults,
  context,
}) => {
  await signIn('/calls');
  await page.route('**/oauth2/token', (route) => route.fulfill({ status: 400, json: { error: 'invalid_grant' } }), {
    times: 1,
  });
  await page.route('**/v1/calls?*', (route) => route.fulfill({ status: 401, body: '{}' }), { times: 1 });
  await page.getByLabel('Number').fill('half typed');
  await page.getByRole('button', { name: 'busy' }).click();
  await expect(page.getByText('Your sign-in ran out.')).toBeVisible();

  const popup = context.waitForEvent('page');
  await page.getByRole('button', { name: 'Sign in again' }).click();
  const window = await popup;
  await expect.poll(() => window.isClosed()).toBe(true);
  await expect(page.getByText('There is no call in status busy.')).toBeVisible();
  await expect(page.getByText('Your sign-in ran out.')).toBeHidden();
  await expect(page.getByLabel('Number')).toHaveValue('half typed');
  expected(faults, /40[01]/);
});

test('a server that is away is told of, and the page goes on when it is back', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  await server.api('POST', '/calls', { phone_number: '+12025550101' });
  await signIn('/calls');
  const row = page.getByRole('row', { name: /555-0101/ }).first();
  await expect(row).toBeVisible();
  await server.stop();
  await expect(page.getByText('The server can’t be reached. What you see is of')).toBeVisible();
  await expect(row).toBeVisible();
  await server.start();
  await expect(page.getByText('What you see is of')).toBeHidden();
  expected(faults, /ERR_CONNECTION|Failed to load resource/);
});
