import { readFile } from 'node:fs/promises';
import type { Download, Page } from '@playwright/test';

import type { Server } from './server';
import { expect, expected, heading, looksRight, test } from './test';

test.use({ options: { limit: 2, rate: 1, speed: 2 } }); // so slow that a batch is still there when it is paused

/** Different numbers that are all valid. */
const number = (place: number) => `+1212${String(2_000_000 + place)}`;
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, place) => number(from + place));
const csv = (rows: string[]) => `phone_number\n${rows.join('\n')}\n`;

interface Batch {
  id: string;
  counts: { waiting: number };
}

const submit = (server: Server, name: string, rows: string[]) =>
  server.api<Batch>('POST', '/batches', { name, csv: csv(rows) });

const choose = (page: Page, name: string, content: string | Buffer) =>
  page.getByLabel('CSV file').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });

const textOf = async (download: Download) => readFile(await download.path(), 'utf8');

/** Nothing is wider than the window. */
async function fits(page: Page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'wider than the window').toBeLessThanOrEqual(0);
}

const bad = [
  'Kunde;Telefon;Ort;Notiz',
  'Ada;+1 212 200 9001;London;<script>document.title = "owned"</script>',
  'Grace;+12122009002;New York;=1+1',
  'Ada again;(212) 200-9001;London;twice',
  '=cmd|calc;12;Nowhere;too short',
  ';;Nowhere;no number',
  'Zoë;+12122009003;"Köln; Altstadt";"two',
  'lines"',
  'Too many;+12122009004;Bonn;cells;here',
].join('\r\n');

