import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';

import { Server, type Options } from './server';

interface PerTest {
  /** Tests fail with their pages, the windows that those open included: see `watch`. */
  context: BrowserContext;
  /** Signs in through the issuer's page, as the first user if no other is named, and shows this path. */
  signIn: (path?: string, user?: string) => Promise<void>;
  /** Breaches of the Content-Security-Policy and errors so far; `expected` takes out those that a test wants. */
  faults: string[];
}

interface PerWorker {
  /** `test.use({ options: { limit: 1 } })` at the top of a file gives it a server of its own. */
  options: Options;
  server: Server;
}

export const test = base.extend<PerTest, PerWorker>({
  options: [{}, { scope: 'worker', option: true }],

  server: [
    async ({ options }, use) => {
      const server = new Server(options);
      try {
        await server.start();
        await use(server);
      } finally {
        await server.remove();
      }
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  faults: async ({}, use) => use([]),

  context: async ({ context, faults }, use) => {
    await watch(context, faults);
    await use(context);
    expect(faults, 'faults of the page').toEqual([]);
  },

  signIn: async ({ page, server }, use) => {
    await use(async (path = '/calls', user = server.user) => {
      await page.goto(path);
      await page.getByLabel(/user/i).fill(user);
      await page.getByLabel(/password/i).fill(server.password);
      await page.getByRole('button', { name: /sign in/i }).click();
      await page.getByRole('heading', { level: 1 }).waitFor();
    });
  },
});

export { expect };

/** Hears of what is a fault of any page: a breach of the policy, an error in the console, something thrown. */
export async function watch(context: BrowserContext, faults: string[]) {
  context.on('weberror', (thrown) => faults.push(`the page threw ${thrown.error().stack ?? thrown.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(`the console says ${message.text()}`);
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (breach) => {
      console.error(`policy: ${breach.violatedDirective} blocks ${breach.blockedURI} of ${breach.sourceFile}`);
    });
  });
}

/** Takes out faults that a test brought about itself, such as a server that is away. */
export function expected(faults: string[], pattern: RegExp) {
  const rest = faults.filter((fault) => !pattern.test(fault));
  faults.splice(0, faults.length, ...rest);
}

/** The page's heading, by its exact text. */
export const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true });

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** No finding of axe, in light and in dark; and a picture of both, for people, in screenshots/. */
export async function looksRight(page: Page, name: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
    const found = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`,
    );
    expect(found, `axe on ${name}, ${colorScheme}`).toEqual([]);
    await page.screenshot({ path: `screenshots/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
