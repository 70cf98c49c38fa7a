import { expect, heading, looksRight, test } from './test';

test.use({ options: { limit: 8 } }); // a server of its own, on which nothing is yet

test('before the first batch, the page takes a file at once', async ({ page, signIn }) => {
  await signIn('/batches');
  await expect(page.getByRole('heading', { name: 'No batches yet' })).toBeVisible();
  await expect(page.getByText('Up to 100,000 rows')).toBeVisible();
  await looksRight(page, 'batches-empty');
  const template = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Template' }).click();
  expect((await template).suggestedFilename()).toBe('template.csv');
  await page.getByLabel('CSV file').setInputFiles({
    name: 'first.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('phone\n+12122000001\n'),
  });
  await expect(heading(page, 'New batch')).toBeVisible();
  await expect(page.getByText('first.csv · 1 row')).toBeVisible();
});
