import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect, expected, test as base, looksRight } from './test';

const file = readFileSync(join(import.meta.dirname, '../examples/start-call.html'));

/** Somebody else's site: another origin than the API's, which the API allows. */
const test = base.extend<object, { site: string }>({
  site: [
    async ({}, use) => {
      const site = createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html; charset=utf-8').end(file);
      });
      await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening));
      await use(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
      site.closeAllConnections();
      await new Promise((closed) => site.close(closed));
    },
    { scope: 'worker' },
  ],
  // Long enough talks that a poll finds nothing new.
  options: [
    async ({ site }, use) => use({ flags: ['--origin', site, '--sim-talk-min', '3m', '--sim-talk', '4m'] }),
    { scope: 'worker' },
  ],
});

test('a page of another origin places a call and follows it to its end', async ({ page, server, site, faults }) => {
  await page.goto(`${site}/start-call.html`);
  expect(new URL(page.url()).origin).not.toBe(new URL(server.url).origin);
  await page.getByLabel('API').fill(`${server.url}/v1`);
  await page.getByLabel('Number').fill('+12025550100');

  await page.getByLabel('Token').fill('no token');
  await page.getByRole('button', { name: 'Call' }).click();
  await expect(page.getByRole('alert')).toContainText('(unauthorized, request req_');
  expected(faults, /401/);

  // The answer to the first try gets lost: the second has its key, and nobody is called twice.
  const keys: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') keys.push(request.headers()['idempotency-key']);
  });
  await page.getByLabel('Token').fill(await server.run('token', '--data', server.data));
  await page.route(
    '**/v1/calls',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await page.getByRole('button', { name: 'Call' }).click();
  await expect(page.getByRole('alert')).toHaveText('Failed to fetch');
  expected(faults, /ERR_FAILED/);
  const replayed = page.waitForResponse((response) => response.headers()['idempotent-replayed'] === 'true');
  const unchanged = page.waitForResponse((response) => response.status() === 304);
  await page.getByRole('button', { name: 'Call' }).click();
  await replayed;
  await unchanged;
  await expect(page.getByRole('status')).toHaveText(/^call_\w+: completed$/, { timeout: 40_000 });
  await expect(page.getByRole('listitem').first()).toContainText('queued at');
  await expect(page.getByRole('listitem').last()).toContainText('completed at');
  expect(new Set(keys).size, 'one key').toBe(1);
  const { calls } = await server.api<{ calls: unknown[] }>('GET', '/calls');
  expect(calls, 'one call').toHaveLength(1);
  await looksRight(page, 'example');
});

test('scripts of another origin can read every header that a client needs', async ({ page, server, site }) => {
  const { id } = await server.api<{ id: string }>('POST', '/calls', { phone_number: '+12025550105' });
  const token = await server.run('token', '--data', server.data);
  await page.goto(site);
  const read = await page.evaluate(
    async ({ api, id, token }) => {
      const Authorization = `Bearer ${token}`;
      const poll = await fetch(`${api}/calls/${id}`, { headers: { Authorization, 'If-None-Match': '"none"' } });
      const post = () =>
        fetch(`${api}/calls`, {
          method: 'POST',
          headers: { Authorization, 'Content-Type': 'application/json', 'Idempotency-Key': `key-of-${id}` },
          body: JSON.stringify({ phone_number: '+12025550101' }),
        });
      await post();
      const again = await post();
      const names = (response: Response) => [...response.headers.keys()];
      return [...names(poll), ...names(again)];
    },
    { api: `${server.url}/v1`, id, token },
  );
  for (const name of ['etag', 'retry-after', 'location', 'idempotent-replayed', 'x-request-id']) {
    expect(read).toContain(name);
  }
  await server.api('POST', `/calls/${id}/cancel`); // and leaves no agent behind
  await expect.poll(() => server.api('GET', `/calls/${id}`)).toHaveProperty('ended_at');
});
