import { expect, expected, heading, looksRight, test } from './test';
import type { Server } from './server';

test.use({ options: { ownProgram: true, limit: 40, speed: 60 } });
test.describe.configure({ mode: 'serial' }); // they share one list of dead letters

interface DeadLetters {
  total: number;
}

const countOf = async (server: Server) => (await server.api<DeadLetters>('GET', '/dead-letters/counts')).total;

type Agents = Parameters<Server['setAgents']>[0];

/** Calls to these numbers that can't be launched. */
async function deadLetters(server: Server, rows: string[], agents: Agents = 'are missing') {
  const waits = ['queued', 'launching', 'starting', 'ringing', 'in-progress'].map((status) => `status=${status}`);
  const underWay = () => server.api<{ calls: object[] }>('GET', `/calls?${waits.join('&')}`);
  await expect.poll(async () => (await underWay()).calls, { timeout: 40_000 }).toEqual([]); // of tests before
  const before = await countOf(server);
  server.setAgents(agents);
  await server.api('POST', '/batches', { name: 'refused', rows: rows.map((phone_number) => ({ phone_number })) });
  await expect.poll(() => countOf(server), { timeout: 40_000 }).toBe(before + rows.length);
  server.setAgents('work');
}

test('without a dead letter the page says what it is for', async ({ page, signIn }) => {
  await signIn('/dead-letters');
  await expect(page.getByRole('heading', { name: 'No dead letters' })).toBeVisible();
  await expect(page.getByText('outdial dead-letters list')).toBeVisible();
  await looksRight(page, 'dead-letters-none');

  await page.goto('/dead-letters?cause=launch_tries_used');
  await expect(page.getByText('There is none of cause launch_tries_used.')).toBeVisible();
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(/\/dead-letters$/);
});

test('a call that could not be launched is chosen, redriven and watched to its end', async ({
  page,
  server,
  signIn,
}) => {
  await deadLetters(server, ['+12025550101', '+12025550100', '+12025550102']);
  await deadLetters(server, ['+12025550105'], 'end at once');
  await signIn('/calls');
  const nav = page.getByRole('navigation', { name: 'Pages', exact: true });
  await expect(nav.getByRole('link', { name: 'Dead letters 4' })).toBeVisible();
  await nav.getByRole('link', { name: 'Dead letters' }).click();
  await expect(heading(page, 'Dead letters')).toBeFocused();

  const causes = page.getByRole('navigation', { name: 'Causes' });
  await expect(causes.getByRole('link', { name: '4 all' })).toHaveAttribute('aria-current', 'page');
  await causes.getByRole('link', { name: '3 launch_refused' }).click();
  await expect(page).toHaveURL(/\/dead-letters\?cause=launch_refused$/);
  await expect(causes.getByRole('link', { name: '4 all' })).not.toHaveAttribute('aria-current');
  await expect(page.getByRole('row', { name: /555-0105/ })).toBeHidden(); // its cause is launch_tries_used
  await expect(page).toHaveTitle('launch_refused (3) · Dead letters · Outdial');
  const row = page.getByRole('row', { name: /555-0101/ });
  await expect(row.getByText('launch_refused')).toBeVisible();
  await expect(row.getByText(/no such file/)).toBeVisible(); // the sentence of the launch
  await looksRight(page, 'dead-letters');

  await row.getByRole('checkbox').check();
  await page
    .getByRole('row', { name: /555-0102/ })
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Redrive 2 calls …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Redrive 2 calls?' });
  await expect(dialog.getByText('waits for a slot as a new attempt')).toBeVisible();
  await looksRight(page, 'dead-letters-dialog');
  await dialog.getByRole('button', { name: 'Redrive 2 calls' }).click();

  await expect(page.getByRole('heading', { name: '2 redriven' })).toBeVisible();
  const redriven = page.getByRole('listitem').filter({ hasText: /555-0101.*redriven/ });
  await expect(redriven).toBeVisible();
  await expect(row).toHaveAttribute('data-gone', 'true'); // it stays, greyed, where it was
  await expect(page.getByRole('table', { name: 'Dead letters, newest first' })).toBeFocused(); // dialog and bar are gone
  await expect(causes.getByRole('link', { name: '2 all' })).toBeVisible();
  await looksRight(page, 'dead-letters-redriven');
  await redriven.getByRole('link').click();
  await expect(page).toHaveURL(/\/calls\/call_/);
  await expect(page.getByText('it was redriven', { exact: true })).toBeVisible();
  await expect(page.locator('.call-now-doing .chip')).toHaveText('busy', { timeout: 40_000 });
});

