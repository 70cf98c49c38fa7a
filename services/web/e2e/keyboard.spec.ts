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
  await expect(page.getByRole('button', { name: 'Updates are paused: go on' })).toBeVisible();

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