test('a file with bad rows becomes a batch: columns, check, start', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await expect(page.getByText('Up to 100,000 rows and 6.3 MB')).toBeVisible();
  await looksRight(page, 'new-batch-file');

  await choose(page, 'Kunden März.csv', bad);
  await expect(page.getByRole('heading', { name: 'Columns', level: 2 })).toBeFocused();
  await expect(page.getByText('Kunden März.csv · 7 rows')).toBeVisible();
  await expect(page.getByText('semicolons between cells, UTF-8, names of columns found')).toBeVisible();
  await expect(page.getByLabel('Number', { exact: true })).toHaveValue('1');
  await expect(page.getByText('Column found by its name.')).toBeVisible();
  await expect(page.getByText('Needs a country').first()).toBeVisible();
  await page.getByLabel('Country for all').selectOption('US');
  await expect(page.getByText('Needs a country')).toBeHidden();
  await expect(page.getByRole('cell', { name: '<script>document.title' })).toBeVisible(); // as text
  await page.getByLabel('Ort').uncheck();
  await looksRight(page, 'new-batch-columns');

  const dryRun = page.waitForRequest((request) => request.url().includes('dry_run=true'));
  await page.getByRole('button', { name: 'Check 7 rows' }).click();
  const sent = (await dryRun).postDataJSON() as { csv: string };
  expect(sent.csv, 'a column that is not used stays here').not.toContain('London');
  await expect(page.getByRole('main').getByText('3 will be called · 4 rows refused · 1 number twice')).toBeVisible();
  const refused = page.getByRole('table', { name: 'Refused rows' });
  await expect(refused.getByRole('row')).toHaveCount(5);
  await expect(refused.getByRole('row', { name: /^4 .*\(212\) 200-9001/ })).toBeVisible();
  await expect(refused.getByRole('row', { name: /^9 /, exact: false })).toBeVisible(); // behind a cell of two lines
  await expect(refused.getByText('5 cells, but there are 4 columns. If a cell holds a semicolon')).toBeVisible();
  await looksRight(page, 'new-batch-check');

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download these 4 rows' }).click();
  const file = await textOf(await saved);
  expect(file).toContain('Kunde,Telefon,Ort,Notiz,,line,refused,reason');
  expect(file, 'formulas run nowhere').toContain("'=cmd|calc,12,Nowhere");

  await page.getByRole('button', { name: 'Go on with 3 calls' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Kunden März');
  await page.getByLabel('Instructions').fill('Ask how they are.');
  await expect(page.getByText(/1 launch a second and 2 slots; how long|as many calls start as end/)).toBeVisible();
  await looksRight(page, 'new-batch-start');
  await page.getByRole('button', { name: 'Start 3 calls' }).click();

  await expect(heading(page, 'Kunden März active')).toBeVisible();
  await expect(page.getByText('3 calls accepted, 4 rows refused.')).toBeVisible();
  await expect(page.getByText('of 3 ended')).toBeVisible();
  const calls = page.getByRole('table', { name: 'Calls, in the order of the file' });
  await expect(calls.getByRole('row', { name: /200-9003/ })).toBeVisible();
  await page.getByText('Each with its reason').click();
  await expect(page.getByRole('table', { name: 'Refused rows' }).getByRole('row')).toHaveCount(5);
  expect(await page.title()).toContain('Kunden März');
  await looksRight(page, 'batch-small');
});

test('a file that is no list says one thing, and how to mend it', async ({ page, signIn }) => {
  await signIn('/batches/new');
  const says = async (content: string | Buffer, sentence: string | RegExp) => {
    await choose(page, 'list.csv', content);
    await expect(page.getByRole('alert')).toHaveText(sentence);
  };
  await says(Buffer.from([0x50, 0x4b, 3, 4, 0, 0]), /a spreadsheet’s workbook/);
  await says('', /The file is empty/);
  await says('phone,name\n', /no row under the names of the columns \(phone, name\)/);
  await says('phone,name\n+12122009001,"Ada\n', /The quote|A quote that opens in line 2 is never closed/);
  await says(csv(numbers(100_001)), /100,001 rows\. One batch takes at most 100,000/);
  await looksRight(page, 'new-batch-wrong');

  await choose(page, 'two.csv', 'phone,mobile\n+12122009001,+12122009002\n');
  await expect(page.getByText('“phone” and “mobile” may all hold the numbers')).toBeVisible();
  await page.getByRole('button', { name: 'Check 1 row' }).click();
  await expect(page.getByText('Choose the column that holds the phone numbers.')).toBeVisible();
  await page.getByLabel('Number', { exact: true }).selectOption({ index: 2 });
  await page.getByRole('button', { name: 'Check 1 row' }).click();
  await expect(page.getByRole('main').getByText('1 will be called', { exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'File', exact: false }).first().click();
  await choose(page, 'all bad.csv', 'phone\n12\n13\n');
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await expect(page.getByRole('main').getByText('0 will be called · 2 rows refused')).toBeVisible();
  await expect(page.getByText('No row can be called')).toBeVisible();
  await expect(page.getByRole('button', { name: /Go on/ })).toBeHidden();
});

test('a file is read in another way when it was read wrong', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await choose(page, 'old.csv', Buffer.from('phone,city\n+12122009001,K\xf6ln\n', 'latin1'));
  await expect(page.getByText('commas between cells, Windows-1252')).toBeVisible();
  await expect(page.getByRole('cell', { name: 'Köln' })).toBeVisible();
  await page.getByText('Read it in another way').click();
  await page.getByLabel('Encoding').selectOption('macintosh');
  await expect(page.getByRole('cell', { name: 'Kˆln' })).toBeVisible();

  await page.getByRole('button', { name: 'File', exact: false }).first().click();
  await choose(page, 'bare.csv', `${number(1)}\n${number(2)}\n`);
  await expect(page.getByText('no names of columns found')).toBeVisible();
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await expect(page.getByRole('main').getByText('2 will be called')).toBeVisible();
});

test('a file may be dropped anywhere, and leaving asks before it is lost', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await drop(page, 'dropped.csv', csv(numbers(3, 100)));
  await expect(page.getByText('dropped.csv · 3 rows')).toBeVisible();
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Leave this batch?' })).toBeVisible();
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect(page.getByText('dropped.csv · 3 rows')).toBeVisible();
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(heading(page, 'Calls')).toBeVisible();
});

