// claims.mjs - a factory's list of serial numbers becomes codes and labels, in both languages. Part of
// the dashboard's test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {speaker, untranslated} from './languages.mjs';

const csv = (...lines) => ({name: 'serials.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.map((line) => `${line}\n`).join(''))});
const MM = 96 / 25.4;

// on: {browser(), page(), settle(page, path)}. The page is signed in as an admin.
export function claimsTests(on) {
  for (const [locale, prefix, wrong] of [['en-US', 'EN', 'the same serial number as in line 2'], ['zh-CN', 'ZH', '与第 2 行的序列号相同']]) {
    const t = speaker(locale);

    test(`${locale}: a list with wrong lines makes nothing and names each; a good one gives codes to save and labels to print`, async () => {
      const page = await on.browser().like(on.page(), {locale});
      await on.settle(page, '/fleet');
      await page.getByRole('link', {name: t('claims'), exact: true}).click();
      await page.getByRole('button', {name: t('claims.list')}).click();
      const dialog = page.getByRole('dialog', {name: t('claims.list')});
      const make = dialog.getByRole('button', {name: t('claims.list.do')});
      assert.ok(await make.isDisabled(), 'there is no list yet');
      await dialog.getByLabel(t('claims.file')).setInputFiles(csv('serial,group', `${prefix}-1,kitchen`, `${prefix}-1,kitchen`, ',kitchen'));
      await make.click();
      const faults = dialog.getByRole('table', {name: t('claims.faults.label')}).locator('tbody tr');
      await faults.first().getByText(wrong).waitFor();
      assert.deepEqual(await faults.locator('td:nth-child(-n+2)').allInnerTexts(), ['3', `${prefix}-1,kitchen`, '4', ',kitchen']);
      assert.equal(await dialog.getByText(wrong).count(), 1, 'nothing is told twice');
      assert.deepEqual(await untranslated(page, locale), []);

      const serials = Array.from({length: 25}, (_, i) => `${prefix}-${i + 1}`);
      await dialog.getByLabel(t('claims.file')).setInputFiles(csv('serial', ...serials));
      await dialog.getByLabel(t('group')).selectOption('kitchen');
      await make.click();
      await dialog.waitFor({state: 'detached'});
      assert.deepEqual(await page.locator('.label b').allInnerTexts(), serials);
      assert.equal(await page.getByRole('img', {name: t('claims.picture', {serial: `${prefix}-25`})}).count(), 1);
      const done = page.getByRole('button', {name: t('claims.done')});
      assert.ok(await done.isDisabled(), 'codes that stand nowhere are not put away');
      const saved = page.waitForEvent('download');
      await page.getByRole('button', {name: t('claims.save')}).click();
      const rows = readFileSync(await (await saved).path(), 'utf8').trimEnd().split('\n');
      assert.equal(rows[0], 'serial,group,code,uri');
      assert.match(rows[25], new RegExp(`^${prefix}-25,kitchen,[0-9a-z]{16}-[0-9a-z]{52},myna:enrol\\?claim=`));
      assert.deepEqual(await untranslated(page, locale), []);

      await page.emulateMedia({media: 'print'});
      const boxes = await page.locator('.label').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
      for (const box of boxes) assert.ok(Math.abs(box.width - 70 * MM) < 1 && Math.abs(box.height - 37 * MM) < 1, `${box.width} by ${box.height}`);
      assert.deepEqual([boxes[0], boxes[2], boxes[23]].map(({x, y}) => [Math.round((x - boxes[0].x) / MM), Math.round((y - boxes[0].y) / MM)]), [[0, 0], [140, 0], [140, 259]]);
      assert.ok(!(await page.getByRole('table', {name: t('claims')}).isVisible()), 'labels alone are printed');
      await page.emulateMedia({media: null});

      await done.click();
      await page.locator('.label').first().waitFor({state: 'detached'});
      const row = page.getByRole('table', {name: t('claims')}).locator('tbody tr', {hasText: `${prefix}-25`});
      await row.getByText(t('claims.waits')).waitFor();
      await row.getByRole('button', {name: t('claims.withdraw')}).click();
      await page.getByRole('dialog').getByRole('button', {name: t('claims.withdraw')}).click();
      await row.getByText(t('claims.withdrawn')).waitFor();
      await page.context().close();
    });
  }
}
