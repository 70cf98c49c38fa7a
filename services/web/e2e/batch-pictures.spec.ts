import type { Page } from '@playwright/test';

import { expect, heading, looksRight, test } from './test';

const minute = 60_000;

/** A large batch after an hour and a half: what a real server would need that long for. */
async function largeBatch(page: Page) {
  const now = Date.now();
  const begun = now - 95 * minute;
  const at = (minutes: number) => new Date(begun + minutes * minute).toISOString();
  const counts = (minutes: number) => {
    const ended = Math.min(6721, Math.round(minutes * 70.7));
    const part = (share: number) => Math.round(ended * share);
    const rest = { busy: part(0.06), 'no-answer': part(0.16), failed: part(0.03), canceled: part(0.01), expired: 0 };
    const completed = ended - rest.busy - rest['no-answer'] - rest.failed - rest.canceled;
    return { waiting: 10_000 - ended - 14, active: 14, completed, ...rest };
  };
  const beginning = {
    waiting: 10_000,
    active: 0,
    completed: 0,
    busy: 0,
    'no-answer': 0,
    failed: 0,
    canceled: 0,
    expired: 0,
  };
  const batch = {
    id: 'batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ',
    name: 'Appointments of 3 March',
    status: 'active',
    rows: 10_000,
    refused: 128,
    refused_by_code: { phone_number_invalid: 88, duplicate_number: 40 },
    counts: counts(95),
    agent: { instructions: 'Remind the person of their appointment tomorrow.', language: 'en-GB', time_limit: 600 },
    created_at: at(0),
    updated_at: at(95),
  };
  const samples = Array.from({ length: 95 }, (_, each) => ({ at: at(each), counts: each ? counts(each) : beginning }));
  const statuses = ['completed', 'completed', 'no-answer', 'completed', 'busy', 'failed', 'in-progress', 'queued'];
  const lines = Array.from({ length: 1000 }, (_, each) => {
    const status = statuses[each % statuses.length] ?? '';
    const answered = status === 'completed' ? at(each) : '';
    const message = status === 'failed' ? 'The carrier could not connect the call.' : '';
    const id = `call_01KJPQ2M4N6P8R0S3T5V7W9XYZ-${String(each + 1).padStart(6, '0')}`;
    return `${each + 2},+1212${2_000_000 + each},${status},${id},1,1,${each},,${answered},,,,,${message},{}`;
  });
  const address = `**/v1/batches/${batch.id}`;
  await page.route(address, (route) => route.fulfill({ json: batch, headers: { 'Retry-After': '5' } }));
  await page.route(`${address}/samples*`, (route) =>
    route.fulfill({ json: { samples, step: 60 }, headers: { 'Retry-After': '60' } }),
  );
  await page.route(`${address}/results.csv*`, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [skip, limit] = [Number(query.get('skip')), Number(query.get('limit'))];
    return route.fulfill({ contentType: 'text/csv', body: lines.slice(skip, skip + limit).join('\r\n') });
  });
  await page.route(`**/v1/dead-letters/counts?batch=${batch.id}`, (route) =>
    route.fulfill({ json: { total: 12, causes: [{ cause: 'launch_refused', calls: 12 }] } }),
  );
  return batch.id;
}

test('a large batch on its way says how far it is and when it ends', async ({ page, signIn }) => {
  const id = await largeBatch(page);
  await signIn(`/batches/${id}`);
  await expect(heading(page, 'Appointments of 3 March active')).toBeVisible();
  await expect(page.getByText('6,717 of 10,000 ended')).toBeVisible();
  await expect(page.getByText(/^7\d a minute over the last 5 min · ends about/)).toBeVisible();
  await expect(page.getByRole('img', { name: /^Calls by group from .* At the end: completed/ })).toBeVisible();
  await expect(page.getByRole('link', { name: '12 dead letters' })).toHaveAttribute(
    'href',
    `/dead-letters?batch=${id}`,
  );
  await looksRight(page, 'batch');
  await page.getByText('The same as a table').click();
  await expect(page.getByRole('table', { name: 'Calls by group over time' }).getByRole('row')).toHaveCount(97);

  await page.getByRole('img', { name: /^Calls by group from/ }).hover({ position: { x: 400, y: 60 } });
  await expect(page.getByText(/^\d\d:\d\d: completed/)).toBeVisible();
});

test('each group of the legend leads to its calls', async ({ page, signIn }) => {
  const id = await largeBatch(page);
  await signIn(`/batches/${id}`);
  const calls = (...statuses: string[]) =>
    `/calls?batch=${id}${statuses.map((status) => `&status=${status}`).join('')}`;
  for (const [name, address] of [
    ['4,970 completed', calls('completed')],
    ['1,478 not reached', calls('busy', 'no-answer')],
    ['14 on a call', calls('launching', 'starting', 'ringing', 'in-progress')],
    ['202 failed', calls('failed')],
    ['67 canceled, expired', calls('canceled', 'expired')],
    ['3,269 waiting', calls('queued')],
  ] as const) {
    await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('href', address);
  }
  await page.getByRole('link', { name: '1,478 not reached' }).click();
  await expect(heading(page, 'Calls')).toBeVisible();
  const statuses = page.getByRole('group', { name: 'Status' });
  await expect(statuses.locator('[aria-pressed="true"]')).toHaveText([/busy/, /no-answer/]);
});

test('how long a list takes goes by how fast calls have ended', async ({ page, server, signIn }) => {
  const now = await server.api<Record<string, unknown>>('GET', '/capacity');
  const full = { ...now, limit: 2, in_use: 2, rate: 20 };
  const ago = (minutes: number, admitted: number) => ({
    ...full,
    at: new Date(Date.now() - minutes * minute).toISOString(),
    admitted,
  });
  await page.route('**/v1/capacity', (route) => route.fulfill({ json: { ...full, admitted: 142 } }));
  await page.route('**/v1/capacity/samples?*', (route) =>
    route.fulfill({ json: { samples: [ago(20, 20), ago(0, 140)], step: 60 } }),
  );
  await signIn('/batches/new');
  const rows = Array.from({ length: 60 }, (_, place) => `+1212${2_000_000 + place}`);
  await page.getByLabel('CSV file').setInputFiles({
    name: 'list.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`phone\n${rows.join('\n')}\n`),
  });
  await page.getByRole('button', { name: 'Check 60 rows' }).click();
  await page.getByRole('button', { name: 'Go on with 60 calls' }).click();
  await expect(page.getByText(/^About 10 mins?: as many calls start as end, 6 a minute/)).toBeVisible();
});

test('on a phone', async ({ page, signIn }) => {
  const id = await largeBatch(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(`/batches/${id}`);
  await expect(page.getByText('6,717 of 10,000 ended')).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await looksRight(page, 'batch-phone');

  await page.goto('/batches/new');
  await page.getByLabel('CSV file').setInputFiles({
    name: 'list.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('phone,name,city,note\n+12122000001,Ada,London,x\n020 7946 0958,Grace,Paris,a longer note\n'),
  });
  await expect(page.getByText('list.csv · 2 rows')).toBeVisible();
  await looksRight(page, 'new-batch-phone');
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await expect(page.getByRole('main').getByText('1 will be called · 1 row refused')).toBeVisible();
  await looksRight(page, 'new-batch-check-phone');
});
