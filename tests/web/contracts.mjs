// contracts.mjs - a contract as who answers for the money has it: how it is used up, what it says, the
// next version written. Part of the dashboard's test, whose fleet and browser it uses.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';

// on: {page(), browser()}. The page is signed in as an admin.
export function contractTests(on) {
  const heading = (name) => on.page().getByRole('heading', {level: 1, name});
  const burn = (name) => on.page().locator('.burn', {has: on.page().getByRole('heading', {name, exact: true})});
  const sheet = () => on.page().getByRole('textbox', {name: 'Document'});
  const verdict = (text) => on.page().getByRole('status').filter({hasText: text}).first();
  const rewrite = async (from, to) => sheet().fill((await sheet().inputValue()).replace(from, to));

  test('a contract shows first how its promises and caps are used up', async () => {
    const page = on.page();
    await page.goto('/contracts/dahan-2026');
    await heading('dahan-2026').waitFor();
    const robots = burn('Active robots');
    await robots.getByText('Will fall short').waitFor(); // thirteen have asked, and nobody new is to be expected
    await robots.getByText(/^9,9\d\d$/).waitFor(); // missing of the ten thousand
    await robots.getByRole('img').locator('canvas').waitFor();
    assert.match(await page.locator('.burn').first().innerText(), /Active robots/, 'what is not well stands first');
    await burn('Requests').getByText('On course').waitFor();
    await burn('Requests under way').getByText('Busiest minute today').waitFor();
    await burn('Money spent').getByRole('img').focus();
    await page.keyboard.press('Home');
    await burn('Money spent').locator('.plot-reading', {hasText: /^Jan 1/}).waitFor(); // what stands there, by the keyboard
    const used = await burn('Money spent').locator('dd a').first().getAttribute('href');
    assert.match(used, /^\/usage\?range=own&from=2026-01-01&to=\d{4}-\d\d-\d\d&zone=Asia%2FShanghai&by=model&contract=dahan-2026$/, 'the list behind the number');
    assert.match(await robots.locator('dd a').first().getAttribute('href'), /by=device&contract=dahan-2026/);
    const formula = burn('Money spent').getByRole('link', {name: 'The formula'});
    assert.match(await formula.getAttribute('href'), /reference#get-.*burndown/);
  });

  test('the busiest day of the promised robots opens the list of those that were active then', async () => {
    const page = on.page();
    await on.settle(page, '/contracts/dahan-2026');
    const peak = page.locator('.burn-figures div', {hasText: 'Busiest day'});
    const robots = Number(/(\d+) robots?$/.exec(await peak.innerText())[1]);
    await peak.getByRole('link').click();
    await page.getByRole('heading', {level: 1, name: /^Robots active on /}).waitFor();
    await until(20, () => 'not as many as the contract told', async () =>
      await page.getByRole('table', {name: 'Active robots'}).locator('tbody tr:not(.skeleton-row)').count() >= robots);
  });

  test('what a robot holds is written off by typing its name', async () => {
    const page = on.page();
    await on.settle(page, '/pools/1');
    const row = page.getByRole('table', {name: 'Robots that hold it'}).locator('tbody tr', {hasText: /sim-\d+/}).first();
    const robot = await row.getByRole('link', {name: /^sim-\d+$/}).innerText();
    await page.getByRole('button', {name: `Write off what ${robot} holds?`}).click();
    const dialog = page.getByRole('dialog', {name: `Write off what ${robot} holds?`});
    const sure = dialog.getByRole('button', {name: 'Write off'});
    assert.ok(await sure.isDisabled());
    await dialog.getByRole('textbox').fill(robot);
    await sure.click();
    await page.getByRole('status').getByText(new RegExp(`^${robot} held .*requests`, 'i')).waitFor();
  });

  test('a contract shows its bill line by line, with the arithmetic', async () => {
    await on.settle(on.page(), '/contracts/dahan-2026');
    const bill = on.page().getByRole('table', {name: 'Bill'});
    await bill.locator('tbody tr', {hasText: 'Total'}).getByText(/^¥3,000,0\d\d\.\d\d$/).waitFor();
    const output = bill.locator('tbody tr', {hasText: 'Output tokens'}).locator('.reckoning').first();
    await output.locator('summary').click();
    await output.locator('li', {hasText: 'up to 20,000,000,000'}).first().waitFor();
    assert.match(await output.innerText(), /[\d,]+ \u00d7 [\d.]+( \/ 1,000,000)? = [\d.]+/);
  });

  test('what amendments changed stands side by side, and the address keeps what is compared', async () => {
    const page = on.page();
    await page.goto('/contracts/changhe-2024');
    const diff = page.getByRole('table', {name: 'Two versions side by side'});
    await diff.locator('tbody tr', {hasText: 'deployment'}).getByText('1,000,000.00').waitFor();
    await page.getByLabel('Older').selectOption('1');
    await diff.getByText('24,000,000.00').waitFor();
    await page.reload();
    await diff.getByText('24,000,000.00').waitFor();
    assert.equal(await diff.locator('tbody tr').count(), 1, 'what is the same is not repeated');
  });

  test('a mistake is told at its line while it is typed, and what was typed outlives a reload', async () => {
    const page = on.page();
    await page.getByRole('button', {name: 'Add a version'}).click();
    await heading('A new version of changhe-2024').waitFor();
    await verdict('Can be written').waitFor();
    await rewrite('per: year}\namendments', 'per: eon}\namendments');
    await verdict('1 mistake').waitFor();
    const fault = page.locator('.faults li');
    await fault.getByText('charges/0/per', {exact: true}).waitFor();
    assert.equal(await sheet().getAttribute('aria-invalid'), 'true');
    await fault.getByRole('button', {name: 'Line 7'}).click();
    assert.match(await page.evaluate(() => { const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd); }), /^per: eon/);
    assert.ok(await page.getByRole('button', {name: 'Add this version'}).isDisabled());

    await page.reload();
    await page.getByText('This was typed and not saved').waitFor();
    assert.match(await sheet().inputValue(), /per: eon/);
    await page.getByRole('button', {name: 'Go on'}).click();
    await rewrite('per: eon', 'per: year');
    await rewrite('"500000.00"', '"400000.00"');
    await verdict('Can be written').waitFor();
    const change = page.locator('.diffs > div', {hasText: '2026-01-01'});
    assert.deepEqual([await change.locator('del').innerText(), await change.locator('ins').innerText()], ['500,000.00', '400,000.00']);
  });

  test('a version that somebody else added meanwhile is shown, and nothing typed is lost', async () => {
    const page = on.page();
    const other = await on.browser().like(page, {});
    await other.goto('/contracts/changhe-2024/edit');
    const theirs = other.getByRole('textbox', {name: 'Document'});
    await other.getByRole('button', {name: 'Throw it away'}).click(); // the browser is the same, and so is what it keeps
    await theirs.fill((await theirs.inputValue()).replace('"500000.00"', '"450000.00"'));
    await other.getByRole('button', {name: 'Add this version'}).click();
    await other.getByRole('heading', {level: 1, name: 'changhe-2024', exact: true}).waitFor();
    await other.context().close();

    await page.getByText('admin added version 2 meanwhile.').waitFor();
    assert.match(await sheet().inputValue(), /"400000\.00"/);
    await verdict('Somebody else was faster').waitFor();
    assert.ok(await page.getByRole('button', {name: 'Add this version'}).isDisabled());
    await page.getByRole('button', {name: 'Write mine after theirs'}).click();
    await verdict('Can be written').waitFor();
    await page.getByRole('button', {name: 'Add this version'}).click();
    await page.getByText('Version 3 is written').waitFor();
    await page.getByRole('table', {name: 'Versions'}).locator('tbody tr').first().getByText('In force').waitFor();
  });

  test('a new contract begins as a copy or from a template, and is written when it can be', async () => {
    const page = on.page();
    await page.goto('/contracts/erxian-2026');
    await page.getByRole('link', {name: 'Copy', exact: true}).click();
    await verdict('Can be written').waitFor();
    assert.match(await sheet().inputValue(), /^contract: erxian-2026-copy\n/);
    await page.getByRole('button', {name: 'A price for each robot'}).click();
    await page.locator('.paper-text').filter({hasText: ''}).waitFor();
    assert.match(await sheet().inputValue(), /active_devices/);
    await page.getByRole('button', {name: 'Back to what was typed'}).click();
    await rewrite('erxian-2026-copy', 'erxian-2027');
    await rewrite('from: 2026-01-01, to: 2027-01-01', 'from: 2027-01-01, to: 2028-01-01');
    await verdict('Can be written').waitFor();
    await page.getByRole('button', {name: 'Write this contract'}).click();
    await heading('erxian-2027').waitFor();
    await page.goto('/contracts');
    await page.getByRole('table', {name: 'Contracts'}).getByRole('link', {name: 'erxian-2027'}).waitFor();
    const dahan = page.getByRole('table', {name: 'Contracts'}).locator('tbody tr', {hasText: 'dahan-2026'});
    await dahan.getByText('Will fall short').waitFor(); // what is not well is told where one looks first
    await dahan.getByText(/Bill so far ¥3,000,0/).waitFor();
  });

  test('the first month that is billed is locked after one saw what that means, and opens with its arithmetic', async () => {
    const page = on.page();
    await page.goto('/contracts/dahan-2026');
    const months = page.getByRole('table', {name: 'Statements'});
    const january = months.locator('tbody tr', {hasText: 'Jan 2026'});
    await months.locator('tbody tr', {hasText: 'Feb 2026'}).getByText('Waits for an earlier one').waitFor();
    assert.match(await months.locator('tbody tr').first().innerText(), /Goes on/, 'the newest month first');
    await january.getByRole('button', {name: 'Lock'}).click();
    const dialog = page.getByRole('dialog', {name: 'Lock Jan 2026'});
    await dialog.getByText('nobody can change or unlock it').waitFor();
    await dialog.getByText('\u00a53,000,000.00').first().waitFor();
    const lock = dialog.getByRole('button', {name: 'Lock', exact: true});
    assert.ok(await lock.isDisabled(), 'the month is typed first');
    await dialog.getByLabel('Groups, in order').fill('nobody');
    await dialog.getByText('names a group that does not exist').waitFor();
    await dialog.getByLabel('Groups, in order').fill('');
    await dialog.getByLabel('Who bears fees').selectOption('even');
    await dialog.getByLabel('Type 2026-01 to confirm').fill('2026-01');
    await lock.click();
    await page.getByText('Jan 2026 is locked').waitFor();
    await months.locator('tbody tr', {hasText: 'Feb 2026'}).getByText('Can be locked').waitFor();
    await january.getByRole('link', {name: 'Jan 2026'}).click();
    await heading('dahan-2026, statement of Jan 2026').waitFor();
    const fee = page.getByRole('table', {name: 'Bill'}).locator('tbody tr').first();
    await fee.locator('summary').click();
    await fee.getByText('1 \u00d7 3,000,000').waitFor();
    await page.getByRole('table', {name: 'Who bears it'}).locator('tbody tr').first().waitFor();
    const [lines] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: 'Lines as CSV'}).click()]);
    assert.equal(lines.suggestedFilename(), 'dahan-2026-2026-01.csv');
  });

  test('an invoice that is typed in is compared, and a difference leads to the attempts behind it', async () => {
    const page = on.page();
    await page.goto('/contracts/dahan-2026');
    await page.getByText('No invoice was checked yet').waitFor();
    const day = await page.evaluate(async () => { // of an attempt, as the contract has days
      const {items: [{at}]} = await (await fetch('/api/v1/attempts?vendor=dahan&limit=1')).json();
      return new Intl.DateTimeFormat('sv-SE', {timeZone: 'Asia/Shanghai'}).format(new Date(at));
    });
    await page.getByRole('button', {name: 'Check an invoice'}).click();
    const dialog = page.getByRole('dialog', {name: 'Check an invoice of dahan'});
    await dialog.getByRole('button', {name: 'By hand'}).click();
    await dialog.getByLabel('Day').fill(day);
    await dialog.getByLabel('Quantity').fill('many');
    await dialog.getByRole('button', {name: 'Check an invoice'}).click();
    await dialog.getByRole('alert').first().waitFor();
    await dialog.getByLabel('Quantity').fill('0');
    await dialog.getByRole('button', {name: 'Check an invoice'}).click();
    await heading('Invoice 1').waitFor();
    const difference = page.getByRole('table', {name: 'Differences'}).locator('tbody tr').first();
    await difference.getByText('billed less than robots recorded').waitFor();
    await difference.getByText('all models').waitFor();
    await difference.getByRole('link').first().click();
    await heading('Attempts').waitFor();
    assert.match(page.url(), new RegExp(`vendor=dahan&from=${day}&to=${day}&zone=Asia%2FShanghai$`));
    await page.getByRole('table', {name: 'Attempts'}).locator('tbody tr', {hasText: 'dahan'}).first().waitFor();
  });

  test('a vendor\'s pack has each number with its period and source, and goes on paper without the frame', async () => {
    const page = on.page();
    await page.goto('/vendors');
    await page.getByRole('table', {name: 'Vendors'}).locator('tbody tr', {hasText: 'changhe'}).getByRole('link', {name: 'Pack for negotiations'}).click();
    await page.getByText('Nothing was used in these days').waitFor();
    const prices = page.getByRole('table', {name: 'Prices of changhe-2024, in CNY'});
    for (const price of ['24,000,000.00', '1,000,000.00', '400,000.00']) await prices.getByText(price).waitFor();
    await page.goto('/vendors/dahan/pack');
    await page.getByRole('table', {name: 'Volumes'}).locator('tbody tr', {hasText: 'dahan-chat'}).waitFor();
    await page.getByRole('table', {name: 'Time to the first token'}).getByText('All models').waitFor();
    await burn('Active robots').getByText('Will fall short').waitFor();
    assert.ok(await page.locator('.source').count() >= 6);
    assert.ok((await page.locator('.source').allInnerTexts()).every((text) => /\d{4}|Source/.test(text)));
    await page.getByLabel('From').fill('2026-01-01');
    await page.getByText(/^Jan 1, 2026 \u2013 /).first().waitFor();
    assert.match(page.url(), /from=2026-01-01/);

    await page.emulateMedia({media: 'print'});
    assert.ok(!(await page.locator('.side').isVisible()) && !(await page.getByRole('button', {name: 'Print'}).isVisible()));
    await page.setViewportSize({width: 688, height: 1000}); // A4 between its margins
    const [wide, paper] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= paper, `${wide} wide on paper of ${paper}`);
    await page.emulateMedia({media: null});
    await page.setViewportSize({width: 1440, height: 900});
  });
}
