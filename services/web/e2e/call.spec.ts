import { expect, expected, heading, looksRight, test } from './test';

// Slow enough to see each step, with a talk of 15 seconds; and one of them stops all admission.
const talk = ['--sim-talk-min', '90s', '--sim-talk', '90s', '--sim-talk-max', '90s'];
test.use({ options: { limit: 3, speed: 6, flags: talk } });

interface Made {
  id: string;
}

test('a call is watched from its first step to its end', async ({ page, server, signIn }) => {
  const { id } = await server.api<Made>('POST', '/calls', {
    phone_number: '+12025550100',
    agent: { instructions: 'Ask whether Tuesday suits.', first_words: 'Hello, this is Ada.', language: 'en-US' },
    metadata: { note: '<img src=x onerror=alert(1)><script>alert(1)</script>', order: '8812' },
  });
  await signIn(`/calls/${id}`);
  await expect(heading(page, '(202) 555-0100 US')).toBeVisible();
  await expect(page.getByText('on the phone')).toBeVisible({ timeout: 30_000 });
  await expect(page).toHaveTitle('in-progress · +12025550100 · Outdial');
  await expect(page.getByText('talk 0:')).toBeVisible({ timeout: 40_000 });
  await expect(page).toHaveTitle('completed · +12025550100 · Outdial');

  const steps = page.getByRole('listitem').filter({ has: page.locator('.chip') });
  await expect(steps.locator('.chip')).toHaveText([
    'queued',
    'launching',
    'starting',
    'ringing',
    'in-progress',
    'completed',
  ]);
  await expect(page.getByText('<img src=x onerror=alert(1)><script>alert(1)</script>').first()).toBeVisible();
  const clocks = await steps.locator('.step-time').allTextContents();
  expect(clocks, 'the end has no clock').toHaveLength(5);
  await expect(page.getByRole('button', { name: 'Cancel …' })).toBeHidden();

  await looksRight(page, 'call');
  await page.getByText('Raw JSON').click();
  await expect(page.getByLabel('The call as JSON')).toContainText(`"id": "${id}"`);
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await looksRight(page, 'call-phone');
});

test('canceling during the talk hangs up, and says so before', async ({ page, server, signIn }) => {
  const { id } = await server.api<Made>('POST', '/calls', { phone_number: '+12025550105' }); // talks to the limit
  await signIn(`/calls/${id}`);
  await expect(page.getByText('on the phone')).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Cancel …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Hang up?' });
  await expect(dialog).toContainText('hangs up now, in the middle of the talk');
  await expect(dialog.getByRole('button', { name: 'Keep' })).toBeFocused();
  await looksRight(page, 'call-cancel');
  await dialog.getByRole('button', { name: 'Hang up' }).click();
  await expect(page.getByText('The agent has been asked to hang up.')).toBeVisible();
  await expect(page.getByText('somebody asked to cancel it')).toBeVisible();
  await expect(page.locator('.call-now-doing .chip')).toHaveText(/completed|canceled/, { timeout: 30_000 });
  await expect(page.getByText('talk 0:')).toBeVisible();
});

test('canceling before the dial says that it will not be placed; Call again fills the form', async ({
  page,
  server,
  signIn,
}) => {
  await server.api('PUT', '/capacity', { stopped: true });
  const { id } = await server.api<Made>('POST', '/calls', {
    phone_number: '+442079460000',
    agent: { voice: 'Ada', time_limit: 90 },
    metadata: { order: '8812' },
  });
  await signIn(`/calls/${id}`);
  await expect(page.getByText('It waits: all admission is stopped.')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this call?' });
  await expect(dialog).toContainText('It will not be placed.');
  await dialog.getByRole('button', { name: 'Cancel the call' }).click();
  await expect(page.getByText('It was canceled, and not placed.')).toBeVisible();
  await expect(page.getByText('Canceled. It will not be placed.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel …' })).toBeHidden();
  await expect(page.getByRole('heading', { level: 1 }), 'the button is gone, and focus is not').toBeFocused();
  await server.api('PUT', '/capacity', { stopped: false });

  await page.getByRole('button', { name: 'Call again …' }).click();
  await expect(heading(page, 'Call now')).toBeFocused();
  await expect(page.getByLabel('Number')).toHaveValue('+442079460000');
  await expect(page.getByLabel('Country')).toHaveValue('GB');
  await expect(page.getByLabel('Voice')).toHaveValue('Ada');
  await expect(page.getByLabel('Time limit')).toHaveValue('90');
  await expect(page.getByLabel('Value 1')).toHaveValue('8812');
});

test('of several attempts the latest is open', async ({ page, server, signIn }) => {
  const { id } = await server.api<Made>('POST', '/calls', { phone_number: '+12025550101' });
  const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second)).toISOString();
  const real = await server.api<object>('GET', `/calls/${id}`);
  await page.route(`**/v1/calls/${id}`, (route) =>
    route.fulfill({
      json: {
        ...real,
        status: 'failed',
        attempt: 2,
        failure: { reason: 'dead_lettered', cause: 'launch_refused', message: 'No such image.' },
        outcome: undefined,
        history: [
          { status: 'queued', at: at(0), attempt: 1, cause: 'created' },
          { status: 'launching', at: at(2), attempt: 1, cause: 'admitted' },
          { status: 'queued', at: at(9), attempt: 2, cause: 'no_capacity' },
          { status: 'launching', at: at(20), attempt: 2, cause: 'admitted' },
          { status: 'failed', at: at(21), attempt: 2, cause: 'launch_refused' },
        ],
      },
    }),
  );
  await signIn(`/calls/${id}`);
  await expect(page.locator('.call-now-doing').getByText('No such image.')).toBeVisible();
  await expect(page.getByText('the launch was refused for good')).toBeVisible();
  await expect(page.getByText('submitted', { exact: true })).toBeHidden();
  await page.getByText('Attempt 1').click();
  await expect(page.getByText('submitted', { exact: true })).toBeVisible();
  await looksRight(page, 'call-attempts');
  await page.getByRole('link', { name: 'Dead letters of this cause' }).click();
  await expect(page).toHaveURL(/\/dead-letters\?cause=launch_refused$/);
});

test('a call that is not there, or somebody else’s, is told of with the request’s id', async ({
  page,
  signIn,
  faults,
}) => {
  await signIn('/calls/call_01KJPQ7Z5W8XN2T4V6R9C3M1GH');
  await expect(page.getByRole('alert')).toContainText('req_');
  await expect(page.getByRole('main').getByRole('link', { name: 'All calls' })).toBeVisible();
  await looksRight(page, 'call-missing');
  expected(faults, /404/);
});
