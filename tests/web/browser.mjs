// browser.mjs - a headless Chromium that talks to this machine only, and what its pages complained of
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';
import {holdAnswer} from '../integration/api/openapi.mjs';

const ENOUGH = 3; // times that an answer to the same question is held to the contract
const PATH = '/usr/bin/chromium-headless-shell'; // a third less work for the processor than the whole browser
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export class Browser {
  complaints = [];
  #held = new Map(); // how often each answer was held

  static async start(url) {
    if (!existsSync(PATH)) throw new Error(`${PATH} is missing; ./myna test web installs it`);
    const browser = new Browser();
    browser.url = url;
    browser.chromium = await chromium.launch({executablePath: PATH, args: FLAGS});
    return browser;
  }

  // A page of its own session; options as Playwright's newContext. What only moves would be painted
  // again and again by the processor.
  async page(options = {}) {
    const context = await this.chromium.newContext({baseURL: this.url, viewport: {width: 1440, height: 900}, reducedMotion: 'reduce', ...options});
    const page = await context.newPage();
    page.setDefaultTimeout(45000);
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (line) => {
      // answers with a status are the page's own business; it shows them
      const status = line.text().startsWith('Failed to load resource');
      if (line.type() === 'error' && !status) this.complaints.push(`${page.url()}: ${line.text()}`);
    });
    page.on('response', (response) => this.#hold(page, response));
    return page;
  }

  // What pages get of the API is held to openapi.yaml. Pictures, files and streams are not read here,
  // nor is what a page left before it was whole.
  async #hold(page, response) {
    const {pathname} = new URL(response.url());
    const headers = response.headers();
    if (!pathname.startsWith('/api/') || !/json/.test(headers['content-type'] ?? '')) return;
    // a page that is live asks the same again and again
    const asked = `${response.request().method()} ${response.url()} ${response.status()}`;
    const times = (this.#held.get(asked) ?? 0) + 1;
    this.#held.set(asked, times);
    if (times > ENOUGH) return;
    const body = await response.json().catch(() => undefined);
    if (body === undefined) return;
    try {
      holdAnswer(response.request().method(), pathname, {status: response.status(), headers, body});
    } catch (error) {
      this.complaints.push(`${page.url()}: ${error.message.slice(0, 2000)}`);
    }
  }

  // A second page of the same session, with another look.
  async like(page, options) {
    return this.page({storageState: await page.context().storageState(), ...options});
  }

  stop() {
    return this.chromium.close();
  }
}

const EVERYTHING = {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']};
const COLOURS = {runOnly: {type: 'rule', values: ['color-contrast']}};

// Rows of a table are made alike: the first ones stand for all.
const ROWS_BEHIND = 'tbody tr:nth-child(n + 9)';

// What axe finds against WCAG 2.1 AA: ["rule: where: why"...]. The structure of a page is the same in
// each colour scheme, so one full look and one at the colours are enough. within: a part of the page.
export async function accessibilityFaults(page, {coloursOnly = false, within = 'html'} = {}) {
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(axe);
  const {violations} = await page.evaluate(([context, rules]) => globalThis.axe.run(context, {resultTypes: ['violations'], ...rules}),
    [{include: [[within]], exclude: [[ROWS_BEHIND]]}, coloursOnly ? COLOURS : EVERYTHING]);
  return violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}
