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
}
