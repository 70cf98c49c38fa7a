import { Elsewhere } from './elsewhere';
import { Server } from './server';
import { expect, expected, heading, test as base } from './test';

/** The pages at one origin, the API and the issuer at another. */
const test = base.extend<object, { elsewhere: Elsewhere }>({
  elsewhere: [
    async ({}, use) => {
      const elsewhere = new Elsewhere();
      await elsewhere.start();
      await use(elsewhere);
      await elsewhere.stop();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ elsewhere }, use) => {
      const server = new Server({ limit: 3, flags: ['--origin', elsewhere.origin] });
      try {
        await server.start();
        const own = (await (await fetch(`${server.url}/config.json`)).json()) as Record<string, string>;
        elsewhere.config = { ...own, api: `${server.url}/v1`, issuer: own.issuer ?? '' };
        await use(server);
      } finally {
        await server.remove();
      }
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ elsewhere, server }, use) => use(server.url ? elsewhere.origin : ''),
});

test.describe.configure({ mode: 'serial' });

test('the pages work against an API on another origin, ETag and Retry-After included', async ({
  page,
  server,
  elsewhere,
  signIn,
}) => {
  await server.api('POST', '/calls', { phone_number: '+12025550101' });
  await signIn('/calls?status=queued&status=busy');
  expect(page.url()).toBe(`${elsewhere.origin}/calls?status=queued&status=busy`);
  await page.goto('/capacity');
  await expect(page.getByText('of 3', { exact: true }).first()).toBeVisible();

  const answers: { status: number; url: string; conditional: boolean }[] = [];
  page.on('response', (response) => {
    const conditional = response.request().headers()['if-none-match'] !== undefined;
    answers.push({ status: response.status(), url: response.url(), conditional });
  });
  await page.goto('/calls');
  await expect(page.getByRole('row', { name: /555-0101/ }).getByText('busy', { exact: true })).toBeVisible({
    timeout: 40_000,
  });
  // The browser lets scripts see the ETag, and the API takes it back, from another origin.
  await expect
    .poll(() => answers.some(({ url, conditional }) => url.endsWith('/v1/capacity') && conditional), {
      timeout: 40_000,
    })
    .toBe(true);
  const origins = new Set(answers.map(({ url }) => new URL(url).origin));
  expect([...origins].sort()).toEqual([elsewhere.origin, server.url].sort());
});

test('a batch is shown from an API on another origin, and the pages of its results lead to the next one', async ({
  page,
  server,
  signIn,
}) => {
  const rows = [{ phone_number: '+12025550102' }, { phone_number: '+12025550108' }];
  const { id } = await server.api<{ id: string }>('POST', '/batches', { rows });
  await signIn(`/batches/${id}`);
  await expect(page.getByRole('row', { name: /555-0102/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /555-0108/ })).toBeVisible();

  const address = `${server.url}/v1/batches/${id}/results.csv?limit=1`;
  const link = await page.evaluate(
    async ([url = '', token]) => {
      const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
      return response.headers.get('Link');
    },
    [address, await server.run('token', '--data', server.data)],
  );
  expect(link, 'Link is exposed: without it the export would end after its first page').toContain('rel="next"');
});

test('an action with an Idempotency-Key is allowed from another origin, and a problem has its request id', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  await server.api('PUT', '/capacity', { stopped: true });
  await server.api('POST', '/calls', { phone_number: '+12025550131' });
  await signIn('/calls?status=queued');
  await page
    .getByRole('row', { name: /555-0131/ })
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Cancel 1 call …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 1 call' }).click();
  await expect(page.getByText('1 call canceled').first()).toBeVisible();

  const answer = await page.evaluate(async (api) => {
    const response = await fetch(`${api}/capacity`); // without a token
    const shown = ['X-Request-Id', 'WWW-Authenticate'].map((name) => response.headers.get(name));
    return { status: response.status, shown };
  }, `${server.url}/v1`);
  expect(answer.status).toBe(401);
  expect(answer.shown[0], 'the request id is exposed').toBeTruthy();
  await server.api('PUT', '/capacity', { stopped: false });
  expected(faults, /401/);
});

test('a reload signs in again without asking, and sign-out goes to the issuer and back', async ({
  page,
  elsewhere,
  signIn,
}) => {
  await signIn('/capacity?span=1h');
  await page.reload();
  await expect(heading(page, 'Capacity')).toBeVisible();
  expect(page.url()).toBe(`${elsewhere.origin}/capacity?span=1h`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page, 'You are signed out')).toBeVisible();
  expect(page.url()).toBe(`${elsewhere.origin}/signed-out`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel(/password/i)).toBeVisible();
});

test('sign-out by Cognito’s own address, where the configuration names it', async ({ page, elsewhere, signIn }) => {
  const logout = `${elsewhere.config.issuer}/logout`;
  elsewhere.config = { ...elsewhere.config, logout };
  await signIn('/calls');
  const left = page.waitForRequest((request) => request.url().startsWith(logout));
  await page.getByRole('button', { name: 'Sign out' }).click();
  const { searchParams } = new URL((await left).url());
  expect(Object.fromEntries(searchParams)).toEqual({
    client_id: 'outdial-console',
    logout_uri: `${elsewhere.origin}/signed-out`,
  });
  await expect(heading(page, 'You are signed out')).toBeVisible();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel(/password/i)).toBeVisible(); // the issuer's session has ended too
});
