// links.mjs - numbers and the lists behind them: each opens one that adds up to just that number. Part of
// the dashboard's test.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';

const number = (text) => Number(text.replaceAll(/[^0-9.]/g, ''));
// Half of what the last place shown is worth; of a whole number nothing.
const margin = (text) => (/\.\d+$/.test(text) ? 0.501 / 10 ** text.split('.').pop().length : 0);

const ROBOTS = ['myna-robots', 'myna-agent']; // as programs

// The API's list that a page shows, by its address.
const LISTS = [
  [/^\/attempts$/, () => '/attempts'],
  [/^\/fleet$/, () => '/devices'],
  [/^\/rollouts\/([\w-]+)$/, ([, id]) => `/rollouts/${id}/devices`],
  [/^\/invoices\/(\d+)$/, ([, id]) => `/invoices/${id}/dispute`],
];

// What a row of it stands for: robots that had no room kept several requests as one sum.
const worth = (row) => (row.attempt === 0 ? Math.max(row.requests, 1) : 1);
const added = (name) => (row) => row[name];
const priced = (row) => Number(row.price);

const cell = (table, row, title) => (page) => page.getByRole('table', {name: table}).locator('tbody tr', {hasText: row}).first().locator(`td[data-label="${title}"] a`);
const fact = (name) => (page) => page.locator('.facts > div', {has: page.locator('dt', {hasText: new RegExp(`^${name}$`)})}).locator('dd a').first();
const total = (name) => (page) => page.locator('.count-cell', {hasText: name});
const value = (link) => link.locator('.count-value');

// [page, [[the link of the number, what a row of its list adds, where in the link the number stands]...]].
const NUMBERS = [
  ['/fleet?q=sim-0002', [[cell('Robots', 'sim-0002', 'Attempts today')], [cell('Robots', 'sim-0002', 'Cost today'), priced]]],
  ['/usage?by=vendor', [[total('Attempts'), worth, value], [total('Output'), (row) => row.output + row.reasoning, value], [total('Cost'), priced, value],
    [cell('By Vendor', 'dahan', 'Attempts')], [cell('By Vendor', 'dahan', 'Input'), added('input_uncached')], [cell('By Vendor', 'dahan', 'Output'), added('output')],
    [cell('By Vendor', 'dahan', 'Cost'), priced]]],
  ['/usage?by=class', [[cell('By Token class', 'Output tokens', 'Quantity'), added('output')]]],
  ['/vendors/dahan', [[fact('Attempts')], [fact('Robots that leave it out')], [(page) => page.locator('#left-out a.chip')]]],
  ['/vendors/dahan/pack', [[cell('Availability', '', 'Attempts')], [cell('Time to the first token', '', 'Answers')]]],
  ['/vendors', [[cell('Regions', 'cn', 'Robots')]]],
  ['/budgets/counted', [[cell('Thresholds', '', 'Robots held')]]],
  ['/rollouts', [[cell('Rollouts', 'louder', 'Robots')]]],
  ['/invoices/1', [[fact('Different')]]],
];

// on: {fleet()}. A while before the others, for thresholds are looked at once a minute.
export function linkedTests(on) {
  test('robots get a region, and others a budget whose threshold holds them', async () => {
    const ctl = (...words) => on.fleet().ctl(...words);
    await ctl('region', 'set', 'cn', '--name', 'China');
    await ctl('device', 'each', 'region', 'cn', '--filter', 'id = sim-0005', '--yes');
    await ctl('budget', 'create', 'counted', '--scope', 'group', '--subject', 'kitchen', '--metric', 'requests', '--at-most', '100000', '--per', 'month',
      '--thresholds', '1=throttle:60');
  });
}

// on: {page(), fleet(), settle(page, path)}. The page is signed in; a rollout "louder" was carried out and
// an invoice checked.
export function linkTests(on) {
  const api = (path) => on.page().evaluate(async (url) => (await fetch(url)).json(), `/api/v1${path}`);

  // All of a list, page by page.
  async function sum(address, adds) {
    const {pathname, searchParams} = new URL(address);
    const [fits, path] = LISTS.find(([shape]) => shape.test(pathname));
    let after = null;
    let all = 0;
    do {
      const query = new URLSearchParams({...Object.fromEntries(searchParams), limit: 500, ...(after !== null && {after})});
      const {items, next} = await api(`${path(fits.exec(pathname))}?${query}`);
      all += items.reduce((some, row) => some + adds(row), 0);
      after = next;
    } while (after !== null);
    return all;
  }

  test('a number opens a list that adds up to just that number', async () => {
    const {page, fleet} = {page: on.page(), fleet: on.fleet()};
    await until(60, () => 'no robot is held by the threshold', async () => (await api('/thresholds?source=budget:counted')).items.some(({robots}) => robots > 0));

    for (const name of ROBOTS) fleet.kill(name, 'SIGSTOP'); // numbers stand still: sums by hour come to what lists have
    try {
      // two leave the vendor out, each for another reason
      await fleet.sql(`UPDATE myna.device_link l SET last_seen = now(), health = coalesce(health, '{}') || jsonb_build_object('left_out', '["dahan"]'::jsonb, 'circuits',
        jsonb_build_array(jsonb_build_object('vendor', 'dahan', 'model', 'dahan-chat', 'contract', 'dahan-2026', 'class', w.class, 'failures', 2, 'since', now())))
        FROM (VALUES ('sim-0001', 'auth'), ('sim-0003', 'net')) w(id, class) WHERE l.device_id = w.id`);
      for (const [path, numbers] of NUMBERS) {
        let wrong = [];
        // what sums by the hour have is what lists have a little later
        await until(60, () => `${path}: ${wrong.join('; ')}`, async () => {
          await on.settle(page, path);
          wrong = [];
          for (const [find, adds = worth, read = (link) => link] of numbers) {
            const link = find(page).first();
            await link.waitFor();
            const text = (await read(link).innerText()).trim().replace(/^.*: /, '');
            const address = new URL(await link.getAttribute('href'), page.url());
            const listed = await sum(address, adds);
            if (!(number(text) > 0 && Math.abs(number(text) - listed) <= margin(text))) wrong.push(`${text} is ${listed} in ${address.pathname}${address.search}`);
          }
          return wrong.length === 0;
        });
        await numbers[0][0](page).first().click();
        await page.locator('tbody tr:not(.skeleton-row)').first().waitFor();
      }
    } finally {
      for (const name of ROBOTS) fleet.kill(name, 'SIGCONT');
    }
  });
}
