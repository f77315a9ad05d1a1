// rollouts.mjs - a rollout as its operator has it: written in the wizard, seen to run a wave, paused,
// resumed, forced and taken back. Part of the dashboard's test, whose fleet and browser it uses.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';
import {lookAtDialog} from './reader.mjs';

// on: {page(), robots}. The page is signed in as an admin.
export function rolloutTests(on) {
  const button = (name) => on.page().getByRole('button', {name, exact: true});
  const heading = (name) => on.page().getByRole('heading', {level: 1, name});
  const wave = (n) => on.page().locator('.wave', {hasText: `Wave ${n}`});
  const event = (text) => on.page().locator('.event', {hasText: text});
  const lead = (text) => on.page().locator('.page-head .place', {hasText: text});

  test('where nothing was rolled out the page says what it is for, and leads on', async () => {
    await on.page().goto('/rollouts');
    await on.page().getByText('Nothing was rolled out yet').waitFor();
    await on.page().locator('.empty').getByRole('link', {name: 'New rollout'}).click();
    await heading('New rollout').waitFor();
  });

  test('a new rollout counts and names its robots, and a refused value leads to its field', async () => {
    const page = on.page();
    await page.getByLabel('Id', {exact: true}).fill('louder');
    await page.getByText('Whoever meets a filter').click();
    await page.getByRole('combobox', {name: 'Filter'}).fill('id starts sim');
    await page.getByText(`It reaches ${on.robots} robots`).waitFor();
    await page.getByRole('link', {name: 'sim-0001'}).waitFor();
    await button('Next').click();
    await page.getByLabel('Add a setting').selectOption('volume');
    await page.getByLabel('Volume', {exact: true}).fill('150');
    await page.locator('.layer-row .error').waitFor();
    assert.equal(await page.getByLabel('Volume', {exact: true}).getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Volume', {exact: true}).fill('33');
    await page.locator('.to-mend').waitFor({state: 'detached'});
    await page.reload();
    assert.equal(await page.getByLabel('Volume', {exact: true}).inputValue(), '33', 'what was typed stays');
  });

  test('its waves show the robots they come to, and a wrong one says so', async () => {
    const page = on.page();
    await button('Next').click();
    const rows = page.getByRole('table', {name: 'Waves'}).locator('tbody tr');
    await rows.first().locator('td').nth(3).getByText('5', {exact: true}).waitFor();
    await page.getByLabel('Wave 2: Up to, %').fill('half');
    await page.locator('.wave-rows .error').waitFor();
    await page.getByLabel('Wave 2: Up to, %').fill('60');
    await page.locator('.to-mend').getByText('/plan/waves').waitFor({state: 'detached'});
    await button('The usual waves').click();
    await page.locator('.to-mend').waitFor({state: 'detached'});
  });

  test('looked over and started, its first wave opens and confirms', async () => {
    const page = on.page();
    await button('Next').click();
    await button('Not judged').click();
    await page.getByLabel('Soak', {exact: true}).fill('60');
    await button('Next').click();
    await page.getByText(`${on.robots} of them online`).waitFor();
    await page.getByText('nothing of it changes who answers').waitFor();
    await button('Start').click();
    await heading('louder').waitFor();
    await wave(1).getByRole('link', {name: '5 confirmed'}).waitFor();
    await lead('soaking').waitFor();
    await event('Started').getByText('by admin').waitFor();
  });

  test('a number leads to the robots behind it, and a robot to the rollout', async () => {
    const page = on.page();
    await wave(1).getByRole('link', {name: '5 confirmed'}).click();
    assert.match(page.url(), /robots=confirmed&wave=1/);
    const robots = page.getByRole('table', {name: 'Its robots'}).locator('tbody tr:not(.skeleton-row)');
    await until(10, async () => `${await robots.count()} robots`, async () => (await robots.count()) === 5);
    await robots.first().getByRole('link').click();
    const volume = page.locator('table.settings tbody tr', {hasText: 'Volume'});
    await volume.locator('summary').click();
    await volume.locator('.given').getByRole('link', {name: 'Rollout louder'}).click();
    await heading('louder').waitFor();
  });

  test('it pauses and goes on by a click each', async () => {
    await button('Pause').click();
    await lead('by an operator').waitFor();
    await button('Resume').click();
    await lead('soaking').waitFor();
    await event('Resumed').waitFor();
  });

  test('forcing it asks for a reason, which stays with the wave', async () => {
    const dialog = on.page().getByRole('dialog', {name: 'Force louder'});
    await button('Force').click();
    await lookAtDialog(on.page(), 'en-US', 'rollout.force.title');
    assert.ok(await dialog.getByRole('button', {name: 'Force'}).isDisabled());
    await dialog.getByLabel('Reason').fill('The shop opens in an hour.');
    await dialog.getByRole('button', {name: 'Force'}).click();
    await wave(1).getByText('forced by admin: The shop opens in an hour.').waitFor();
    await lead('soaking').waitFor();
    await wave(2).getByText('confirmed').waitFor();
  });

  test('rolled back, every robot has what it had', async () => {
    const page = on.page();
    await button('Roll back').click();
    await lookAtDialog(page, 'en-US', 'rollout.back.title');
    await page.getByRole('dialog', {name: 'Roll back louder'}).getByRole('button', {name: 'Roll back'}).click();
    await lead('Rolled back').waitFor();
    await event('All back').waitFor();
    assert.equal(await button('Roll back').count(), 0, 'nothing is left to do');
    await page.goto('/rollouts');
    const row = page.getByRole('table', {name: 'Rollouts'}).locator('tbody tr', {hasText: 'louder'});
    await row.getByText('Rolled back').waitFor();
  });

  test('software and keys are chosen in the wizard, and their cards say what they are', async () => {
    const page = on.page();
    const manifest = {document: JSON.stringify({manifest: 1, kind: 'avatar', name: 'mochi', version: '2.0', counter: 7, from: ['1.0', 'none'],
      url: 'https://files.example/mochi.svg', sha256: 'ab'.repeat(32), size: 5 << 20}), signature: Buffer.from('signed'.repeat(12)).toString('base64')};
    await page.goto('/rollouts/new');
    await page.getByLabel('Id', {exact: true}).fill('mochi-2');
    await page.getByText('The whole fleet').click();
    await button('Next').click();
    await page.getByText('By a signed manifest').click();
    await page.getByLabel('Manifest', {exact: true}).fill('{}');
    await page.getByText('This is no manifest').waitFor();
    await page.getByLabel('Manifest', {exact: true}).fill(JSON.stringify(manifest));
    await page.getByText('5 MiB').waitFor();
    for (let i = 0; i < 2; i++) await button('Next').click();
    await page.getByLabel('Another operator agrees above a cost of').fill('a lot');
    await page.locator('.field.invalid').getByText('must be an amount of money').waitFor();
    await page.getByLabel('Another operator agrees above a cost of').fill('250.5');
    await button('Next').click();
    await page.getByText('above a cost of 250.5').waitFor();
    await button('Save as a draft').click();
    await heading('mochi-2').waitFor();
    const card = page.locator('.card', {has: page.getByRole('heading', {name: 'Software'})});
    for (const said of ['mochi 2.0', 'avatar', '1.0, none', 'ab'.repeat(32)]) await card.getByText(said).waitFor();

    await page.goto('/rollouts/new?step=change');
    await page.getByText('Each robot tries the key before').click();
    await page.getByLabel('Vendor', {exact: true}).selectOption({index: 1});
    await page.getByText('It has no next key.').waitFor();
    await page.getByText('Who answers, how it speaks').click(); // the next one writes settings
  });

  test('who may not write rollouts is told so', async () => {
    const page = on.page();
    await page.route('**/api/v1/me', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      await route.fulfill({response, json: {...body, operator: {...(body.operator ?? body), role: 'viewer'}}});
    });
    await page.goto('/rollouts/new');
    await page.getByText('Writing a rollout needs the role operator.').waitFor();
    await page.goto('/rollouts/louder');
    await heading('louder').waitFor();
    assert.equal(await page.locator('.page-side .button').count(), 0);
    await page.unroute('**/api/v1/me');
  });
}