test('a file that is dropped on a later step is asked about, and a bad one says why', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await choose(page, 'first.csv', csv(numbers(2, 400)));
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await expect(page.getByRole('heading', { name: 'Check', level: 2 })).toBeFocused();
  const asked = page.getByRole('dialog', { name: 'Take another file?' });
  await drop(page, 'second.csv', csv(numbers(3, 410)));
  await expect(asked).toContainText('second.csv takes the place of first.csv.');
  await asked.getByRole('button', { name: 'Back' }).click();
  await expect(page.getByRole('main').getByText('2 will be called')).toBeVisible();

  await page.getByRole('button', { name: 'Go on with 2 calls' }).click();
  await page.getByLabel('Instructions').fill('Ask how they are.');
  await drop(page, 'second.csv', csv(numbers(3, 410)));
  await looksRight(page, 'new-batch-replace');
  await asked.getByRole('button', { name: 'Take this file' }).click();
  await expect(page.getByText('second.csv · 3 rows')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Columns', level: 2 })).toBeFocused();
  await page.getByRole('button', { name: 'Check 3 rows' }).click();
  await page.getByRole('button', { name: 'Go on with 3 calls' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('second');
  await expect(page.getByLabel('Instructions')).toHaveValue('Ask how they are.');

  expect(await dropText(page, 'textarea'), 'text goes into a field as ever').toBe('left to the browser');
  await drop(page, 'empty.csv', '');
  await asked.getByRole('button', { name: 'Take this file' }).click();
  await expect(page.getByRole('alert')).toHaveText(/The file is empty/);
  await expect(page.getByText('second.csv · 3 rows')).toBeVisible();
});

test('the browser asks before it closes a page with a list', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await choose(page, 'list.csv', csv(numbers(2, 500)));
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await expect(page.getByRole('main').getByText('2 will be called')).toBeVisible();
  const asks = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const dialog = await asks;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await expect(page.getByRole('main').getByText('2 will be called')).toBeVisible();
});

test('it is told in bytes how much of a list is sent', async ({ page, signIn }) => {
  await signIn('/batches/new');
  await choose(page, 'large.csv', csv(numbers(20_000, 500_000)));
  const network = await page.context().newCDPSession(page);
  const upload = (bytesASecond: number) =>
    network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: bytesASecond,
    });
  await upload(20_000);
  await page.getByRole('button', { name: 'Check 20,000 rows' }).click();
  await expect(page.getByText(/^[1-9]\d* kB of 30\d kB sent$/)).toBeVisible();
  await expect(page.getByRole('progressbar', { name: 'Sending the list' })).toBeVisible();
  await upload(-1);
  await expect(page.getByRole('main').getByText('20,000 will be called')).toBeVisible({ timeout: 40_000 });
});

/** Whether the page takes text that is dropped on an element, or leaves it to the browser. */
const dropText = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData('text/plain', 'Be brief.');
      const left = element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      return left ? 'left to the browser' : 'taken';
    });

async function drop(page: Page, name: string, content: string) {
  const data = await page.evaluateHandle(
    ([file, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text as string], file as string, { type: 'text/csv' }));
      return transfer;
    },
    [name, content],
  );
  await page.dispatchEvent('main', 'dragover', { dataTransfer: data });
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
}

