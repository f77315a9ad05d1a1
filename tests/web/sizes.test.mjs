// What a browser loads before a page is drawn: its own module and all that is imported from there, as
// mynad sends it. A module that a page asks for later counts for that page alone.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {dirname, posix, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../server/web');
const built = resolve(process.env.MYNA_BUILD, 'server/web');
const read = (name) => readFileSync(resolve(name.startsWith('lib/') ? built : web, name), 'utf8');
const packed = (name) => gzipSync(read(name), {level: 9}).length;

const named = (name, pattern) => [...read(name).matchAll(pattern)]
  .map(([, path]) => posix.join(posix.dirname(name), path));
const imported = (name) => named(name, /\bfrom ?"(\.[^"]+)"/g);
const later = (name) => named(name, /\bimport\("(\.[^"]+)"\)/g);

// The module and everything that comes with it.
function closure(...names) {
  const all = new Set();
  const visit = (name) => {
    if (all.has(name)) return;
    all.add(name);
    imported(name).forEach(visit);
  };
  names.forEach(visit);
  return all;
}

const bytes = (names) => [...names].reduce((sum, name) => sum + packed(name), 0);
const shell = closure('app.js');
const pages = later('app.js');

// What the shell and a page say, in the language that takes more.
function texts(page) {
  const [, list] = read('app.js').split('\n').find((line) => line.includes(`import("./${page}")`)).split(`import("./${page}")`);
  const areas = ['shell', ...[...list.matchAll(/"(\w+)"/g)].map(([, area]) => area)];
  return Math.max(...['en', 'zh'].map((language) => bytes(areas.map((area) => `text/${area}.${language}.js`))));
}

test('the shell brings no page but the one to sign in by', () => {
  assert.ok(pages.length > 10, `${pages.length} pages`);
  assert.deepEqual([...shell].filter((name) => name.startsWith('pages/')), ['pages/signin.js']);
});

test('the browser is told of the shell\'s modules at once, not one by one', () => {
  const told = [...read('index.html').matchAll(/<link rel="modulepreload" href="\/([^"]+)">/g)].map(([, name]) => name);
  assert.deepEqual(told.sort(), [...shell].filter((name) => name !== 'app.js').sort());
});

test('the first load is drawn from less than 80 kB of script, compressed', () => {
  const first = bytes(closure('app.js', 'pages/fleet.js')) + texts('pages/fleet.js');
  assert.ok(first < 80000, `${first} bytes`);
  assert.ok(!closure('app.js', 'pages/fleet.js').has('said.js'), 'what the server says in Chinese comes when it says something');
});

test('no page needs more than 200 kB of script, compressed', () => {
  for (const page of pages) {
    const all = bytes(closure('app.js', page, ...[...closure(page)].flatMap(later))) + texts(page);
    assert.ok(all > 30000 && all < 200000, `${page}: ${all} bytes`);
  }
});
