// walk.mjs - every page: what it is for is done in each language, then it is looked at in every way, with
// the dialogs behind its buttons. Part of the dashboard's test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {accessibilityFaults} from './browser.mjs';
import {dialogKeys, pressAll} from './dialogs.mjs';
import {untranslated} from './languages.mjs';
import {dialogsSeen, Reader, WRITTEN} from './reader.mjs';
import {DONE_IN_ENGLISH, PAGES, UNTOLD} from './tasks/pages.mjs';

const DESK = {width: 1440, height: 900};
const PHONE = {width: 360, height: 740};
const LAPTOPS = [{width: 1280, height: 800}, {width: 1024, height: 768}];
const LEAD_PX = 110; // narrower, and words are broken inside

// Each page is drawn once for each reader; colours and size change under it, as they do for people. What
// language does not change is looked at in one, unless everything is asked for.
const everything = Boolean(process.env.WALK_LONG);
const READERS = [
  {locale: 'en-US', language: 'en', viewport: DESK, sizes: everything ? [PHONE, ...LAPTOPS] : [LAPTOPS[1]], rules: true, dark: true, dialogs: everything},
  {locale: 'zh-CN', language: 'zh-CN', viewport: PHONE, sizes: everything ? [DESK, ...LAPTOPS] : [], rules: everything, dark: everything, dialogs: everything},
];

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

async function faultsOf({page, walk}) {
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

// One address after the other, as its readers see it.
async function look(me, {page, at}) {
  const pressed = [];
  for (const [n, path] of at.entries()) {
    await me.go(path).catch(({message}) => { throw new Error(`${path} is not drawn: ${message}`); });
    me.faults.push(...named(`${path}, ${me.locale}`, [...await untold(me.page, path), ...await faultsOf(me)]));
    if (everything || (n === 0 && process.env.MYNA_SCREENS)) await me.picture(path);
    if (me.walk.dialogs) await pressAll(me, dialogKeys(page), pressed);
  }
}

// on: {browser(), page(), fleet(), visit(page, path), drawn(page), password(), robots}. The page is signed in
// as an admin.
export function walkTests(on) {
  let readers;

  async function open({locale, viewport, ...walk}) {
    const page = await on.browser().like(on.page(), {locale, viewport, colorScheme: 'light'});
    await page.goto('/you');
    await on.drawn(page);
    return new Reader({page, locale, walk: {...walk, viewport}, visit: on.visit, drawn: on.drawn, fleet: on.fleet(), password: on.password(), robots: on.robots});
  }

  async function does({task, do: deed}, me) {
    try {
      await deed(me);
      await me.allTranslated();
    } catch (error) {
      await me.picture(`failed ${task}`).catch(() => {});
      error.message = `${me.locale}: ${error.message}`;
      throw error;
    }
  }

  for (const row of PAGES) {
    test(`${row.page}: ${row.task}; its pages meet WCAG AA, fit, and speak one language`, async () => {
      readers ??= await Promise.all(READERS.map(open));
      const doers = everything || !DONE_IN_ENGLISH.includes(row.page) ? readers : readers.filter(({tag}) => tag === 'zh');
      if (row.inTurn) for (const me of doers) await does(row, me);
      else await Promise.all(doers.map((me) => does(row, me)));
      await Promise.all(readers.map((me) => look(me, row)));
      assert.deepEqual(readers.flatMap((me) => me.faults.splice(0)), []);
    });
  }

  test('an address without a page says so', async () => {
    await Promise.all(readers.map((me) => look(me, {at: ['/nowhere']})));
    assert.deepEqual(readers.flatMap((me) => me.faults.splice(0)), []);
    await Promise.all(readers.map(({page}) => page.context().close())); // they have seen everything
  });
}

// After all that opens dialogs.
export function wholeTests() {
  test('every page has a task', () => {
    const app = readFileSync(new URL('../../server/web/app.js', import.meta.url), 'utf8');
    const routes = [...app.matchAll(/\{ path: "([^"]+)"/g)].map(([, path]) => path);
    assert.ok(routes.length > 15);
    assert.deepEqual(routes.filter((route) => !PAGES.some(({page, at}) => page === route && at.some((path) => patternOf(route).test(path)))), []);
  });

  // Tasks open most of them; for the others every button is pressed, which takes its time.
  test('every dialog was held to the rules while it was open', {skip: !everything && 'without WALK_LONG'}, () => {
    const keys = dialogKeys();
    assert.ok(keys.length > 40);
    assert.deepEqual(keys.filter((key) => !dialogsSeen.has(key) && !(key in UNTOLD)), []);
    assert.deepEqual(Object.keys(UNTOLD).filter((key) => !keys.includes(key)), [], 'no longer there');
  });
}
