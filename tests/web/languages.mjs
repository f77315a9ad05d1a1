// languages.mjs - the dashboard in the language of who looks at it. Part of the dashboard's test.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {chinese, english} from './texts.mjs';

// Whole texts that differ between the two and so must not be seen in the other.
const sayable = (texts) => Object.values(texts).flatMap((text) => (typeof text === 'object' ? Object.values(text) : [text]))
  .filter((text) => !text.includes('{') && text.length > 2);
const same = new Set(sayable(chinese));
const foreign = new Set(sayable(english).filter((text) => !same.has(text)));

// Everything that a page says: its words, and what it says to who cannot see it; not what it quotes.
const said = (page) => page.evaluate(() => {
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) words.push(node.parentElement.closest('code, pre, del, ins, noscript') ? '' : node.textContent.trim());
    else words.push(...['aria-label', 'placeholder', 'title'].map((name) => node.getAttribute(name) ?? ''));
  }
  return words;
});

// Names that the API has beside the words for them.
const NAMES = ['English', 'OpenAI'];

// Three words of English in a row; names and what people typed have fewer, commands are what they are.
const COMMAND = /\b(?:mynactl|mynad|myna-agent|journalctl)(?: [\w./:=-]+)*/g;
const SENTENCE = /(?:^|[^\w./:-])[A-Za-z]{2,}(?: [A-Za-z'-]+){2,}/;

// Texts that were not there when they were asked for show their keys.
const keysAmong = (words) => words.filter((text) => text.includes('.') && text in english);

// What a page in Chinese says in English: [] when all is translated. A page in English is asked for keys
// alone. written: what people wrote, which stays as it is.
export async function untranslated(page, locale = 'zh-CN', written = []) {
  if (!locale.startsWith('zh')) return keysAmong(await said(page));
  const isEnglish = (text) => SENTENCE.test([COMMAND, english['filter.example'], ...written].reduce((left, known) => left.replaceAll(known, ''), text));
  const words = await said(page);
  const left = words.filter((text) => (foreign.has(text) || isEnglish(text)) && !NAMES.includes(text));
  return [...new Set([...left, ...keysAmong(words)])];
}

// t(key, values) as the pages have it, for the labels of whoever reads in that language.
export function speaker(locale) {
  const texts = locale.startsWith('zh') ? chinese : english;
  const plurals = new Intl.PluralRules(locale);
  return (key, values = {}) => {
    const text = texts[key];
    if (text === undefined) throw new Error(`no text for ${key}`);
    const form = typeof text === 'object' ? text[plurals.select(Number(values.n))] ?? text.other : text;
    return form.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
}

// on: {browser(), page(), settle(page, path)}. The page is signed in.
export function languageTests(on) {
  test('the language that is chosen stays, with its numbers and times', async () => {
    const page = await on.browser().like(on.page(), {});
    await on.settle(page, '/rollouts');
    await page.getByRole('button', {name: '中文'}).click();
    await page.getByRole('heading', {level: 1, name: '发布'}).waitFor();
    await page.locator('time').first().getByText(/前$/).waitFor();
    await page.goto('/fleet');
    await page.getByRole('heading', {level: 1, name: '机群'}).waitFor();
    await page.getByRole('button', {name: 'English'}).click();
    await page.getByRole('heading', {level: 1, name: 'Fleet'}).waitFor();
    await page.context().close();
  });

  test('what the server refuses of a filter is told in the reader\'s language', async () => {
    const page = await on.browser().like(on.page(), {locale: 'zh-CN'});
    await on.settle(page, '/fleet?filter=last_seen');
    await page.getByRole('combobox', {name: '筛选条件'}).fill('last_seen < 9');
    await page.getByText('第 13 个字符处：此处应为时长').waitFor();
    await page.locator('.caret mark').waitFor({state: 'attached'});
    assert.deepEqual(await untranslated(page), []);
    await page.context().close();
  });

  test('signing in by a provider is told in the reader\'s language', async () => {
    const t = speaker('zh-CN');
    const stranger = await on.browser().page({locale: 'zh-CN'});
    await stranger.route('**/api/v1/login/methods', (route) => route.fulfill({json: {password: true, provider: true, operators: true}}));
    await stranger.goto('/fleet?sign_in=denied');
    await stranger.getByRole('link', {name: t('sign_in.provider')}).waitFor();
    await stranger.getByText(t('sign_in.denied')).waitFor();
    assert.deepEqual(await untranslated(stranger), []);
    await stranger.context().close();
  });
}
