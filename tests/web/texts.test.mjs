// The words on the dashboard: each key that a page asks for has a text, each text is asked for, in each
// language.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {texts} from '../../server/web/text.en.js';
import {texts as chinese} from '../../server/web/text.zh.js';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../server/web');
const pages = readdirSync(web, {recursive: true}).map(String)
  .filter((name) => name.endsWith('.js') && !name.startsWith('node_modules') && !name.startsWith('text.'))
  .map((name) => [name, readFileSync(join(web, name), 'utf8')]);
const source = pages.map(([, text]) => text).join('\n');

// Keys written out, and the beginnings of those put together: t(`nav.${x}`), word("state", x).
const written = new Set([...source.matchAll(/"([a-z_]+(?:\.[a-z_]+)*)"/g)].map(([, key]) => key));
const begun = new Set([
  ...[...source.matchAll(/\bt\(`([a-z_.]+)\.\$\{/g)].map(([, key]) => key),
  ...[...source.matchAll(/\bword\("([a-z_]+)"/g)].map(([, kind]) => kind),
  ...[...source.matchAll(/\bkind="([a-z_]+)"/g)].map(([, kind]) => kind),
  'state', 'choice.ear_mode', 'choice.language', 'choice.limit_mode',
]);

test('each key that a page asks for has a text', () => {
  for (const [name, text] of pages) {
    for (const [, key] of text.matchAll(/\bt\("([^"]+)"/g)) assert.ok(key in texts, `${name}: "${key}" has no text`);
  }
});

test('each text is asked for by a page', () => {
  const idle = Object.keys(texts).filter((key) => !written.has(key) && ![...begun].some((start) => key.startsWith(`${start}.`)));
  assert.deepEqual(idle, []);
});

// Names, which are the same everywhere.
const NAMES = ['Myna', 'OpenAI', 'Anthropic', 'Ollama', 'Slack'];
const forms = (text) => (typeof text === 'object' ? Object.values(text) : [text]);
const places = (text) => [...new Set(forms(text).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(chinese).sort(), Object.keys(texts).sort());
});

test('a translation fills in what its original does', () => {
  for (const [key, text] of Object.entries(texts)) assert.deepEqual(places(chinese[key]), places(text), key);
});

test('nothing is left untranslated', () => {
  const left = Object.entries(chinese).filter(([, text]) => forms(text).some((form) => !/\p{Script=Han}/u.test(form) && !NAMES.includes(form)));
  assert.deepEqual(left, []);
});
