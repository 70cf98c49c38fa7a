import { expect, heading, looksRight, test } from './test';

test('a person signs in, sees the calls as they go on, and a reload changes nothing', async ({
  page,
  server,
  signIn,
}) => {
  await signIn('/calls?status=completed&status=busy');
  await expect(heading(page, 'Calls')).toBeVisible();
  await expect(page).toHaveURL(/\/calls\?status=completed&status=busy$/); // where sign-in began
  expect(page.url(), 'no code, no state, no token').not.toMatch(/code=|state=|token/);

  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page.getByRole('heading', { name: 'No calls yet' })).toBeVisible();
  await looksRight(page, 'calls-empty');
  await server.api('POST', '/calls', { phone_number: '+12025550101' }); // is busy
  const row = page.getByRole('row', { name: /202.*555-0101/ });
  await expect(row.getByText('busy', { exact: true })).toBeVisible({ timeout: 40_000 });
  await looksRight(page, 'calls');

  await page.reload();
  await expect(row).toBeVisible();
  await expect(page).toHaveURL(/\/calls$/);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept, 'no token in any storage').not.toMatch(/token|eyJ/);
});

test('the address holds the filters', async ({ page, signIn }) => {
  await signIn('/capacity');
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  const chip = (name: string) => page.getByRole('group', { name: 'Status' }).getByRole('button', { name });
  await chip('busy').click();
  await expect(page).toHaveURL(/\/calls\?status=busy$/);
  await chip('failed').click();
  await chip('busy').click(); // a second press takes it away
  await expect(chip('busy')).toHaveAttribute('aria-pressed', 'false');
  await page.getByLabel('Number').fill('+1 (202) 555-0199');
  await page.getByLabel('Number').press('Enter');
  await expect(page).toHaveURL(/\/calls\?status=failed&number=%2B12025550199$/);
  await expect(page).toHaveTitle('failed (0) · Calls · Outdial');
  await expect(page.getByText('There is no call in status failed, to +12025550199.')).toBeVisible();
  await looksRight(page, 'calls-no-fit');
  await expect(page.getByLabel('Number')).toBeFocused();
  await expect(page.getByLabel('Number')).toHaveValue('+12025550199');
  await page.getByLabel('Number').fill('555');
  await page.getByLabel('Number').press('Enter');
  await expect(page.getByText('With its country code')).toBeVisible();
  await page.goBack(); // leaves the page, rather than undoing its filters one by one
  await expect(heading(page, 'Capacity')).toBeFocused();
  await page.goForward();
  await expect(page).toHaveURL(/\/calls\?status=failed&number=%2B12025550199$/);
  await expect(chip('failed')).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByLabel('Number')).toHaveValue('+12025550199');
});

test('calls can be filtered by a span of time, in the local zone', async ({ page, server, signIn }) => {
  await server.api('POST', '/calls', { phone_number: '+12025550104' });
  await signIn('/calls?number=%2B12025550104');
  const row = page.getByRole('row', { name: /555-0104/ }).first();
  await expect(row).toBeVisible();
  await page.getByLabel('Created').selectOption('Between …');
  await page.getByLabel('From').fill('2026-01-02T13:00');
  await page.getByLabel('Before').fill('2026-07-02T13:00');
  await page.getByLabel('Before').blur();
  await expect(page).toHaveURL(/&from=2026-01-02T12%3A00%3A00.000Z&to=2026-07-02T11%3A00%3A00.000Z$/); // winter, summer
  await expect(page.getByRole('heading', { name: 'No call fits' })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('From')).toHaveValue('2026-01-02T13:00');
  await expect(page.getByLabel('Before')).toHaveValue('2026-07-02T13:00');
  await page.getByLabel('Before').fill('');
  await page.getByLabel('Before').blur();
  await expect(page).toHaveURL(/&from=2026-01-02T12%3A00%3A00.000Z$/);
  await expect(row).toBeVisible();
});

test('on a phone the list is cards and the menu is one button', async ({ page, server, signIn }) => {
  await server.api('POST', '/calls', { phone_number: '+12025550102' });
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/calls');
  await expect(page.getByRole('row', { name: /555-0102/ }).first()).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'nothing is wider than the window').toBeLessThanOrEqual(0);
  await looksRight(page, 'calls-phone');
  await page.getByLabel('Menu').click();
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Capacity' }).click();
  await expect(heading(page, 'Capacity')).toBeFocused();
});

test('signing out ends the session at the issuer too', async ({ page, signIn }) => {
  await signIn('/calls');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page, 'You are signed out')).toBeVisible();
  await looksRight(page, 'signed-out');
  expect(page.url(), 'no token in the address').not.toMatch(/token|eyJ/);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel(/password/i)).toBeVisible();
});

test('a list has pages, whose size can be chosen, and new calls wait until they are asked for', async ({
  page,
  server,
  signIn,
}) => {
  const numbers = Array.from({ length: 60 }, (_, each) => `+1202555${1000 + each}`);
  const rows = numbers.map((phone_number) => ({ phone_number }));
  const batch = await server.api<{ id: string }>('POST', '/batches', { rows });
  await signIn(`/calls?batch=${batch.id}`);
  const shown = page.getByRole('table').getByRole('row');
  await expect(shown).toHaveCount(51); // the head is one
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(shown).toHaveCount(11);
  await expect(page.getByRole('table')).toBeFocused(); // what was pressed has vanished
  await page.getByRole('link', { name: 'Newer' }).click();
  await expect(shown).toHaveCount(51);
  await page.getByLabel('Rows').selectOption('100');
  await expect(page).toHaveURL(/&size=100$/);
  await expect(shown).toHaveCount(61);
  await expect(page.getByRole('link', { name: 'Older' })).toBeHidden();

  const busy = { phone_number: '+12025550103' };
  await server.api('POST', '/calls', busy);
  await page.goto('/calls?number=%2B12025550103');
  await expect(shown).toHaveCount(2);
  await server.api('POST', '/calls', busy);
  await page.getByRole('button', { name: 'Show 1 new' }).click({ timeout: 40_000 });
  await expect(shown).toHaveCount(3);
  await expect(page.getByRole('table')).toBeFocused();
});
