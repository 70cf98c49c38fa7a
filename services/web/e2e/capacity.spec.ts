import { expect, expected, heading, looksRight, test } from './test';

test.use({ options: { limit: 2, rate: 20, speed: 1 } });
test.describe.configure({ mode: 'serial' }); // they share one capacity

const longTalk = '+12025550105';

/** A day of samples, such as a server has that runs for long. */
function aDay() {
  const none = { capacity: 0, rate: 0, paused: 0, stopped: 0, backoff: 0, schedule: 0, retry: 0, window: 0 };
  const now = Date.now();
  return Array.from({ length: 96 }, (_, place) => {
    const stopped = place >= 60 && place < 66;
    const limit = place < 30 ? 20 : 12;
    const busy = Math.round(7 + 6 * Math.sin(place / 9) + ((place * 7) % 5));
    const in_use = stopped ? Math.max(0, 10 - (place - 60) * 3) : Math.min(limit, busy);
    const at = new Date(now - (96 - place) * 900_000).toISOString();
    return {
      at,
      limit,
      in_use,
      admitted: place * 20,
      rate: 1,
      stopped,
      waiting: { ...none, capacity: (place * 13) % 40 },
    };
  });
}

test('slots, what waits and why, and the present of the chart are live', async ({ page, server, signIn }) => {
  await signIn('/capacity');
  await expect(page.getByText('0 of 2', { exact: true })).toBeVisible();
  await expect(page.getByText('of 20', { exact: true })).toBeVisible();
  for (let calls = 0; calls < 4; calls++) await server.api('POST', '/calls', { phone_number: longTalk });
  await expect(page.getByText('2 of 2', { exact: true })).toBeVisible();
  await expect(page).toHaveTitle('2 of 2 · Capacity · Outdial');
  const capacity = page.getByRole('term').filter({ hasText: 'capacity' });
  await expect(capacity).toHaveText('2 capacity');
  await expect(page.getByText('for a free slot, of 2.')).toBeVisible();
  await expect(page.getByRole('img', { name: 'Slots in use, between' })).toBeVisible();
  await page.getByText('The same as a table').click();
  const now = page.getByRole('region', { name: 'In use, limit and waiting over time' }).getByRole('row').nth(1);
  await expect(now.getByRole('cell')).toHaveText(['2', '2', '2']);
});

test('limit and rate are changed, with what that means said before, and undone', async ({ page, server, signIn }) => {
  await signIn('/capacity');
  const limit = page.getByLabel('Limit: calls at the same time');
  await expect(limit).toHaveValue('2');
  await limit.fill('1');
  await expect(
    page.getByText('At 1, the 2 calls under way go on; the next starts when fewer than 1 are left.'),
  ).toBeVisible();
  await page.getByLabel('Rate: starts a second, at most').fill('0,5');
  await expect(page.getByText('One call starts every 2 seconds.')).toBeVisible();
  await looksRight(page, 'capacity-change');
  const save = page.getByRole('button', { name: 'Save' });
  await save.click();
  await expect(page.getByText('It was 2 calls at the same time, 20 a second.')).toBeVisible();
  await expect(save, 'focus is where it was').toBeFocused();
  expect(await server.api('GET', '/capacity')).toMatchObject({ limit: 1, rate: 0.5 });
  await expect(page.getByText('2 of 1', { exact: true })).toBeVisible();
  await expect(page.getByText('1 more than the limit, which was lowered.')).toBeVisible();

  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await expect(heading(page, 'Calls')).toBeVisible();
  await page.getByRole('link', { name: 'Capacity', exact: true }).click();
  await page.getByRole('button', { name: 'Undo' }).click(); // it has stayed for the visit
  await expect(limit).toHaveValue('2');
  await expect(page.getByRole('button', { name: 'Undo' })).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Limit and rate' }), 'focus has a place').toBeFocused();
  expect(await server.api('GET', '/capacity')).toMatchObject({ limit: 2, rate: 20 });
});

test('of two who save at once, neither undoes what the other did', async ({ page, server, signIn }) => {
  const before = await server.api<object>('GET', '/capacity');
  let saved = false;
  await page.route('**/v1/capacity', (route) => {
    saved ||= route.request().method() === 'PUT';
    return saved ? route.continue() : route.fulfill({ json: before }); // it doesn't see what the other does
  });
  await signIn('/capacity');
  await page.getByLabel('Limit: calls at the same time').fill('3');
  await server.api('PUT', '/capacity', { rate: 5 });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('It was 2 calls at the same time.', { exact: true })).toBeVisible();
  expect(await server.api('GET', '/capacity')).toMatchObject({ limit: 3, rate: 5 });

  await server.api('PUT', '/capacity', { limit: 4 });
  await expect(page.getByText('of 4', { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Undo' }), 'it would undo what somebody else did').toBeHidden();
  await server.api('PUT', '/capacity', { limit: 3 });
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByLabel('Limit: calls at the same time')).toHaveValue('2');
  expect(await server.api('PUT', '/capacity', { rate: 20 })).toMatchObject({ limit: 2, rate: 20 });
});

test('the present rate of launches stands beside what is allowed', async ({ page, server, signIn }) => {
  const now = await server.api<Record<string, unknown>>('GET', '/capacity');
  const at = new Date(Date.now() - 61_000).toISOString();
  const samples: object[] = [];
  await page.route('**/v1/capacity', (route) => route.fulfill({ json: { ...now, rate: 1, admitted: 1048 } }));
  await page.route('**/v1/capacity/samples?*', (route) => route.fulfill({ json: { samples, step: 60 } }));
  await signIn('/capacity');
  await expect(page.getByText('– of 1', { exact: true })).toBeVisible();
  samples.push({ ...now, at, admitted: 1000 });
  await page.reload();
  await expect(page.getByText(/^0\.[4-7]\d? of 1$/)).toBeVisible(); // 48 in one to two minutes
});

test('what can’t be a limit or a rate is said at its field, and nothing is sent', async ({ page, signIn }) => {
  await signIn('/capacity');
  await page.getByLabel('Limit: calls at the same time').fill('ten');
  await page.getByLabel('Rate: starts a second, at most').fill('0');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('A whole number, from 0 to 10,000.')).toBeVisible();
  await expect(page.getByText('A number, such as 0.5, from 0.001 to 1,000.')).toBeVisible();
  await expect(page.getByLabel('Limit: calls at the same time')).toHaveAttribute('aria-invalid', 'true');
});

