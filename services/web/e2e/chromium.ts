import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium as bundled } from '@playwright/test';

/** The browser of the tests: CHROMIUM, the system's, or Playwright's own. A test without one fails; none is skipped. */
export function chromium(): string {
  const named = process.env.CHROMIUM;
  const system = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  const found = [named, ...system, bundled.executablePath()].find((path) => path && existsSync(path));
  if (!found) {
    throw new Error(
      'The tests need Chromium. On Debian or Ubuntu: apt-get install chromium. Elsewhere: npx playwright install chromium, ' +
        'or name one by CHROMIUM=/path/to/it.',
    );
  }
  return found;
}