test('a token that runs out while the list is sent costs nothing, nor does a lost answer', async ({
  page,
  signIn,
  faults,
}) => {
  await signIn('/batches/new');
  await choose(page, 'list.csv', csv(numbers(2, 200)));
  await page.getByRole('button', { name: 'Check 2 rows' }).click();
  await page.getByRole('button', { name: 'Go on with 2 calls' }).click();

  const keys: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/batches')) {
      keys.push(request.headers()['idempotency-key']);
    }
  });
  await page.route('**/v1/batches', (route) => route.abort(), { times: 1 });
  await page.getByRole('button', { name: 'Start 2 calls' }).click();
  await expect(page.getByText('The server can’t be reached. Check')).toBeVisible();
  await page.route('**/v1/batches', (route) => route.fulfill({ status: 401, body: '{}' }), { times: 1 });
  await page.getByRole('button', { name: 'Start 2 calls' }).click();
  await expect(heading(page, 'list active')).toBeVisible();
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size, 'one key for one thing').toBe(1);
  expected(faults, /401|ERR_FAILED/);
});

test('a batch is paused, resumed and canceled', async ({ page, server, signIn }) => {
  const { id } = await submit(server, 'to cancel', numbers(40, 1000));
  await signIn(`/batches/${id}`);
  const second = page.locator('[data-row="1"]');
  await page.setViewportSize({ width: 390, height: 844 }); // as when a tablet is turned
  await expect(second).toHaveCSS('transform', 'matrix(1, 0, 0, 1, 0, 76)');
  await page.setViewportSize({ width: 1280, height: 900 });
  await expect(second).toHaveCSS('transform', 'matrix(1, 0, 0, 1, 0, 41)');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(heading(page, 'to cancel paused')).toBeVisible();
  await expect(page.getByText('Paused: no other call starts')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Resume' }), 'focus is where it was').toBeFocused();
  await page.keyboard.press('Enter');
  await expect(heading(page, 'to cancel active')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeFocused();
  await page.getByRole('button', { name: 'Cancel …' }).click();
  await expect(page.getByText(/waiting calls will never be placed.* There is no way back/)).toBeVisible();
  await looksRight(page, 'batch-cancel');
  await page.getByRole('button', { name: /^Cancel \d+ calls$/ }).click();
  await expect(heading(page, 'to cancel canceled')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeHidden();
  await expect(heading(page, 'to cancel canceled'), 'focus has a place').toBeFocused();
  await expect(page.getByText('40 of 40 ended')).toBeVisible();
  await page.getByRole('link', { name: /canceled, expired/ }).click();
  await expect(page).toHaveURL(new RegExp(`/calls\\?batch=${id}&status=canceled&status=expired$`));
});

test('100,000 calls stay smooth, and have to be typed before they are canceled', async ({ page, server, signIn }) => {
  test.setTimeout(120_000);
  const { id } = await submit(server, 'large', numbers(100_000, 100_000));
  const asked = new Set<string | null>();
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname.endsWith('/results.csv')) asked.add(searchParams.get('skip'));
  });
  await signIn(`/batches/${id}`);
  const table = page.getByRole('table', { name: 'Calls, in the order of the file' });
  await expect(table).toHaveAttribute('aria-rowcount', '100001');
  const first = table.getByRole('row', { name: /210-0000/ });
  await expect(first).toBeVisible();
  expect(await table.getByRole('row').count(), 'only rows that are seen exist').toBeLessThan(60);

  await first.getByRole('link').focus();
  const scroller = page.getByRole('rowgroup', { name: 'Calls; scroll with the arrow keys' });
  await scroller.evaluate((element) => element.scrollTo(0, 40_000));
  await expect(table.locator('[aria-rowindex="990"]').getByRole('link')).toBeVisible();
  await expect(first.getByRole('link'), 'focus is not lost').toBeFocused();
  await page.keyboard.press('j');
  await expect(table.locator('[aria-rowindex="3"]').getByRole('link')).toBeFocused();

  await scroller.focus();
  await page.keyboard.press('End');
  await expect(table.locator('[aria-rowindex="100001"]').getByRole('link')).toBeVisible({ timeout: 30_000 });
  expect([...asked]).toContain('99800');
  expect(asked.size, 'of 500 pages only those that were seen are read').toBeLessThan(100);
  expect(await table.getByRole('row').count()).toBeLessThan(60);

  await page.getByRole('button', { name: 'Cancel …' }).click();
  const cancel = page.getByRole('button', { name: /^Cancel [\d,]+ calls$/ });
  await cancel.click();
  await expect(page.getByText(/just as it stands here/)).toBeVisible();
  const label = await page.getByText(/^Type \d+ to confirm$/).textContent();
  await page.getByLabel(/^Type \d+ to confirm$/).fill(/\d+/.exec(label ?? '')?.[0] ?? '');
  await cancel.click();
  await expect(heading(page, 'large canceled')).toBeVisible();
});