test('what was redriven by somebody else meanwhile is skipped, and the page says why', async ({
  page,
  server,
  signIn,
}) => {
  await deadLetters(server, ['+12025550101', '+12025550102']);
  await signIn('/dead-letters');
  await page
    .getByRole('row', { name: /555-0101/ })
    .getByRole('checkbox')
    .check();
  await page
    .getByRole('row', { name: /555-0102/ })
    .getByRole('checkbox')
    .check();
  const { calls } = await server.api<{ calls: { id: string; phone_number: string }[] }>('GET', '/dead-letters');
  const other = calls.find((call) => call.phone_number === '+12025550102');
  await server.api('POST', '/dead-letters/redrive', { call_ids: [other?.id] });
  await page.getByRole('button', { name: 'Redrive 2 calls …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive 2 calls' }).click();
  await expect(page.getByRole('heading', { name: '1 redriven, 1 skipped: not a dead letter any more' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: /555-0102.*skipped: / })).toBeVisible();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(page.getByRole('heading', { name: /skipped/ })).toBeHidden();
  await expect(page.locator('body'), 'focus has a place').not.toBeFocused();
});

test('all that match are redriven by one request, and followed to the end', async ({ page, server, signIn }) => {
  const numbers = Array.from({ length: 60 }, (_, place) => `+1202555${String(1000 + place)}`);
  await deadLetters(server, numbers);
  const total = await countOf(server);
  await signIn('/dead-letters');
  await page.getByRole('link', { name: 'Older' }).click(); // there are more than one page has
  const table = page.getByRole('table', { name: 'Dead letters, newest first' });
  await expect(table).toBeFocused(); // Older is gone
  await page.getByRole('link', { name: 'Newer' }).click();
  await expect(page).toHaveURL(/\/dead-letters$/);
  await expect(page.getByRole('link', { name: 'Older' })).toBeVisible();
  await expect(table).toBeFocused();
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(new URL(request.url()).pathname);
  });
  await page.getByRole('button', { name: `Redrive all ${total} that match …` }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('All dead letters of every cause, on this page or not')).toBeVisible();
  await dialog.getByRole('button', { name: `Redrive all ${total} that match` }).click();
  await expect(page.getByRole('heading', { name: `${total} redriven`, exact: true })).toBeVisible({ timeout: 30_000 });
  expect(sent).toEqual(['/v1/dead-letters/redrive']);
  await expect(page.getByRole('link', { name: 'Calls of the batch' })).toBeHidden(); // they are of many
  await expect(page.getByRole('link', { name: '0 all' })).toBeVisible();

  await expect(page).toHaveURL(/redrive=redrive_/);
  await page.reload(); // the address has the redrive
  await expect(page.getByRole('heading', { name: `${total} redriven`, exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(page).toHaveURL(/\/dead-letters$/);
});

test('all of a batch are redriven, and watched among its calls', async ({ page, server, signIn }) => {
  await deadLetters(server, ['+12025550101', '+12025550102']);
  const { calls } = await server.api<{ calls: { batch_id: string }[] }>('GET', '/dead-letters');
  const batch = calls[0]?.batch_id ?? '';
  await signIn(`/dead-letters?batch=${batch}`);
  await page.getByRole('button', { name: 'Redrive all 2 that match …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive all 2 that match' }).click();
  await expect(page.getByRole('heading', { name: '2 redriven', exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Calls of the batch' }).click();
  await expect(page).toHaveURL(new RegExp(`/calls\\?batch=${batch}$`));
  await expect(page.getByRole('row', { name: /555-0101/ }).getByText('busy', { exact: true })).toBeVisible({
    timeout: 40_000,
  });
  await expect(page.locator('tbody tr')).toHaveCount(2);
});

for (const width of [1280, 390]) {
  test(`new dead letters are told of, and push no row down before somebody asks: ${width} px`, async ({
    page,
    server,
    signIn,
  }) => {
    await page.setViewportSize({ width, height: 900 });
    await deadLetters(server, ['+12025550106', '+12025550107']);
    let asked = 0;
    await page.route('**/v1/dead-letters?*', async (route) => {
      asked += 1;
      if (asked > 1) return route.continue();
      const response = await route.fetch();
      const { calls, ...rest } = (await response.json()) as { calls: object[] };
      return route.fulfill({ json: { ...rest, calls: calls.slice(1) } }); // the newest isn't there yet
    });
    await signIn('/dead-letters');
    const row = page.locator('tbody tr').first();
    await expect(page.getByRole('navigation', { name: 'Causes' })).toBeVisible(); // it stands above
    await expect(row.locator('.country')).toBeVisible(); // numbers are as they stay
    const before = await row.boundingBox();
    const show = page.getByRole('status').getByRole('button', { name: 'Show 1 new' });
    await expect(show).toBeVisible();
    expect(await row.boundingBox()).toEqual(before);
    await show.click();
    await expect(show).toBeHidden();
    await expect(page.getByRole('table', { name: 'Dead letters, newest first' })).toBeFocused();
  });
}

test('a redrive under way shows how far it is', async ({ page, server, signIn }) => {
  await deadLetters(server, ['+12025550101']);
  const redrive = {
    id: 'redrive_01KJPR40VQ3D6F8H1K5M7P9STX',
    status: 'active',
    redriven: 120,
    skipped: 3,
    skipped_by_code: { batch_canceled: 3 },
    created_at: new Date().toISOString(),
    updated_at: new Date().toISOString(),
  };
  await page.route('**/v1/dead-letters/redrives/*', (route) => route.fulfill({ json: redrive }));
  await signIn(`/dead-letters?redrive=${redrive.id}`);
  const under = page.getByRole('heading', {
    name: 'Redriving … 120 redriven, 3 skipped: batch canceled meanwhile so far',
  });
  await expect(under).toBeVisible();
  await looksRight(page, 'dead-letters-redriving');
  redrive.status = 'completed';
  redrive.redriven = 209;
  await expect(page.getByRole('heading', { name: '209 redriven, 3 skipped: batch canceled meanwhile' })).toBeVisible();
});

test('a redrive that fails says so in its dialog, and a second press does it once', async ({
  page,
  signIn,
  faults,
}) => {
  await signIn('/dead-letters');
  await page
    .getByRole('row', { name: /555-0101/ })
    .first()
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Redrive 1 call …' }).click();
  const keys: (string | undefined)[] = [];
  await page.route('**/v1/dead-letters/redrive', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    const problem = { code: 'unavailable', detail: 'The store is busy.', status: 503, request_id: 'req-1' };
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json: problem });
  });
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Redrive 1 call' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The store is busy.');
  await expect(dialog.getByRole('alert')).toContainText('req-1');
  await dialog.getByRole('button', { name: 'Redrive 1 call' }).click();
  await expect(page.getByRole('heading', { name: '1 redriven' })).toBeVisible();
  expect(keys).toHaveLength(2);
  expect(keys[0], 'one key for one wish').toBe(keys[1]);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expected(faults, /503/);
});

