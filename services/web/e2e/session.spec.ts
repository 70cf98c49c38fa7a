import { expect, expected, heading, looksRight, test } from './test';

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

test('a sign-in that failed is told of, and the next one leads to where the first should have', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  const refused = { status: 400, json: { error: 'invalid_grant', error_description: 'The code is too old.' } };
  await page.route('**/oauth2/token', (route) => route.fulfill(refused), { times: 1 });
  await signIn('/calls?status=busy');
  await expect(heading(page, 'Sign-in did not work')).toBeVisible();
  await expect(page.getByText('The code is too old.')).toBeVisible();
  await looksRight(page, 'sign-in-failed');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(heading(page, 'Calls')).toBeVisible();
  expect(page.url()).toBe(`${server.url}/calls?status=busy`);
  expected(faults, /400/);
});

test('a console whose configuration says too little says what is missing', async ({ page }) => {
  await page.route('**/config.json', (route) => route.fulfill({ json: { api: '/v1', scopes: 'openid' } }));
  await page.goto('/calls');
  await expect(heading(page, 'The console can’t start')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('/config.json says nothing of issuer, client_id.');
  await looksRight(page, 'config-invalid');
  await page.unroute('**/config.json');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByLabel(/password/i)).toBeVisible();
});

test('a page that breaks, or can’t be loaded after an update, says so and is loaded again', async ({
  page,
  signIn,
  faults,
}) => {
  await signIn('/calls');
  await page.route('**/v1/capacity', (route) => route.fulfill({ json: { limit: 1 } })); // what no page expects
  await page.goto('/capacity');
  await expect(heading(page, 'This page broke')).toBeVisible();
  await expect(page.getByText('This page broke, or is out of date. Load it again.')).toBeVisible();
  await expect(page.getByText('can’t be reached')).toBeHidden();
  await page.unroute('**/v1/capacity');
  await page.getByRole('button', { name: 'Load again' }).click();
  await expect(heading(page, 'Capacity')).toBeVisible();

  await page.route('**/assets/dead-letters-*.js', (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Dead letters' }).click();
  await expect(heading(page, 'This page broke')).toBeVisible();
  await looksRight(page, 'broken');
  await page.unroute('**/assets/dead-letters-*.js');
  await page.getByRole('button', { name: 'Load again' }).click();
  await expect(heading(page, 'Dead letters')).toBeVisible();
  expected(faults, /TypeError|404/);
});

test('a request that fails is its page’s matter, and no server that is away', async ({ page, signIn, faults }) => {
  await signIn('/calls');
  await expect(page.getByRole('button', { name: 'The page is live' })).toBeVisible();
  const problem = { code: 'internal', detail: 'Something went wrong in the server.', request_id: 'req_1' };
  await page.route('**/v1/dead-letters?*', (route) => route.fulfill({ status: 500, json: problem }));
  await page.getByRole('link', { name: 'Dead letters' }).click();
  await expect(page.getByRole('alert')).toContainText('Something went wrong in the server.');
  await expect(page.getByRole('alert')).toContainText('req_1');
  await expect(page.getByText('What you see is of')).toBeHidden();
  await expect(page.getByText('No connection')).toBeHidden();
  expected(faults, /500/);
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
  await looksRight(page, 'away');
  await server.start();
  await page.getByRole('button', { name: 'Try now' }).click(); // it would go on by itself, but later
  await expect(page.getByText('What you see is of')).toBeHidden();
  await expect(heading(page, 'Calls')).toBeFocused(); // what was pressed has vanished
  expected(faults, /ERR_CONNECTION|Failed to load resource/);
});
