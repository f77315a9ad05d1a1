// usage.mjs - what was used, as an operator looks at it. Part of the dashboard's test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';

const number = (text) => Number(text.replaceAll(/[^0-9.]/g, ''));

// on: {page(), settle(page, path)}. The page is signed in, the robots talk.
export function usageTests(on) {
  const page = {goto: (...words) => on.page().goto(...words)};
  const sums = (name) => on.page().getByRole('table', {name}).locator('tbody tr:not(.skeleton-row)');
  const cell = (row, title) => row.locator(`td[data-label="${title}"]`);
  const api = (path) => on.page().evaluate(async (url) => (await fetch(url)).json(), `/api/v1${path}`);

  test('usage of today names vendor and model, counts and costs', async () => {
    await page.goto('/usage');
    const row = sums('By Vendor, Model').filter({hasText: 'dahan'}).first();
    await row.waitFor();
    assert.ok(number(await cell(row, 'Attempts').innerText()) > 0);
    assert.match(await cell(row, 'Cost').innerText(), /\u00a5/);
    await on.page().getByRole('img', {name: /Columns of Attempts/}).locator('canvas').waitFor();
  });

  test('the file for spreadsheets has what the table shows', async () => {
    await page.goto('/usage?by=vendor&range=week');
    await sums('By Vendor').first().waitFor();
    const [file] = await Promise.all([on.page().waitForEvent('download'), on.page().getByRole('link', {name: 'Download CSV'}).click()]);
    const [head, ...lines] = readFileSync(await file.path(), 'utf8').trimEnd().split('\r\n');
    assert.match(head, /^period,vendor,model,/);
    assert.ok(lines.some((line) => /^\d{4}-\d\d-\d\d,dahan,/.test(line)), lines.join('\n'));
  });

  test('the classes of a contract add up to the quantities of its bill', async () => {
    await on.settle(on.page(), '/usage');
    // robots talk on: they are compared in one moment, and again in the next
    const compare = async () => {
      const [{items}, bill] = await Promise.all([api('/usage?by=class&contract=dahan-2026&from=2026-01-01'), api('/contracts/dahan-2026/bill')]);
      const billed = bill.lines.filter(({metric}) => metric === 'output').reduce((sum, {quantity}) => sum + Number(quantity), 0);
      return [items.find((item) => item.class === 'output').quantity, billed];
    };
    let pair = [];
    await until(30, () => `output: ${pair.join(' used, billed ')}`, async () => {
      pair = await compare();
      return pair[0] > 0 && pair[0] === pair[1];
    });
  });

  test('contracts are drawn over the fleet\'s size, and the place where another is cheaper is told and opened', async () => {
    // so many that the crossing is among them however little the robots have said so far
    await on.settle(on.page(), '/whatif?to=10000000');
    const from = on.page().getByRole('list', {name: 'Which is the cheapest'}).getByRole('button', {name: /^From [\d,]+ robots on A dahan-2026 is the cheapest$/});
    await from.waitFor();
    await on.page().getByRole('img', {name: /^Lines of cost by fleet size for dahan-2026, erxian-2026/}).locator('canvas').waitFor();
    const size = number(await from.innerText().then((text) => /[\d,]+/.exec(text)[0]));
    await from.click();
    const table = on.page().getByRole('table', {name: `At ${size.toLocaleString('en-US')} robots`});
    await table.locator('tbody tr', {hasText: 'dahan-2026'}).getByText('the least').waitFor();
    assert.match(on.page().url(), new RegExp(`at=${size}`));
    await on.page().getByRole('button', {name: 'Show the arithmetic'}).click();
    await on.page().getByText('How it is made').first().click();
    await on.page().locator('.reckoning[open] li').first().getByText(/ = /).waitFor();
    await on.page().getByRole('region', {name: /^Bill of dahan-2026 at/}).getByRole('table', {name: 'Bill'}).getByText('Output tokens').first().waitFor();
  });
}
