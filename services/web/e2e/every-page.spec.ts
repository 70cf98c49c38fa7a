import type { Page } from '@playwright/test';

import { expect, expected, looksRight, test } from './test';

test.use({ options: { limit: 5, speed: 20 } });

/** Each path, and what is on its page only when all of it is there. */
const paths = {
  '/calls': 'Newest first',
  '/call': 'Time limit',
  '/batches': 'Newest first',
  '/batches/new': 'Choose a file',
  '/capacity': 'Limit and rate',
  '/dead-letters': 'No dead letters',
  '/no-such-page': 'There is nothing at this address',
};

/** The paths, with one call and one batch that are there. */
async function allPaths(server: { api: <T>(method: 'POST', path: string, body: unknown) => Promise<T> }) {
  const call = await server.api<{ id: string }>('POST', '/calls', { phone_number: '+12025550101' });
  const rows = [{ phone_number: '+12025550100' }, { phone_number: '+12025550102' }];
  const batch = await server.api<{ id: string }>('POST', '/batches', { name: '<script>alert(1)</script>', rows });
  const made = { [`/calls/${call.id}`]: 'Raw JSON', [`/batches/${batch.id}`]: 'In the order of the file' };
  return Object.entries({ ...paths, ...made });
}

test('no page breaks the policy, loads from elsewhere, or lacks a heading and a title', async ({
  page,
  server,
  signIn,
}) => {
  const all = await allPaths(server);
  const origins = new Set<string>();
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await signIn('/calls');
  for (const [path] of all) {
    const answer = await page.goto(path); // the fixture fails the test on any breach
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy, path).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy, path).not.toMatch(/unsafe|data:|blob:|\*/);
    await expect(page.getByRole('heading', { level: 1 }), path).toHaveCount(1);
    await expect(page, path).toHaveTitle(/ · Outdial$/);
    await expect(page.locator('.skeleton')).toHaveCount(0);
    expect(await page.locator('script:not([src]), [onclick], [onload]').count(), `inline script on ${path}`).toBe(0);
  }
  expect([...origins]).toEqual([server.url]);
});

test('what isn’t there looks right too', async ({ page, signIn, faults }) => {
  await signIn('/no-such-page');
  await expect(page.getByText('There is nothing at this address')).toBeVisible();
  await looksRight(page, 'no-such-page');
  await page.goto('/batches/batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ');
  await expect(page.getByRole('alert')).toContainText(/no such batch|not yours/i);
  await looksRight(page, 'batch-not-found');
  expected(faults, /404/);
});

test('with the colours of the system, what is pressed and how full a bar is can still be seen', async ({
  page,
  signIn,
}) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await signIn('/calls?status=busy');
  const colour = (selector: string) =>
    page.locator(selector).evaluate((element) => getComputedStyle(element).backgroundColor);
  await expect(page.getByRole('button', { name: 'busy' })).toHaveAttribute('aria-pressed', 'true');
  expect(await colour('.status-filter .chip[data-status="busy"]')).not.toBe(
    await colour('.status-filter .chip[data-status="failed"]'),
  );
  await page.goto('/capacity');
  await expect(page.locator('.bar')).toBeVisible();
  expect(await colour('.bar > div')).not.toBe(await colour('html'));
});

const thumb = 44;

/**
 * Controls of the page that are less than a thumb high, or wide. A checkbox counts with its label, and a cause of dead
 * letters with its card. Links in sentences and in rows are as high as their line; a file picker is behind its label.
 */
const smallControls = (page: Page) =>
  page.evaluate((least) => {
    const controls = document.querySelectorAll<HTMLElement>(
      'button, summary, select, textarea, input, a.button, nav a',
    );
    return [...controls]
      .filter((control) => control.checkVisibility() && !control.matches('[type="file"]'))
      .map((control) => control.closest<HTMLElement>('label:has(> [type="checkbox"]), .cause') ?? control)
      .filter((control) => {
        const { width, height } = control.getBoundingClientRect();
        return Math.min(width, height) < least - 0.5;
      })
      .map((control) => `${control.outerHTML.slice(0, 120)} ${JSON.stringify(control.getBoundingClientRect())}`);
  }, thumb);

test('on a phone each page fits, and a thumb each of its controls', async ({ page, server, signIn }) => {
  const all = await allPaths(server);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/calls');
  for (const [path, whole] of all) {
    await page.goto(path);
    await expect(page.getByText(whole).first(), path).toBeVisible();
    await expect.poll(() => smallControls(page), { message: `small on ${path}` }).toEqual([]);
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      const over = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await expect.poll(over, { message: `${path} at ${width}` }).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 390, height: 844 });
  }
});

test('on a phone one menu leads to everything, and all calls can be chosen at once', async ({
  page,
  server,
  signIn,
}) => {
  await server.api('PUT', '/capacity', { stopped: true }); // calls wait, and can be chosen
  await allPaths(server);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/capacity');
  const menu = page.getByLabel('Menu', { exact: true });
  for (const name of ['Call now', 'Batches', 'Capacity', 'Dead letters', 'Calls']) {
    await menu.click();
    await expect.poll(() => smallControls(page), { message: 'small in the menu' }).toEqual([]);
    await page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name }).click();
    await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeFocused();
    await expect(page.getByRole('navigation', { name: 'Pages', exact: true })).toBeHidden(); // the menu has closed
  }
  await page.getByText('Number, batch, time').click();
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
  await expect(page.getByText('selected · updates paused')).toBeVisible();
  expect(await smallControls(page), 'with filters and a selection').toEqual([]);
  await looksRight(page, 'calls-selected-phone');
  await page.getByRole('button', { name: 'Clear selection' }).click();

  await menu.click();
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
  await expect(page.getByRole('dialog').getByLabel('Shortcuts are on')).toBeChecked();
  expect(await smallControls(page), 'in the dialog').toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('navigation', { name: 'Pages', exact: true }).getByLabel('Theme').selectOption('dark');
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  expect(await scheme()).toBe('dark');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Calls', exact: true })).toBeVisible();
  await expect.poll(scheme).toBe('dark'); // it is remembered
});
