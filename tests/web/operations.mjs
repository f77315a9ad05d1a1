// operations.mjs - alerts, vendors, the audit, and reports of robots, as an operator meets them. Part of
// the dashboard's test.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';
import {Hook} from '../support/receivers.mjs';

// on: {page(), browser(), fleet(), settle(page, path), robots}: a page that is signed in, before so many
// simulated robots.
export function operationsTests(on) {
  test('a vendor has a page: how it answers, by hour and by class, and who leaves it out, since when and why', async () => {
    const page = on.page();
    const [since, next] = [-90000, 240000].map((ms) => new Date(Date.now() + ms).toISOString());
    const away = {device: 'sim-0001', vendor: 'dahan', model: 'dahan-chat', contract: 'dahan-2026', class: 'auth', failures: 2, since, next};
    await page.route('**/api/v1/vendors/*/health?*', async (route) => { // the robots of this fleet leave nobody out
      const response = await route.fetch();
      await route.fulfill({response, json: {...await response.json(), left_out: {robots: 2, first: ['sim-0001', 'sim-0002'], classes: {auth: 1}, circuits: [away]}}});
    });
    await page.goto('/vendors');
    await page.getByRole('table', {name: 'Vendors'}).getByRole('link', {name: /% fail$/}).first().click();
    await page.getByRole('heading', {level: 1, name: 'Dahan'}).waitFor();
    await page.getByRole('img', {name: 'Failed by the hour'}).locator('canvas').waitFor();
    await page.getByText(new RegExp(`of ${on.robots + 1} robots heard within ten minutes`)).waitFor();
    const out = page.getByRole('table', {name: 'Robots that leave it out'}).locator('tbody tr');
    assert.match(await out.nth(0).innerText(), /sim-0001[^]*1m ago[^]*key refused[^]*failed 2 times in a row[^]*in \dm/);
    assert.match(await out.nth(1).innerText(), /sim-0002[^]*not told by its software/);
    await page.unroute('**/api/v1/vendors/*/health?*');
    await page.locator('dl a[href*="left_out"]').click();
    await page.getByRole('heading', {level: 1, name: 'Fleet'}).waitFor();
    assert.match(await page.getByRole('combobox', {name: 'Filter'}).inputValue(), /^left_out = "\w+"$/);
  });

  test('robots that may hold a vendor\'s old key are named, and why', async () => {
    const page = on.page();
    const key = join(on.fleet().home, 'spare.key');
    writeFileSync(key, 'sk-spare');
    await on.fleet().ctl('vendor', 'set', 'spare', '--base-url', on.fleet().vendors, '--key-file', key);
    await on.fleet().ctl('vendor', 'key', 'spare', '--next-file', key);
    await on.fleet().ctl('vendor', 'key', 'spare', '--switch', '100%'); // nobody asks it: nobody is told anything
    await on.fleet().sql("UPDATE myna.vendor_key_device SET is_kept_back = true WHERE device_id = 'sim-0003'");
    await page.goto('/vendors/spare');
    await page.getByRole('button', {name: 'Key'}).click();
    const dialog = page.getByRole('dialog', {name: 'Next key of spare'});
    const row = dialog.getByRole('table', {name: 'Robots that may hold the old key'}).locator('tbody tr');
    await row.getByText('failed its trial of the key and goes on with the old one').waitFor();
    assert.equal(await row.count(), 1);
    assert.equal(await dialog.getByRole('button', {name: 'Forget the old key'}).isDisabled(), true);
    await row.getByRole('link', {name: 'sim-0003'}).click();
    await page.getByRole('heading', {level: 1, name: 'sim-0003'}).waitFor();
    await on.fleet().ctl('vendor', 'key', 'spare', '--drop-next');
  });

  test('a robot\'s face is seen as it is now, and watched until that is stopped', async () => {
    const page = on.page();
    await page.goto('/robots/myna-1');
    const card = page.getByRole('region', {name: 'Face', exact: true});
    const face = card.getByRole('img', {name: 'The face of robot myna-1'});
    const seen = async () => (await face.count() > 0 ? face.getAttribute('src') : '');
    await card.getByRole('button', {name: 'Take a picture'}).click();
    await face.waitFor();
    assert.ok(await face.evaluate((image) => image.decode().then(() => image.naturalWidth)) >= 240, 'it is a picture');
    const first = await seen();
    await card.getByRole('button', {name: 'Watch'}).click();
    await until(30, async () => `it stays ${await seen()}`, async () => (await seen()) !== first);
    await card.getByRole('button', {name: 'Stop'}).click();
    await card.getByRole('button', {name: 'Watch'}).waitFor();
  });

  test('a robot is asked for a diagnostic report, and its owner decides', async () => {
    const page = on.page();
    await page.goto('/robots/myna-1');
    await page.locator('.more > summary').click();
    await page.getByRole('button', {name: 'Diagnostic report'}).click();
    await page.getByRole('button', {name: 'Ask the owner'}).click();
    const asked = page.getByRole('list', {name: 'Last commands'}).locator('li', {hasText: 'Diagnostic report'}).first();
    await asked.getByText('Sent').waitFor();
    const agent = on.fleet().start('myna-agent', '--socket', join(on.fleet().home, 'agent/agent.sock'), 'consent', 'yes');
    await new Promise((resolve) => {
      agent.on('close', resolve);
    });
    await asked.getByText('Done').waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('link', {name: 'Save the report'}).click();
    const report = JSON.parse(readFileSync(await (await saved).path(), 'utf8'));
    assert.equal(report.device, 'myna-1');
    assert.ok(report.log.length > 0);
  });

  test('a robot tells its credit by route, and deeds that end something stand behind one button', async () => {
    const page = on.page();
    await page.goto('/robots/sim-0002');
    const line = page.locator('.credit-line', {hasText: 'dahan / dahan-chat'});
    await line.getByText(/^Requests: [\d,]+ of [\d,]+ used$/).waitFor();
    assert.equal(await line.getByRole('link').getAttribute('href'), '/contracts/dahan-2026');
    const retire = page.getByRole('button', {name: 'Retire'});
    assert.equal(await retire.isVisible(), false);
    await page.locator('.more > summary').click();
    await retire.waitFor();
    await page.keyboard.press('Escape');
    await retire.waitFor({state: 'hidden'});
  });

  test('a robot that waits to be let in is counted in the menu', async () => {
    const page = on.page();
    await page.goto('/contracts');
    await on.fleet().sql(`INSERT INTO myna.pairing (token_hash, state, device_id, serial, software, source, csr, key_hash, sealing_public, commitment,
        server_nonce, robot_nonce, expires_at) VALUES ('a', 'waiting', 'newcomer', 'SN-n', 'myna 1', '', '', 'a', 'a', 'a', 'a', 'a', now() + interval '1 hour');
      SELECT myna.tell('pairing', 'newcomer')`);
    const count = page.getByRole('navigation', {name: 'Pages'}).getByLabel('1 robot waits to be let in');
    await count.waitFor();
    await page.goto('/fleet');
    await page.getByRole('link', {name: /^Pairing/}).getByText('1').waitFor();
    await on.fleet().sql("DELETE FROM myna.pairing; SELECT myna.tell('pairing', 'newcomer')");
    await count.waitFor({state: 'detached'});
  });
}
