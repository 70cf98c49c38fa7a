import { expect, test } from './test';

test.use({ options: { limit: 5, speed: 20 } });

const paths = ['/calls', '/call', '/batches', '/batches/new', '/capacity', '/dead-letters', '/no-such-page'];

/** The paths, with one call and one batch that are there. */
async function allPaths(server: { api: <T>(method: 'POST', path: string, body: unknown) => Promise<T> }) {
  const call = await server.api<{ id: string }>('POST', '/calls', { phone_number: '+12025550101' });
  const rows = [{ phone_number: '+12025550100' }, { phone_number: '+12025550102' }];
  const batch = await server.api<{ id: string }>('POST', '/batches', { name: '<script>alert(1)</script>', rows });
  return [...paths, `/calls/${call.id}`, `/batches/${batch.id}`];
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
  for (const path of all) {
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

test('on a phone each page fits, and the menu leads to it', async ({ page, server, signIn }) => {
  const all = await allPaths(server);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn('/calls');
  for (const path of all) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 }), path).toBeVisible();
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      const over = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await expect.poll(over, { message: `${path} at ${width}` }).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 390, height: 844 });
  }
  const menu = page.getByLabel('Menu', { exact: true });
  for (const name of ['Call now', 'Batches', 'Capacity', 'Dead letters', 'Calls']) {
    await menu.click();
    const link = page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name });
    expect((await link.boundingBox())?.height, 'a target for a thumb').toBeGreaterThanOrEqual(44);
    await link.click();
    await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeFocused();
    await expect(page.getByRole('navigation', { name: 'Pages', exact: true })).toBeHidden(); // the menu has closed
  }
  await menu.click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).getByLabel('Theme').selectOption('dark');
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  expect(await scheme()).toBe('dark');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Calls', exact: true })).toBeVisible();
  await expect.poll(scheme).toBe('dark'); // it is remembered
});
