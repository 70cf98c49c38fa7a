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
  await signIn('/calls');
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'failed' }).click();
  await page.getByLabel('Number').fill('+1 (202) 555-0199');
  await page.getByLabel('Number').press('Enter');
  await expect(page).toHaveURL(/\/calls\?status=failed&number=%2B12025550199$/);
  await expect(page).toHaveTitle('failed (0) · Calls · Outdial');
  await expect(page.getByText('There is no call in status failed, to +12025550199.')).toBeVisible();
  await expect(page.getByLabel('Number')).toBeFocused();
  await expect(page.getByLabel('Number')).toHaveValue('+12025550199');
  await page.getByLabel('Number').fill('555');
  await page.getByLabel('Number').press('Enter');
  await expect(page.getByText('With its country code')).toBeVisible();
  await page.goBack();
  await page.goForward();
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
  expect(page.url(), 'no token in the address').not.toMatch(/token|eyJ/);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel(/password/i)).toBeVisible();
});
