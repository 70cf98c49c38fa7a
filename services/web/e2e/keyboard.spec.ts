import { expect, heading, looksRight, test } from './test';

test.use({ options: { limit: 1, speed: 1 } }); // one talks for long, the others wait

const longTalk = '+12025550105';

test('each page is reached by two keys, and not while somebody types', async ({ page, signIn }) => {
  await signIn('/calls');
  for (const [letter, name] of [
    ['k', 'Capacity'],
    ['d', 'Dead letters'],
    ['b', 'Batches'],
    ['n', 'Call now'],
    ['c', 'Calls'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await expect(heading(page, name)).toBeFocused();
    await page.keyboard.press('Escape');
  }
  await page.keyboard.press('/');
  await expect(page.getByLabel('Number')).toBeFocused();
  await page.keyboard.type('gk?');
  await expect(page.getByLabel('Number')).toHaveValue('gk?');
  await expect(page).toHaveURL(/\/calls$/);
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the list of shortcuts has the page’s own, and a switch that turns all of them off', async ({ page, signIn }) => {
  await signIn('/calls');
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(list.getByText('Filter by number')).toBeVisible();
  await expect(list.getByText('Dead letters')).toBeVisible();
  await looksRight(page, 'shortcuts');
  await list.getByLabel('Shortcuts are on').uncheck();
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();

  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.keyboard.press('?');
  await expect(list).toBeHidden();
  await expect(page).toHaveURL(/\/calls$/);
  await page.reload(); // it is remembered
  await expect(heading(page, 'Calls')).toBeVisible();
  await page.keyboard.press('?');
  await expect(list).toBeHidden();

  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click(); // the way back needs no key
  await list.getByLabel('Shortcuts are on').check();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await expect(heading(page, 'Capacity')).toBeFocused();
});

test('calls are chosen by keys and canceled together; the page is told what came of it', async ({
  page,
  server,
  signIn,
}) => {
  for (const number of [longTalk, '+12025550111', '+12025550112', '+12025550113']) {
    await server.api('POST', '/calls', { phone_number: number });
  }
  await signIn('/calls');
  const row = (number: RegExp) => page.getByRole('row', { name: number });
  await expect(row(/555-0113/)).toBeVisible();

  await page.keyboard.press('j');
  await expect(
    row(/555-0113/)
      .getByRole('link')
      .first(),
  ).toBeFocused();
  await page.keyboard.press('x');
  await expect(row(/555-0113/).getByRole('checkbox')).toBeChecked();
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await expect(
    row(/555-0113/)
      .getByRole('link')
      .first(),
  ).toBeFocused();
  await expect(page.getByText('1 call selected · updates paused')).toBeVisible();
  const held = page.getByRole('button', { name: 'Updates are paused while something is selected' });
  await expect(held).toHaveAttribute('aria-disabled', 'true');
  await held.press('Enter'); // and no pause of the person's own comes of it, see the end

  await row(/555-0111/)
    .getByRole('checkbox')
    .click({ modifiers: ['Shift'] }); // and all between
  await row(/555-0105/)
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Cancel 4 calls …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel 4 calls?' });
  await expect(dialog.getByText('3 waiting calls will not be placed. 1 call under way will be hung up.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Keep' })).toBeFocused(); // Enter does no harm
  await looksRight(page, 'calls-cancel');
  await dialog.getByRole('button', { name: 'Cancel 4 calls' }).click();
  await expect(page.getByText(/3 calls canceled, 1 call being hung up/).first()).toBeVisible();
  await expect(row(/555-0112/).getByText('canceled', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'The page is live: pause updates' })).toBeVisible();
  await expect(page.getByRole('table')).toBeFocused(); // the dialog, its button and the selection have vanished
});

test('what has focus is not under the bar of the selection', async ({ page, server, signIn }) => {
  const rows = Array.from({ length: 20 }, (_, each) => ({ phone_number: `+1202555${1100 + each}` }));
  const batch = await server.api<{ id: string }>('POST', '/batches', { rows });
  await page.setViewportSize({ width: 1280, height: 560 });
  await signIn(`/calls?batch=${batch.id}`);
  const table = page.getByRole('table');
  await table.getByRole('checkbox', { name: 'Select all on this page' }).check();
  await expect(page.getByRole('region', { name: 'Selection' })).toBeVisible();
  for (const link of await table
    .getByRole('row')
    .getByRole('link', { name: /555-11/ })
    .all()) {
    await page.keyboard.press('j');
    await expect(link).toBeFocused();
    const seen = await link.evaluate((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(x + width / 2, y + height - 1));
    });
    expect(seen, await link.innerText()).toBe(true);
  }
  await page.getByRole('button', { name: 'Clear selection' }).click();
  await expect(table).toBeFocused();
});

test('the skip link leads into the page and is no navigation: a batch that is being made stays', async ({
  page,
  signIn,
}) => {
  await signIn('/calls');
  await page.getByRole('link', { name: 'Batches' }).click();
  await page.getByRole('link', { name: 'New batch' }).first().click();
  await expect(heading(page, 'New batch')).toBeFocused(); // the page before it takes files too
  const buffer = Buffer.from('phone\n+12025550100\n');
  await page.getByLabel('CSV file').setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer });
  await expect(page.getByRole('heading', { level: 2, name: 'Columns' })).toBeVisible();
  const before = await page.evaluate(() => [location.href, history.length, JSON.stringify(history.state)]);
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await skip.focus();
  await skip.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await page.evaluate(() => [location.href, history.length, JSON.stringify(history.state)])).toEqual(before);

  await page.evaluate(() => {
    location.hash = 'main'; // another place of the same page, such as a link that was kept
  });
  await expect(page).toHaveURL(/new#main$/);
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'Leave this batch?' })).toBeVisible();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(heading(page, 'Calls')).toBeFocused();
});

test('a call that ended meanwhile is no error of a cancel', async ({ page, server, signIn }) => {
  const made: { id: string }[] = [];
  for (const number of [longTalk, '+12025550121', '+12025550122']) {
    made.push(await server.api<{ id: string }>('POST', '/calls', { phone_number: number }));
  }
  await signIn('/calls?status=queued');
  await page
    .getByRole('row', { name: /555-0121/ })
    .getByRole('checkbox')
    .check();
  await page
    .getByRole('row', { name: /555-0122/ })
    .getByRole('checkbox')
    .check();
  await server.api('POST', `/calls/${made[1]?.id}/cancel`);
  await page.getByRole('button', { name: 'Cancel 2 calls …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 2 calls' }).click();
  await expect(page.getByText(/2 calls canceled/).first()).toBeVisible(); // canceling what is canceled is fine
});