test('results and refused rows are exported whole', async ({ page, server, signIn }) => {
  test.setTimeout(120_000);
  const rows = [...numbers(10_050, 300_000).map((each) => `${each},ok`), '+1212,"=HYPERLINK(""x"")"', '=1+1,x'];
  const { id } = await server.api<Batch>('POST', '/batches', {
    name: 'export',
    csv: `phone,note\n${rows.join('\n')}\n`,
  });
  await server.api('POST', `/batches/${id}/pause`);
  await expect
    .poll(async () => (await server.api<{ calls: unknown[] }>('GET', `/batches/${id}/calls?limit=1`)).calls.length)
    .toBe(1);
  await signIn(`/batches/${id}`);
  await expect(page.getByText('of 10,050 ended')).toBeVisible();
  const results = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export results' }).click();
  const lines = (await textOf(await results)).trimEnd().split('\r\n');
  expect(
    lines.filter((line) => line.includes('phone_number,status')),
    'names of columns once',
  ).toHaveLength(1);
  expect(lines.length).toBe(10_051);
  const refused = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export refused rows' }).click();
  const text = await textOf(await refused);
  expect(text).toMatch(/^\uFEFFline,number,refused,reason\r\n10052,/);
  expect(text).toMatch(/\r\n10053,'=/);
  await server.api('POST', `/batches/${id}/cancel`);
});

test('a batch that nobody has, or that is somebody else’s', async ({ page, signIn, faults }) => {
  await signIn('/batches/batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ');
  await expect(page.getByRole('alert')).toContainText(/no such batch|There is no batch/i);
  await expect(page.getByText('Request', { exact: false }).first()).toBeVisible();
  await page.getByRole('link', { name: 'All batches' }).click();
  await expect(heading(page, 'Batches')).toBeVisible();
  expected(faults, /404/);
});

test('the list of batches: filter by status, in the address', async ({ page, server, signIn }) => {
  const { id } = await submit(server, 'in the list', numbers(30, 2000));
  await signIn('/batches');
  const row = page.getByRole('row', { name: /in the list/ });
  await expect(row.getByText('active', { exact: true })).toBeVisible();
  await expect(row.getByText(/of 30$/)).toBeVisible();
  await looksRight(page, 'batches');
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(page);
  await looksRight(page, 'batches-phone');
  await page.setViewportSize({ width: 1280, height: 900 });
  await server.api('POST', `/batches/${id}/pause`);
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'paused' }).click();
  await expect(page).toHaveURL(/\/batches\?status=paused$/);
  await expect(row).toBeVisible();
  await expect(page).toHaveTitle(/^paused \(\d+\) · Batches/);
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'completed' }).click();
  await expect(row).toBeHidden();
  await server.api('POST', `/batches/${id}/cancel`);
});

test('without the scope to submit, batches are seen and nothing more', async ({ page, server, signIn }) => {
  await page.route('**/config.json', async (route) => {
    const config = (await (await route.fetch()).json()) as { scopes: string };
    const scopes = config.scopes.replace('calls/write', '').replace('calls/admin', '');
    await route.fulfill({ json: { ...config, scopes } });
  });
  const { id } = await submit(server, 'read only', numbers(2, 3000));
  await signIn(`/batches/${id}`);
  await expect(page.getByText('of 2 ended')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel …' })).toBeHidden();
  await page.goto('/batches/new');
  await expect(page.getByText('the scope calls/write')).toBeVisible();
});
