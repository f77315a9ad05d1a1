// dialogs.mjs - every dialog that there is, and the buttons that open them
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {areas, english} from './texts.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../server/web');

// The titles that a dialog's tag is given, and those that wait in tables of questions.
const TITLES = [/<\$\{(?:Dialog|FormDialog|Confirm|TypedConfirm|Prove)\}[^>]*?title=\$\{([^]*?)\}(?:\s+\w|>)/g, /(?<!key: "\w+", )\btitle: (?:t\()?("[\w.]+")/g];
const KEY = /(?:t\(|[?:] |^)["`]([\w.]+)(\$\{\w+\})?["`]/g;

const files = (folder) => readdirSync(folder, {withFileTypes: true}).flatMap((entry) => (entry.isDirectory()
  ? files(join(folder, entry.name)) : entry.name.endsWith('.js') ? [join(folder, entry.name)] : []));

const keysIn = (title) => [...title.matchAll(KEY)].flatMap(([, key, rest]) => (rest ? Object.keys(english).filter((one) => one.startsWith(key)) : [key]));

function readKeys() {
  const sources = ['pages', 'components'].flatMap((folder) => files(join(root, folder))).map((file) => readFileSync(file, 'utf8'))
    .filter((source) => /components\/dialog\.js|"\.\/dialog\.js"/.test(source));
  const titles = sources.flatMap((source) => TITLES.flatMap((pattern) => [...source.matchAll(pattern)].map(([, title]) => title)));
  return [...new Set(titles.flatMap(keysIn))].filter((key) => key in english);
}

const all = readKeys();

// The areas whose texts a page of app.js has.
function areasOf(page) {
  const app = readFileSync(join(root, 'app.js'), 'utf8');
  const [, module] = new RegExp(`path: "${page}", load: modules\\.(\\w+)`).exec(app);
  const [, named] = new RegExp(`^ {2}${module}: page\\(.*?\\), (".*")\\),$`, 'm').exec(app);
  return ['shell', ...JSON.parse(`[${named}]`)];
}

// The keys of the texts that name dialogs: all, or those that a page may open.
export function dialogKeys(page) {
  if (!page) return all;
  const on = areasOf(page);
  return all.filter((key) => on.some((area) => key in areas.en[area]));
}

// Nothing is changed by what is pressed: the server is not asked to, but for what only looks ahead.
const guard = (page) => page.evaluate(() => {
  const ask = globalThis.fetch;
  const looksAhead = (url, body) => /preview|whatif|preflight/.test(url) || /"dry_run":true/.test(body);
  globalThis.fetch = (url, options = {}) => ((options.method ?? 'GET') === 'GET' || looksAhead(String(url), options.body)
    ? ask(url, options) : new Promise(() => {}));
  globalThis.print = () => {};
  navigator.clipboard.writeText = async () => {};
  globalThis.unguarded = ask;
});

const unguard = (page) => page.evaluate(() => { globalThis.fetch = globalThis.unguarded; });

// Presses the next button that was not pressed before, here or, as told, elsewhere on such a page; of a table's
// rows the first two stand for all. Answers {name, title} of the dialog that it opened, {name} of one that
// opened none, null when all were pressed.
const pressNext = (page, told) => page.evaluate(async (known) => {
  const BUTTONS = 'main :is(.page-side, .card, .toolbar) button:not([aria-pressed], [aria-expanded], [type=submit], .link, .chip, :disabled)';
  const nameOf = (button) => (button.getAttribute('aria-label') ?? button.textContent).trim();
  const next = [...document.querySelectorAll(BUTTONS)].find((button) => !button.closest('tbody tr:nth-child(n + 3), ol.route-rows') && !known.includes(nameOf(button)));
  if (!next) return null;
  const name = nameOf(next);
  next.click();
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  return {name, title: document.querySelector('dialog[open]')?.getAttribute('aria-label') ?? undefined};
}, told);

const close = (page) => page.evaluate(async () => {
  document.querySelector('dialog[open]').close();
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
});

// me: a Reader before a page; what its buttons open is looked at, each dialog once. keys: of the dialogs that
// it may be; told: names of the buttons that need no pressing, to which those are added that were pressed. A
// button that leads away ends it.
export async function pressAll(me, keys, told) {
  const {page} = me;
  const url = page.url();
  await guard(page);
  for (;;) {
    const pressed = await pressNext(page, told);
    if (!pressed || page.url() !== url) break;
    told.push(pressed.name);
    const key = pressed.title && keys.find((one) => me.pattern(one).test(pressed.title));
    if (key && !me.dialogs.has(key)) {
      await page.locator('dialog[open] [aria-busy="true"]:not(button)').first().waitFor({state: 'detached'});
      await me.look(key);
    }
    if (pressed.title) await close(page);
  }
  await unguard(page);
}
