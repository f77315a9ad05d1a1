// reader.mjs - someone who reads one language, before the dashboard: finds what the texts name in it, and
// looks at every dialog that opens
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {accessibilityFaults} from './browser.mjs';
import {speaker, untranslated} from './languages.mjs';

// Where pictures of all that is looked at go; a person leafs through them.
const SCREENS = process.env.MYNA_SCREENS ?? (process.env.MYNA_BUILD && join(process.env.MYNA_BUILD, 'tests/web/screens'));

// What people wrote: the demo's persona and groups, and what tests typed.
export const WRITTEN = ['You are a friendly desk robot. Answer in two or three short sentences.', 'In a kitchen', 'On a desk',
  'The shop closes in ten minutes.', 'The shop opens in an hour.', 'id starts sim', 'more than asked for', 'it answered 503'];

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

// Keys of the texts that name the dialogs that were held to the rules, and what stood in them in the dark.
export const dialogsSeen = new Set();
const seenDark = new Set();

// Of what its colours depend on.
const kindsIn = (page) => page.evaluate(() => [...new Set([...document.querySelectorAll('dialog[open], dialog[open] *')]
  .map((one) => `${one.tagName} ${one.className} ${one.disabled ?? ''} ${one.parentElement.className}`))]);

async function faultsInTheDark(page) {
  const kinds = (await kindsIn(page)).filter((kind) => !seenDark.has(kind));
  if (kinds.length === 0) return [];
  for (const kind of kinds) seenDark.add(kind);
  await page.emulateMedia({colorScheme: 'dark'});
  const faults = await accessibilityFaults(page, {within: 'dialog[open]', coloursOnly: true});
  await page.emulateMedia({colorScheme: 'light'});
  return faults.map((fault) => `dark: ${fault}`);
}

export class Reader {
  dialogs = new Set(); // keys of the texts that name those it has seen
  faults = [];

  // options: {page, locale, fleet, visit, drawn}: as the dashboard's test has them.
  constructor(options) {
    Object.assign(this, options);
    this.t = speaker(options.locale);
    this.tag = options.locale.slice(0, 2);
  }

  // What one calls one's own, so that both languages can do a task at the same time.
  own(name) {
    return `${name}-${this.tag}`;
  }

  pick(english, chinese) {
    return this.tag === 'en' ? english : chinese;
  }

  async go(path) {
    await this.visit(this.page, path);
    await this.drawn(this.page);
  }

  button(key, where = this.page, values) {
    return where.getByRole('button', {name: this.t(key, values), exact: true});
  }

  link(key, where = this.page, values) {
    return where.getByRole('link', {name: this.t(key, values), exact: true});
  }

  label(key, where = this.page, values) {
    return where.getByLabel(this.t(key, values), {exact: true});
  }

  text(key, where = this.page, values) {
    return where.getByText(this.t(key, values), {exact: true});
  }

  table(key, values) {
    return this.page.getByRole('table', {name: this.t(key, values), exact: true});
  }

  rows(key, values) {
    return this.table(key, values).locator('tbody tr:not(.skeleton-row)');
  }

  heading(name) {
    return this.page.getByRole('heading', {level: 1, name, exact: true}).waitFor();
  }

  // The cell of a row under that title.
  cell(row, key) {
    return row.locator(`td[data-label="${this.t(key)}"]`);
  }

  // The pattern of a text whose values are not told.
  pattern(key) {
    return new RegExp(`^${escaped(this.t(key)).replaceAll(/\\\{\w+\\\}/g, '.+')}$`);
  }

  // The open dialog that key names; the first time it is looked at.
  async dialog(key, values) {
    const box = this.page.getByRole('dialog', values ? {name: this.t(key, values), exact: true} : {name: this.pattern(key)});
    await box.waitFor();
    if (!this.dialogs.has(key)) await this.look(key);
    return box;
  }

  // At the dialog that is open: each reader at its words and its width, the first at the rules.
  async look(key) {
    this.dialogs.add(key);
    const found = [...await untranslated(this.page, this.locale, WRITTEN), ...await cutIn(this.page)];
    if (!dialogsSeen.has(key)) {
      dialogsSeen.add(key);
      found.push(...await accessibilityFaults(this.page, {within: 'dialog[open]'}), ...await faultsInTheDark(this.page));
    }
    this.faults.push(...found.map((fault) => `the dialog ${key}, ${this.locale}: ${fault}`));
    if (process.env.WALK_LONG) await this.picture(`dialog ${key}`, {fullPage: false});
  }

  async allTranslated() {
    assert.deepEqual(await untranslated(this.page, this.locale, WRITTEN), []);
  }

  async picture(name, options = {fullPage: true}) {
    if (!SCREENS) return;
    mkdirSync(SCREENS, {recursive: true});
    if (options.fullPage) await this.page.evaluate(() => scrollTo(0, 0)); // what sticks to the screen is at its place
    await this.page.screenshot({path: join(SCREENS, `${name.replaceAll(/[^\w.-]+/g, '-').replace(/^-|-$/g, '')}.${this.tag}.jpg`), type: 'jpeg', quality: 70, animations: 'allow', caret: 'initial', ...options});
  }
}

// The same for a dialog that a test has open on a page of its own.
export async function lookAtDialog(page, locale, key) {
  const me = new Reader({page, locale});
  await me.look(key);
  assert.deepEqual(me.faults, []);
}

// What of the open dialog cannot be seen: it sticks out of the screen or of the dialog.
const cutIn = (page) => page.evaluate(() => {
  const box = document.querySelector('dialog[open]');
  const {left, right, top} = box.getBoundingClientRect();
  return [
    ...(left < 0 || right > innerWidth || top < 0 ? [`it is from ${left} to ${right} on a screen of ${innerWidth}`] : []),
    ...(box.scrollWidth > box.clientWidth + 1 ? [`something sticks ${box.scrollWidth - box.clientWidth} out of it`] : []),
  ];
});
