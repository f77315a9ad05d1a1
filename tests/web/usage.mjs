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

  test('a row of usage opens what is behind it, down to one robot, and the address keeps it all', async () => {
    await page.goto('/usage');
    await on.page().getByLabel('By', {exact: true}).selectOption('group');
    await on.page().getByLabel('and by').selectOption('');
    await sums('By Group').getByRole('link', {name: 'kitchen'}).click();
    const robot = sums('By Robot').getByRole('link', {name: 'sim-0001'});
    await robot.waitFor();
    await on.page().getByRole('button', {name: 'No longer only Group kitchen'}).waitFor();
    await on.page().reload();
    await robot.waitFor();
    assert.equal(await sums('By Robot').getByRole('link', {name: 'myna-1'}).count(), 0, 'it is of another group');
    await robot.click();
    await on.page().getByRole('heading', {level: 1, name: 'sim-0001'}).waitFor();
  });

  test('a number of attempts opens them one by one, and what they are narrowed to stays in the address', async () => {
    await page.goto('/usage?by=vendor');
    await cell(sums('By Vendor').filter({hasText: 'dahan'}).first(), 'Attempts').getByRole('link').click();
    const attempts = sums('Attempts');
    await attempts.first().waitFor();
    await on.page().getByRole('button', {name: 'No longer only Vendor dahan'}).waitFor();
    assert.match(on.page().url(), /\/attempts\?vendor=dahan&from=[\d-]+&to=[\d-]+&currency=CNY$/);
    await on.page().getByLabel('Outcome').selectOption('answered');
    await on.page().waitForURL(/outcome=answered/);
    await on.page().reload();
    await cell(attempts.first(), 'Robot').getByRole('link').click();
    await on.page().getByRole('table', {name: 'Attempts'}).waitFor();
    await on.page().getByRole('link', {name: 'Narrow, go back'}).click();
    await on.page().getByRole('button', {name: /^No longer only Robot/}).waitFor();
    await on.settle(on.page(), '/attempts?class=auth&from=2026-01-01&to=2026-01-02');
    await on.page().getByText('No attempt is like that').waitFor();
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

  test('an imagined contract is checked while it is written, compared, and shown again by its address', async () => {
    await on.settle(on.page(), '/whatif?c=dahan-2026');
    await on.page().getByRole('button', {name: 'Imagine a contract'}).click();
    const dialog = on.page().getByRole('dialog', {name: 'Imagine a contract'});
    const paper = dialog.getByRole('textbox', {name: 'Document'});
    const text = (id, price) => JSON.stringify({contract: id, vendor: 'new', currency: 'CNY', zone: 'Asia/Shanghai',
      term: {from: '2026-01-01', to: '2027-01-01'}, charges: [{kind: 'flat', amount: price, per: 'term'}]});
    await paper.fill(text('cheap', 'twelve'));
    await dialog.getByText('charges/0/amount').waitFor();
    assert.ok(await dialog.getByRole('button', {name: 'Compare it'}).isDisabled());
    await paper.fill(text('cheap', '12.00'));
    await dialog.getByRole('button', {name: 'Compare it'}).click();
    await on.page().getByText('B cheap (imagined) is the cheapest for every size').waitFor();
    await on.page().reload();
    await on.page().getByText('B cheap (imagined) is the cheapest for every size').waitFor();
    assert.equal((await api('/contracts')).items.some(({id}) => id === 'cheap'), false);
  });
}
