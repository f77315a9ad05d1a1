// operations.mjs - alerts, vendors, the audit, and reports of robots, as an operator meets them. Part of
// the dashboard's test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';

// on: {page(), fleet(), robots}: a page that is signed in, before so many simulated robots.
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
    await page.getByRole('link', {name: 'Other alerts about it'}).click();
    await page.getByRole('button', {name: 'No longer only Subject device/sim-0003'}).waitFor();
    await page.getByLabel('Severity').selectOption('critical');
    await page.getByText('No alert fits').waitFor();
  });

  test('a vendor has a page: how it answers, by hour and by class, and who leaves it out', async () => {
    const page = on.page();
    await page.goto('/vendors');
    await page.getByRole('table', {name: 'Vendors'}).getByRole('link', {name: /% fail$/}).first().click();
    await page.getByRole('heading', {level: 1, name: 'Dahan'}).waitFor();
    await page.getByRole('img', {name: 'Failed by the hour'}).locator('canvas').waitFor();
    await page.getByText(new RegExp(`of ${on.robots + 1} robots heard within ten minutes`)).waitFor();
  });

  test('a robot is asked for a diagnostic report, and its owner decides', async () => {
    const page = on.page();
    await page.goto('/robots/myna-1');
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

  test('changes are narrowed by who and what, and shown as before and after', async () => {
    const page = on.page();
    await page.goto('/audit');
    await page.getByLabel('What').selectOption('layer');
    await page.getByRole('button', {name: 'layer/fleet'}).first().click();
    await page.getByRole('button', {name: 'No longer only Subject layer/fleet'}).waitFor();
    assert.match(page.url(), /action=layer/);
    const row = page.getByRole('table', {name: 'Audit'}).locator('tbody tr:not(.skeleton-row)', {hasText: 'layer.update'}).first();
    await row.locator('summary').click();
    await row.locator('ins').first().waitFor();
  });

  test('the audit holds what was done here, and its chain is whole', async () => {
    const page = on.page();
    await page.goto('/audit');
    await page.getByRole('button', {name: 'layer/fleet'}).first().waitFor();
    await page.getByRole('button', {name: 'Verify the chain'}).click();
    await page.getByText(/^Intact, /).waitFor();
  });
}