test('all admission is stopped by a typed word, told on every page, and resumed', async ({ page, server, signIn }) => {
  await signIn('/capacity');
  await page.getByRole('button', { name: 'Stop all admission …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop all admission?' });
  await expect(dialog.getByText('will not be placed until somebody resumes')).toBeVisible();
  await dialog.getByRole('button', { name: 'Stop all admission' }).click();
  await expect(dialog.getByText('Type STOP, just as it stands here.')).toBeVisible();
  expect(await server.api('GET', '/capacity')).toMatchObject({ stopped: false });
  await dialog.getByLabel('Type STOP to confirm').fill('STOP');
  await looksRight(page, 'capacity-stop');
  await dialog.getByRole('button', { name: 'Stop all admission' }).click();

  await expect(page.getByRole('heading', { name: 'All admission is stopped' })).toBeVisible();
  const { stopped_at } = await server.api<{ stopped_at: string }>('GET', '/capacity');
  await looksRight(page, 'capacity-stopped');
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await server.api('PUT', '/capacity', { rate: 19 }); // which stopped nothing
  const banner = page.getByRole('status').filter({ hasText: 'All admission is stopped since' });
  await expect(banner).toContainText(', by you.');
  await page.getByRole('link', { name: 'Resume …' }).click();
  await expect(page.getByText('of 19', { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(banner.getByRole('time')).toHaveAttribute('datetime', stopped_at);
  await expect(page.getByText(/^Stopped since .*, by you\./).getByRole('time')).toHaveAttribute('datetime', stopped_at);
  await server.api('PUT', '/capacity', { rate: 20 });

  await page.getByRole('button', { name: 'Resume admission …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Resume admission …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume admission' }).click();
  await expect(page.getByText('All admission is stopped since')).toBeHidden();
  expect(await server.api('GET', '/capacity')).toMatchObject({ stopped: false });
});

test('who stopped admission is told to others by id', async ({ page, server, signIn }) => {
  server.addUser('carol', 'admins');
  const { stopped_by } = await server.api<{ stopped_by: string }>('PUT', '/capacity', { stopped: true });
  await signIn('/capacity', 'carol');
  const banner = page.getByRole('status').filter({ hasText: 'All admission is stopped since' });
  await expect(banner).toContainText(`, by ${stopped_by}.`);
  await server.api('PUT', '/capacity', { stopped: false });
  await expect(banner).toBeHidden({ timeout: 30_000 });
});

test('a day is drawn as steps, read by pointing, and the time shown is in the address', async ({ page, signIn }) => {
  const asked: string[] = [];
  await page.route('**/v1/capacity/samples?*', (route) => {
    asked.push(new URL(route.request().url()).searchParams.get('from') ?? '');
    return route.fulfill({ json: { samples: aDay(), step: 900 } });
  });
  await signIn('/capacity');
  const chart = page.getByRole('img', { name: /Slots in use, between 0 and 1[0-9]/ });
  await expect(chart).toBeVisible();
  await expect(page.getByText('all admission stopped, last from')).toBeVisible();
  const box = await chart.boundingBox();
  await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.65, (box?.y ?? 0) + 60);
  await expect(page.getByText(/: \d+ of 12 in use, \d+ waiting, admission stopped/)).toBeVisible();
  await looksRight(page, 'capacity');
  await page.getByLabel('Time shown').selectOption('Last 7 days');
  await expect(page).toHaveURL(/\/capacity\?span=7d$/);
  await expect.poll(() => (Date.now() - Date.parse(asked.at(-1) ?? '')) / 86_400_000).toBeGreaterThan(6.9);

  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await looksRight(page, 'capacity-phone');
});

test('an answer that fails is told with its request id, and the old numbers stay', async ({ page, signIn, faults }) => {
  await signIn('/capacity');
  const slots = page.getByText(/^\d of 2$/);
  await expect(slots).toBeVisible();
  const problem = { code: 'internal', detail: 'Something went wrong here.', status: 500, request_id: 'req-9' };
  await page.route('**/v1/capacity', (route) =>
    route.fulfill({ status: 500, contentType: 'application/problem+json', json: problem }),
  );
  await expect(page.getByRole('alert')).toContainText('Something went wrong here.');
  await expect(page.getByRole('alert')).toContainText('req-9');
  await expect(slots).toBeVisible();
  await page.unroute('**/v1/capacity');
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
  expected(faults, /500/);
});
