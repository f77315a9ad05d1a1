// What the server says, in other languages: each of its codes has a sentence there, which fills in
// nothing that the server does not give.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {cures, reasons, words} from '../../server/web/said.zh.js';

const server = resolve(dirname(fileURLToPath(import.meta.url)), '../../server');
const read = (name) => readFileSync(join(server, name), 'utf8');
const sorted = (all) => [...new Set(all)].sort();
// the members of a C table whose strings may go over several lines: [[kind, text]...]
const phrases = [...read('store/alert_words.c').split('phrases[] = {')[1].split('\n};')[0].matchAll(/\{"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}/g)]
  .map(([, kind, text]) => [kind, text.replaceAll(/"\s*"/g, '')]);
const gaps = (text) => sorted([...text.matchAll(/\{[+-]?([\w.]+)/g)].map(([, path]) => path));

globalThis.navigator ??= {languages: ['en']}; // of a browser
const {cureOf, fill, reasonOf, wordsOf} = await import('../../server/web/said.js');

test('each kind of alert has its sentence and its cure', () => {
  const kinds = [...read('store/alert_kinds.c').split('rows[] = {')[1].split('\n};')[0].matchAll(/^ {4}\{"([\w/]+)",/gm)].map(([, kind]) => kind);
  assert.ok(kinds.length > 25 && phrases.length > 25, `${kinds.length} ${phrases.length}`);
  assert.deepEqual(Object.keys(cures).sort(), sorted(kinds));
  assert.deepEqual(Object.keys(words).sort(), sorted(phrases.map(([kind]) => kind)));
});

test('a sentence fills in what the server\'s own does', () => {
  for (const [kind, text] of phrases) assert.deepEqual(gaps(words[kind]), gaps(text), kind);
});

test('each reason of why has its sentence, made of its parameters', () => {
  const source = read('fleet/why.c');
  const codes = [...source.matchAll(/add\(list, "(\w+)"/g), ...source.matchAll(/^ {8}\{"\w+", "(\w+)", "/gm), ...source.matchAll(/^ {8}\{"(\w+)", "it /gm)].map(([, code]) => code);
  assert.deepEqual(Object.keys(reasons).sort(), sorted(codes));
  const given = [...source.matchAll(/with_(?:number|text)\(list, "(\w+)"/g)].map(([, name]) => name);
  for (const [code, text] of Object.entries(reasons)) for (const gap of gaps(text)) assert.ok(given.includes(gap), `${code}: ${gap}`);
});

test('gaps are filled, and what lacks its filling is left out with its bracket', () => {
  const sentence = '[{rule.of} is at {seen.value}[ of {seen.limit}][, {seen.share%}]; ]at {rule.at}[. Done: {did}]{-threshold}';
  assert.equal(fill(sentence, {rule: {of: 'spend', at: '80%'}, seen: {value: '1234567.891', share: '0.8123'}, did: ['alert']}),
    'spend is at 1,234,567.89, 81.2%; at 80%');
  assert.equal(fill('[a {x}][b {y}{+z}]', {y: 2}), '');
  assert.equal(fill('[a {x}][b {y}{+z}]', {y: 2, z: 'q'}), 'b 2');
  assert.equal(fill('{seconds~}', {seconds: 7300}), '2 hours');
});

test('an alert and a reason are told in Chinese with their numbers', () => {
  const detail = {rule: {of: 'spend', at: '80%'}, seen: {value: '3000000', unit: 'CNY', limit: '3600000', share: '0.8333'}, did: ['alert', 'block'], threshold: 7};
  assert.equal(fill(words.threshold, detail), 'spend 已达 3,000,000 CNY，限额 3,600,000，占 83.3%；阈值为 80%。已执行：block');
  assert.equal(fill(reasons.trial_failed, {rollout: 'louder', reason: '401'}), '发布“louder”收回了它的更改：401');
  assert.equal(fill(reasons.trial_failed, {generation: 9, running: 8, reason: '401'}), '它自己试运行第 9 代失败，现运行第 8 代：401');
  assert.equal(fill(reasons.wave_not_open, {rollout: 'louder', cause: 'by_hand'}), '发布“louder”停住：下一波需人工启动');
});

test('who reads English reads the server\'s own sentences', () => {
  const alert = {kind: 'threshold', subject: 'budget/b', words: 'Spend is at 1.', cure: 'Look.', detail: {}};
  assert.deepEqual([wordsOf(alert), cureOf(alert), reasonOf({code: 'retired', text: 'it is retired', parameters: {}})], ['Spend is at 1.', 'Look.', 'it is retired']);
});