test('an answer that gets lost: the second try is of the same calls, though none of them is listed any more', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  await deadLetters(server, ['+12025550103', '+12025550104']);
  const { calls } = await server.api<{ calls: { batch_id: string }[] }>('GET', '/dead-letters');
  await signIn(`/dead-letters?batch=${calls[0]?.batch_id}`);
  await page.getByRole('checkbox').first().check(); // all of them
  const sent: unknown[] = [];
  await page.route('**/v1/dead-letters/redrive', async (route) => {
    sent.push([route.request().headers()['idempotency-key'], route.request().postDataJSON()]);
    if (sent.length > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.getByRole('button', { name: 'Redrive 2 calls …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Redrive 2 calls?' });
  await dialog.getByRole('button', { name: 'Redrive 2 calls' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The server can’t be reached.');
  await expect(page.locator('tbody tr:not([data-gone])')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Redrive 2 calls' }).click();
  await expect(page.getByRole('heading', { name: '2 redriven' })).toBeVisible();
  expect(sent).toHaveLength(2);
  expect(sent[1], 'the same request with the same key').toEqual(sent[0]);
  expected(faults, /ERR_FAILED/);
});

test('that there is none of a cause is said only once the server has said so', async ({ page, signIn }) => {
  await signIn('/dead-letters?cause=launch_tries_used&batch=batch_01KJPR40VQ3D6F8H1K5M7P9STX');
  await expect(page.getByRole('heading', { name: 'No dead letter fits' })).toBeVisible();
  let answer: () => void = () => undefined;
  const held = new Promise<void>((go) => (answer = go));
  await page.route('**/v1/dead-letters?*', async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole('link', { name: 'Show those of every batch' }).click();
  await expect(page.getByText('Only those of batch')).toBeHidden();
  await expect(page.getByRole('heading', { name: 'No dead letter fits' })).toBeHidden();
  answer();
  await page.unrouteAll({ behavior: 'wait' });
});

test('on a phone the dead letters are cards', async ({ page, server, signIn }) => {
  await deadLetters(server, ['+12025550101', '+12025550102']);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/dead-letters');
  await expect(page.getByRole('row', { name: /555-0102/ })).toBeVisible();
  await page
    .getByRole('row', { name: /555-0102/ })
    .getByRole('checkbox')
    .check();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight)); // what is under the bar can be scrolled out
  await looksRight(page, 'dead-letters-phone');
});

test('who is no administrator is told which scope is missing, and is shown nothing else', async ({
  page,
  server,
  signIn,
  faults,
}) => {
  server.addUser('carla');
  await signIn('/dead-letters', 'carla');
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(page.getByRole('alert')).toContainText('calls/admin');
  await expect(page.getByRole('alert')).toContainText('Ask whoever gives out rights for this scope');
  await expect(page.getByRole('navigation', { name: 'Causes' })).toBeHidden();
  await expect(page.getByRole('table')).toBeHidden();
  await expect(page.getByRole('button', { name: /Redrive/ })).toBeHidden();
  await looksRight(page, 'dead-letters-forbidden');
  expected(faults, /403/);
});
