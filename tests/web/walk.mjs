// walk.mjs - every page in every way it is looked at. Part of the dashboard's test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {accessibilityFaults} from './browser.mjs';
import {untranslated} from './languages.mjs';

const DESK = {width: 1440, height: 900};
const PHONE = {width: 360, height: 740};
const LAPTOPS = [{width: 1280, height: 800}, {width: 1024, height: 768}];
const LEAD_PX = 110; // narrower, and words are broken inside

// Each page is drawn once for each walk; colours and size change under it, as they do for people. What
// language does not change is looked at in one, unless everything is asked for.
const everything = Boolean(process.env.WALK_LONG);
const WALKS = [
  {locale: 'en-US', language: 'en', viewport: DESK, sizes: everything ? [PHONE, ...LAPTOPS] : [LAPTOPS[1]], rules: true, dark: true},
  {locale: 'zh-CN', language: 'zh-CN', viewport: PHONE, sizes: everything ? [DESK, ...LAPTOPS] : [], rules: everything, dark: everything},
];

// What people wrote: the demo's persona and groups, and what the tests before this one typed.
const WRITTEN = ['You are a friendly desk robot. Answer in two or three short sentences.', 'In a kitchen', 'On a desk',
  'The shop closes in ten minutes.', 'The shop opens in an hour.', 'id starts sim', 'more than asked for'];

const patternOf = (path) => new RegExp(`^${path.replaceAll(/:[a-z]+/g, '[^/?]+')}([?]|$)`);
const named = (name, faults) => faults.map((fault) => `${name}: ${fault}`);

// Nothing moves any more.
const still = (page) => page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));

// Forms that are still empty, and what is not there, show nothing that could be out of date.
const TIMELESS = /^\/(nowhere|rollouts\/new|contracts\/(new|[^/]+\/edit))/;

// Every other page says when what it shows was true.
async function untold(page, path) {
  if (TIMELESS.test(path)) return [];
  const told = await page.locator('.page-head .fresh > span[title]').first().waitFor({timeout: 5000}).then(() => true, () => false);
  return told ? [] : ['it does not say as of when'];
}

async function tooWide(page) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  return wide <= screen ? [] : [`it is ${wide} wide on a screen of ${screen}`];
}

async function inTheDark(page) {
  await page.emulateMedia({colorScheme: 'dark'});
  await still(page);
  const faults = await accessibilityFaults(page, {coloursOnly: true});
  await page.emulateMedia({colorScheme: 'light'});
  return faults;
}

// Tables whose first column gets what the others leave, and that is no room; and cards that something
// sticks out of.
const squeezed = (page) => page.evaluate((least) => [
  ...[...document.querySelectorAll('.table thead th.lead')]
    .filter((th) => th.closest('.table').querySelector('col.lead').style.width === 'auto' && th.checkVisibility() && th.offsetWidth < least)
    .map((th) => `the column "${th.textContent.trim()}" is ${th.offsetWidth} wide`),
  ...[...document.querySelectorAll('main .card')].filter((card) => card.scrollWidth > card.clientWidth + 1)
    .map((card) => `something sticks ${card.scrollWidth - card.clientWidth} out of the card "${card.textContent.trim().slice(0, 40)}"`),
], LEAD_PX);

async function inOtherSizes(page, {viewport, sizes}) {
  const faults = [];
  for (const size of sizes) {
    await page.setViewportSize(size);
    await still(page);
    faults.push(...named(`${size.width} wide`, [...await tooWide(page), ...LAPTOPS.includes(size) ? await squeezed(page) : []]));
  }
  await page.setViewportSize(viewport);
  return faults;
}

async function faultsOf(page, walk) {
  const language = await page.evaluate(() => document.documentElement.lang);
  return [
    ...(language === walk.language ? [] : [`its language is ${language}`]),
    ...await untranslated(page, walk.language, WRITTEN),
    ...walk.rules ? await accessibilityFaults(page) : [],
    ...await tooWide(page),
    ...walk.viewport === DESK ? await squeezed(page) : [],
    ...named('dark', walk.dark ? await inTheDark(page) : []),
    ...await inOtherSizes(page, walk),
  ];
}

// on: {browser(), page(), visit(page, path), drawn(page), paths}. The page is signed in.
export function walkTests(on) {
  async function go({locale, viewport, ...walk}) {
    const page = await on.browser().like(on.page(), {locale, viewport, colorScheme: 'light'});
    const faults = [];
    for (const path of on.paths) {
      await on.visit(page, path);
      await on.drawn(page).catch(({message}) => { throw new Error(`${path} is not drawn: ${message}`); });
      faults.push(...named(`${path} ${locale}`, [...await untold(page, path), ...await faultsOf(page, {...walk, viewport})]));
    }
    await page.context().close();
    return faults;
  }

  test('every page meets WCAG AA, fits its screen, speaks one language and says as of when: light and dark, on a desk and a phone', async () => {
    assert.deepEqual((await Promise.all(WALKS.map(go))).flat(), []);
  });

  test('no page is left out of that walk', () => {
    const app = readFileSync(new URL('../../server/web/app.js', import.meta.url), 'utf8');
    const routes = [...app.matchAll(/\{ path: "([^"]+)"/g)].map(([, path]) => path);
    assert.ok(routes.length > 15);
    assert.deepEqual(routes.filter((route) => !on.paths.some((path) => patternOf(route).test(path))), []);
  });
}
