// The words on the dashboard: each key that a page asks for has a text, which is there when the page is;
// each text is asked for, in each language.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, posix, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {areas, chinese, english as texts} from './texts.mjs';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../server/web');
const pages = new Map(readdirSync(web, {recursive: true}).map(String)
  .filter((name) => name.endsWith('.js') && !/^(node_modules|text)[./]/.test(name))
  .map((name) => [name, readFileSync(join(web, name), 'utf8')]));
const source = [...pages.values()].join('\n');

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

test('each text is in one area', () => {
  const all = Object.values(areas.en).flatMap(Object.keys);
  assert.deepEqual(all.filter((key, n) => all.indexOf(key) !== n), []);
});

// The keys that a module asks for: those in calls of t(), all that have a dot, and the words of its kinds.
const KINDS = [/\bt\(`([a-z_.]+)\.\$\{/g, /\b(?:word|choices)\(["`]([a-z_]+)/g, /\bkind="([a-z_]+)"/g];
function asks(text) {
  const called = new Set([...text.matchAll(/\bt\(([^()]*)/g)].flatMap(([, call]) => [...call.matchAll(/"([a-z_.]+)"/g)].map(([, key]) => key)));
  const dotted = new Set([...text.matchAll(/"([a-z_]+(?:\.[a-z_]+)+)"/g)].map(([, key]) => key));
  const kinds = KINDS.flatMap((kind) => [...text.matchAll(kind)].map(([, start]) => start));
  if (text.includes('<${Status}')) kinds.push('state');
  if (text.includes('givenName(')) kinds.push('metric', 'per', 'term');
  if (text.includes('ofText(')) kinds.push('burn', 'metric', 'per', 'term');
  return Object.keys(texts).filter((key) => called.has(key) || dotted.has(key) || kinds.some((start) => key.startsWith(`${start}.`)));
}

const areaOf = new Map(Object.entries(areas.en).flatMap(([area, its]) => Object.keys(its).map((key) => [key, area])));
const asked = new Map([...pages].filter(([name]) => name !== 'text.js').map(([name, text]) => [name, asks(text)]));

// The module, all that is imported from there and all that those import later.
function closure(module, all = new Set()) {
  if (!pages.has(module) || all.has(module)) return all;
  all.add(module);
  const later = module === 'app.js' ? [] : pages.get(module).matchAll(/\bimport\("(\.[^"]+)"\)/g);
  for (const [, path] of [...pages.get(module).matchAll(/\bfrom "(\.[^"]+)"/g), ...later]) closure(posix.join(posix.dirname(module), path), all);
  return all;
}

// {area: [what wants it]...} of a module with all that it is made of; without what it brings itself, before
// it imports what needs it.
function needs(module) {
  const found = {};
  const brought = [...closure(module)].flatMap((part) => (part === 'app.js' ? [] : [...pages.get(part).matchAll(/\bbring\("(\w+)"\)/g)].map(([, area]) => area)));
  for (const part of closure(module)) {
    for (const key of asked.get(part) ?? []) (found[areaOf.get(key)] ??= []).push(`${part} asks for "${key}"`);
  }
  return Object.fromEntries(Object.entries(found).filter(([area]) => area === 'shell' || !brought.includes(area)));
}

test('what the shell says is in the texts that come with it', () => {
  const {shell, ...others} = needs('app.js');
  assert.ok(shell.length > 50);
  assert.deepEqual(others, {});
});

test('a page waits for the areas of texts that it needs, and for no other', () => {
  const table = [...pages.get('app.js').matchAll(/page\(\(\) => import\("\.\/([^"]+)"\), ([^)]*)\)/g)];
  assert.equal(table.length, pages.get('app.js').split('import("./pages/').length - 1, 'each page names its areas');
  for (const [, module, list] of table) {
    const {shell, ...needed} = needs(module);
    const told = [...list.matchAll(/"(\w+)"/g)].map(([, area]) => area);
    for (const area of Object.keys(needed)) assert.ok(told.includes(area), `${module} comes without the texts of "${area}", but ${needed[area][0]}`);
    assert.deepEqual(told.filter((area) => !(area in needed)), [], `${module} needs them for nothing`);
  }
});

test('a text that only a table names comes with the shell', () => {
  const sure = new Set([...asked.values()].flat());
  assert.deepEqual(Object.keys(texts).filter((key) => !sure.has(key) && areaOf.get(key) !== 'shell'), []);
});

// Names, which are the same everywhere.
const NAMES = ['Myna', 'OpenAI', 'Anthropic', 'Ollama', 'Slack'];
const forms = (text) => (typeof text === 'object' ? Object.values(text) : [text]);
const places = (text) => [...new Set(forms(text).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();

test('both languages have the same keys in the same areas', () => {
  const keys = (language) => Object.fromEntries(Object.entries(areas[language]).map(([area, its]) => [area, Object.keys(its).sort()]));
  assert.deepEqual(keys('zh'), keys('en'));
});

test('a translation fills in what its original does', () => {
  for (const [key, text] of Object.entries(texts)) assert.deepEqual(places(chinese[key]), places(text), key);
});

test('nothing is left untranslated', () => {
  const left = Object.entries(chinese).filter(([, text]) => forms(text).some((form) => !/\p{Script=Han}/u.test(form) && !NAMES.includes(form)));
  assert.deepEqual(left, []);
});

// One that is not there keeps its page from being loaded at all, and only whoever opens that page sees it.
test('every name that a page imports of another is one that the other exports', () => {
  const missing = [];
  let found = 0;
  for (const [name, text] of pages) {
    for (const [, list, from] of text.matchAll(/^import \{([^}]+)\} from "(\.[^"]+)";/gm)) {
      const other = pages.get(posix.join(posix.dirname(name), from));
      if (other === undefined) continue; // of a package, or made by the build
      const exported = new Set([...other.matchAll(/^export (?:async )?(?:function|const|let|class) (\w+)/gm)].map(([, it]) => it));
      for (const [, some] of other.matchAll(/^export (?:const )?\{([^}]+)\}/gm)) some.split(',').forEach((it) => exported.add(it.trim().split(/ as /).pop()));
      for (const [, some] of other.matchAll(/^export const \[([^\]]+)\]/gm)) some.split(',').forEach((it) => exported.add(it.trim()));
      for (const it of list.split(',').map((one) => one.trim().split(/ as /)[0]).filter(Boolean)) {
        found++;
        if (!exported.has(it)) missing.push(`${name}: ${it} of ${from}`);
      }
    }
  }
  assert.ok(found > 500, String(found));
  assert.deepEqual(missing, []);
});
