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
  test('an alert has a page: what was seen, what helps, who was told and who said what to it', async () => {
    const page = on.page();
    await on.fleet().sql(`INSERT INTO myna.alert (kind, severity, subject, detail)
      VALUES ('overrun', 'warning', 'device/sim-0003', '{"vendor": "dahan", "amount": 1200, "unit": "output", "problem": "more than asked for"}')`);
    await page.goto('/alerts?subject=device/sim-0003');
    await page.getByRole('link', {name: 'Billed beyond the reservation'}).click();
    await page.getByText('1,200 output more than reserved').waitFor();
    await page.getByText('No channel was told of it').waitFor();
    await page.getByRole('button', {name: 'Acknowledge'}).click();
    await page.getByRole('table', {name: 'Who said what to it'}).getByText('alert.acknowledge').waitFor();
    await page.getByRole('button', {name: 'Assign', exact: true}).click();
    const whose = page.getByRole('dialog', {name: 'Whose is this alert?'});
    await whose.getByLabel('Operator').fill('nobody-here');
    await whose.getByRole('button', {name: 'Assign'}).click();
    await whose.getByText('there is no such operator').waitFor();
    await whose.getByLabel('Operator').fill('admin');
    await whose.getByRole('button', {name: 'Assign'}).click();
    await page.getByText('yours', {exact: true}).waitFor();
    await page.getByRole('button', {name: 'Silence', exact: true}).click();
    await page.getByRole('dialog', {name: 'Silence this alert'}).getByRole('button', {name: 'Silence'}).click();
    await page.locator('dd', {hasText: 'Silenced'}).waitFor();
    await page.goto('/alerts?show=hand');
    await page.getByLabel('Mine').check();
    await page.getByRole('table', {name: 'Alerts'}).locator('tbody tr', {hasText: 'Billed beyond the reservation'}).getByText('yours').waitFor();
    await page.getByRole('link', {name: 'Billed beyond the reservation'}).click();
    await page.getByRole('link', {name: 'Other alerts about it'}).click();
    await page.getByRole('button', {name: 'No longer only Subject device/sim-0003'}).waitFor();
    await page.getByLabel('Severity').selectOption('critical');
    await page.getByText('No alert fits').waitFor();
  });

  test('what a shorter time would remove is told before it goes', async () => {
    const page = on.page();
    await on.fleet().sql(`INSERT INTO myna.command (command_id, device_id, kind, status, created_at, created_by, expires_at)
      SELECT gen_random_uuid(), 'sim-0001', 'say', 'done', now() - interval '100 days', 'operator:admin', now() FROM generate_series(1, 2)`);
    await on.settle(page, '/privacy');
    const row = page.getByRole('table', {name: 'Goes when its time is over'}).locator('tbody tr', {hasText: 'commands'});
    await row.getByText('365 days', {exact: true}).waitFor();
    const change = async (days) => {
      await row.getByRole('button', {name: 'How long'}).click();
      const dialog = page.getByRole('dialog', {name: 'How long'});
      await dialog.getByLabel('Days').fill(days);
      return dialog;
    };
    const wrong = await change('4000');
    await wrong.getByRole('button', {name: 'Save'}).click();
    await wrong.locator('.field.invalid').getByText('must be from 1 to 3650, or 0 for ever').waitFor();
    await wrong.getByLabel('Days').fill('');
    assert.equal(await wrong.getByRole('button', {name: 'Save'}).isDisabled(), true); // nothing is not for ever
    await wrong.getByRole('button', {name: 'Cancel'}).click();
    const dialog = await change('90');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await dialog.getByText('Gone for good by it: 2 entries.').waitFor();
    await row.getByText('365 days', {exact: true}).waitFor(); // it was only asked
    await dialog.getByRole('button', {name: 'Let it go'}).click();
    await row.getByText('90 days').waitFor();
    await row.getByText('else 365 days').waitFor();
  });

  test('a channel is made, tried, changed and removed on the page, and what it did not get is sent again', async () => {
    const page = on.page();
    const hook = await Hook.open();
    try {
      await page.goto('/alerts');
      await page.getByRole('button', {name: 'Add a channel'}).click();
      const add = page.getByRole('dialog', {name: 'Add a channel'});
      await add.getByLabel('Name').fill('duty');
      await add.getByLabel('Address').fill('ftp://127.0.0.1/in');
      await add.getByRole('button', {name: 'Save'}).click();
      await add.locator('.field.invalid').getByText('must be an address that starts with').waitFor();
      await add.getByLabel('Address').fill(`${hook.url}/in`);
      const secret = await add.getByLabel('Secret', {exact: true}).inputValue();
      await add.getByRole('button', {name: 'Save'}).click();

      const row = page.getByRole('table', {name: 'Where alerts go'}).locator('tbody tr', {hasText: 'duty'});
      await row.getByRole('button', {name: 'Send a test'}).click();
      const [got] = await until(20, () => 'no test came', async () => hook.requests.length > 0 && hook.requests);
      const signed = createHmac('sha256', secret).update(`${got.headers['x-myna-timestamp']}.`).update(got.bytes).digest('hex');
      assert.equal(got.headers['x-myna-signature'], `sha256=${signed}`);

      await on.fleet().sql(`UPDATE myna.delivery SET status = 'dead', problem = 'it answered 503' WHERE channel_id = 'duty'`);
      await page.reload();
      await row.getByRole('button', {name: '1 message to duty was given up'}).click();
      const owed = page.getByRole('dialog', {name: 'What duty did not get'});
      await owed.getByText('it answered 503').waitFor();
      await owed.getByRole('button', {name: 'Try again'}).click();
      await until(20, () => 'it was not sent again', async () => hook.requests.length > 1);
      await owed.getByRole('button', {name: 'Close'}).click();

      await row.getByRole('button', {name: 'Change duty'}).click();
      const change = page.getByRole('dialog', {name: 'Change duty'});
      await change.getByLabel('Alerts from').selectOption('critical');
      await change.getByLabel('Alerts are sent there').uncheck();
      await change.getByRole('button', {name: 'Save'}).click();
      await row.getByText('Off', {exact: true}).waitFor();
      await row.getByText('Critical').waitFor();
      assert.ok(await row.getByRole('button', {name: 'Send a test'}).isDisabled());

      await row.getByRole('button', {name: 'Remove duty'}).click();
      const drop = page.getByRole('dialog', {name: 'Remove duty'});
      await drop.getByLabel('duty').fill('duty');
      await drop.getByRole('button', {name: 'Remove'}).click();
      await page.getByText('Alerts go nowhere yet').waitFor();
    } finally {
      await hook.close();
    }
  });

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

  test('a group gets another name and priority on its page', async () => {
    const page = on.page();
    await page.goto('/config/group/desk');
    await page.getByRole('button', {name: 'Change group'}).click();
    const dialog = page.getByRole('dialog', {name: 'Group desk'});
    await dialog.getByLabel('Priority').fill('-1');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await dialog.locator('.field.invalid').waitFor();
    await dialog.getByLabel('Priority').fill('90');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await page.getByRole('navigation', {name: 'Layers'}).getByText('Priority 90').waitFor();
    await page.getByRole('link', {name: /^All \d+ in Fleet$/}).click();
    await page.waitForURL('**/fleet?group=desk');
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

  test('changes are narrowed by who and what, and shown as before and after', async () => {
    const page = on.page();
    await page.goto('/audit');
    await page.getByLabel('What').selectOption('layer');
    await page.getByRole('button', {name: 'layer/fleet'}).first().click();
    await page.getByRole('button', {name: 'No longer only Subject layer/fleet'}).waitFor();
    assert.match(page.url(), /action=layer/);
    assert.equal(await page.getByRole('link', {name: 'Open layer/fleet'}).first().getAttribute('href'), '/config');
    const row = page.getByRole('table', {name: 'Audit'}).locator('tbody tr:not(.skeleton-row)', {hasText: 'layer.update'}).first();
    await row.locator('summary').click();
    await row.locator('ins').first().waitFor();
  });

  test('the audit holds what was done here, and its chain is whole', async () => {
    const page = on.page();
    await page.goto('/audit?action=layer');
    await page.getByRole('button', {name: 'layer/fleet'}).first().waitFor();
    await page.getByRole('button', {name: 'Verify the chain'}).click();
    await page.getByText(/^Intact, /).waitFor();
  });
}
