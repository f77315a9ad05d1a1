// A real fleet's dashboard in a browser: its first paint, and when what the page is for is drawn. Every
// look is by a context of its own, so nothing is cached; the operator is signed in, as on any morning.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Fleet} from '../support/fleet.mjs';
import {Browser} from '../web/browser.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 200);
const ROUNDS = Number(process.env.ROUNDS ?? 10);
const ASKED_MS = 1000;
const BARE = '/healthz'; // a line of text

// What each page is for, by the first thing of it that comes from the database.
const PAGES = {
  fleet: ['/fleet', 'table[aria-label="Robots"] tbody tr:not(.skeleton-row) a'],
  robot: ['/robots/myna-1', 'table.settings tbody td'],
  contract: ['/contracts/dahan-2026', '.burn canvas'],
  usage: ['/usage', 'main canvas'],
  alerts: ['/alerts', 'main .empty, main table tbody tr:not(.skeleton-row) a'],
};

// Runs in the page, before anything of it: notes when what is wanted is drawn.
function watch(wanted) {
  const look = () => {
    if (document.querySelector(wanted)) requestAnimationFrame(() => { globalThis.drawnAt ??= performance.now(); });
    else requestAnimationFrame(look);
  };
  look();
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const report = (line) => console.log(JSON.stringify({bench: 'paint', ...line}));

async function signedIn(browser, fleet) {
  const page = await browser.page();
  await page.goto('/fleet');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(/password: (\S+)/.exec(readFileSync(join(fleet.home, 'login'), 'utf8'))[1]);
  await page.getByRole('button', {name: 'Sign in'}).click();
  await page.locator('nav.menu').waitFor();
  return page;
}

// {paint, drawn} in ms since the address was opened, and the bytes of script that came.
async function look(browser, page, path, wanted) {
  const fresh = await browser.like(page, {});
  const scripts = [];
  fresh.on('response', (response) => {
    if (response.url().endsWith('.js')) scripts.push(response.request().sizes().then(({responseBodySize}) => responseBodySize, () => 0));
  });
  if (wanted) await fresh.addInitScript(watch, wanted);
  await fresh.goto(path);
  if (wanted) await fresh.waitForFunction(() => globalThis.drawnAt);
  const paint = await fresh.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  const seen = {paint: await paint.jsonValue(), drawn: wanted ? await fresh.evaluate(() => globalThis.drawnAt) : 0,
    bytes: (await Promise.all(scripts)).reduce((sum, bytes) => sum + bytes, 0)};
  await fresh.context().close();
  return seen;
}

async function measure(browser, page, path, wanted) {
  const looks = [];
  await look(browser, page, path, wanted); // the server's first time is not a page's
  for (let round = 0; round < ROUNDS; round++) looks.push(await look(browser, page, path, wanted));
  return Object.fromEntries(['paint', 'drawn', 'bytes'].map((name) => [name, median(looks.map((one) => one[name]))]));
}

const fleet = await Fleet.create();
let browser;
try {
  await fleet.up('--robots', String(ROBOTS));
  browser = await Browser.start(fleet.url);
  const page = await signedIn(browser, fleet);
  const bare = await measure(browser, page, BARE);
  for (const [name, [path, wanted]] of Object.entries(PAGES)) {
    const seen = await measure(browser, page, path, wanted);
    const beside = {unit: 'ms', limit: Number(bare.paint.toFixed(1)), limit_is: 'the first paint of a line of text of the same server', asked: ASKED_MS};
    for (const [metric, value] of [['first_paint_ms', seen.paint], ['drawn_ms', seen.drawn]])
      report({metric: `${name}_${metric}`, value: Number(value.toFixed(1)), ...beside, ratio: Number((value / bare.paint).toFixed(3))});
    report({metric: `${name}_script`, value: seen.bytes, unit: 'B', limit: 200000, limit_is: 'what is allowed, compressed', ratio: Number((seen.bytes / 200000).toFixed(3))});
  }
} finally {
  await browser?.stop();
  await fleet.end();
}
