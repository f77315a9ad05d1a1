// virtual.mjs - a list of thousands: few of its rows are drawn, and each is reached. Part of the dashboard's
// test.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';

const MANY = 1200;
const FEW = 80; // rows of a screen, with some above and below
const PHONE = {width: 360, height: 740};
const DESK = {width: 1440, height: 900};

// Robots that are nobody's, as one that there is.
const COPIES = `INSERT INTO myna.device (device_id, name, certificate_serial, certificate_until, sealing_public, server_key_id, secret_wrapped)
    SELECT 'copy-' || lpad(n::text, 4, '0'), '', md5(n::text), certificate_until, sha256(n::text::bytea), server_key_id, secret_wrapped
    FROM myna.device, generate_series(1, ${MANY}) n WHERE device_id = 'sim-0001';
  INSERT INTO myna.device_link (device_id) SELECT device_id FROM myna.device WHERE device_id LIKE 'copy-%'`;

// on: {page(), fleet(), settle(page, path)}. The page is signed in.
export function virtualTests(on) {
  const rows = () => on.page().getByRole('table', {name: 'Robots'}).locator('tbody tr:not(.skeleton-row, .gap)');
  const link = (n) => rows().getByRole('link', {name: `copy-${String(n).padStart(4, '0')}`, exact: true});
  const foot = () => on.page().locator('.table-foot').innerText();
  const read = async () => Number((await foot()).replaceAll(',', '').match(/\d+/)[0]);
  const down = () => on.page().evaluate(() => { scrollTo(0, document.documentElement.scrollHeight); });

  test('of thousands of robots few rows are drawn, and scrolling reads and reaches the last', async () => {
    const page = on.page();
    await on.fleet().sql(COPIES);
    await on.settle(page, '/fleet?filter=id+starts+copy');
    await link(1).waitFor();
    assert.ok(await read() < MANY, `${await foot()}: what nobody looks at is not read yet`);
    await until(60, foot, async () => {
      await down();
      return await read() === MANY && await link(MANY).isVisible();
    });
    await page.getByText('1,200 robots shown').waitFor();
    const drawn = await rows().count();
    assert.ok(drawn > 10 && drawn < FEW, `${drawn} rows are drawn`);
    const table = page.getByRole('table', {name: 'Robots'});
    assert.equal(await table.getAttribute('aria-rowcount'), String(MANY + 1));
    assert.equal(await rows().last().getAttribute('aria-rowindex'), String(MANY + 1));
    assert.equal(await link(1).count(), 0);
    await page.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight / 2); });
    await link(MANY / 2).waitFor();
    assert.ok(await rows().count() < FEW);
  });

  test('on a phone, whose rows differ in height, all that was read is drawn, and more is read on the way down', async () => {
    const page = on.page();
    await page.setViewportSize(PHONE);
    await on.settle(page, '/fleet?filter=id+starts+copy');
    await link(1).waitFor();
    await until(20, foot, async () => await read() === await rows().count());
    const before = await read();
    assert.ok(before < MANY, `${before} are read`);
    await until(60, foot, async () => {
      await down();
      return await read() > before;
    });
    await link(before + 1).waitFor({state: 'attached'});
    await page.setViewportSize(DESK);
  });
}
