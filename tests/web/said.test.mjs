// What the server says, in other languages: each of its codes has a sentence there, which fills in
// nothing that the server does not give.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {cures, parts, reasons, told, words} from '../../server/web/said.zh.js';
import {sentences} from './sentences.mjs';
import {english} from './texts.mjs';

const server = resolve(dirname(fileURLToPath(import.meta.url)), '../../server');
const read = (name) => readFileSync(join(server, name), 'utf8');
const sorted = (all) => [...new Set(all)].sort();
// the members of a C table whose strings may go over several lines: [[kind, text]...]
const phrases = [...read('store/alert_words.c').split('phrases[] = {')[1].split('\n};')[0].matchAll(/\{"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}/g)]
  .map(([, kind, text]) => [kind, text.replaceAll(/"\s*"/g, '')]);
const gaps = (text) => sorted([...text.matchAll(/\{[+-]?([\w.]+)/g)].map(([, path]) => path));

globalThis.navigator ??= {languages: ['en']}; // of a browser
const {cureOf, fill, reasonOf, wordsOf} = await import('../../server/web/said.js');
const {sumExact} = await import('../../server/web/format.js');

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
  assert.equal(fill(reasons.unanswered, {generation: 9, sends: 1}), '第 9 代已发送，它尚未应答');
  assert.equal(fill(reasons.wave_not_open, {rollout: 'louder', cause: 'by_hand'}), '发布“louder”停住：下一波需人工启动');
});

const places = (text) => sorted([...text.matchAll(/\{(\d)\}/g)].map(([, n]) => Number(n)));

test('each sentence that the server\'s source holds for operators is told in Chinese, and no other', () => {
  const said = sentences();
  assert.ok(said.length > 600, `${said.length} sentences`);
  for (const known of ['server/money/contract_tier.c', 'server/store/preflight_money.c', 'server/jobs/rollout_look.c', 'server/money/comparison.c', 'server/bus/hearing.c', 'schema/wire/setting.c']) {
    assert.ok(said.some(([file]) => file === known), `nothing of ${known}`);
  }
  assert.deepEqual(said.filter(([, text]) => !(text in told)), []);
  const texts = new Set(said.map(([, text]) => text));
  assert.deepEqual(Object.keys(told).filter((text) => !texts.has(text)), []);
});

test('a sentence told in Chinese is Chinese, and fills in only what stands in the English one', () => {
  for (const [english, text] of Object.entries({...told, ...parts})) {
    assert.ok(/\p{Script=Han}/u.test(text) || !/[a-z]{3}/.test(text.replace('Idempotency-Key', '')), english);
    const gaps = english.split('{}').length - 1 + english.startsWith(' ') + english.endsWith(' ');
    for (const place of places(text)) assert.ok(place >= 1 && place <= gaps, `${english}: {${place}}`);
  }
});

test('who reads English reads the server\'s own sentences', () => {
  const alert = {kind: 'threshold', subject: 'budget/b', words: 'Spend is at 1.', cure: 'Look.', detail: {}};
  assert.deepEqual([wordsOf(alert), cureOf(alert), reasonOf({code: 'retired', text: 'it is retired', parameters: {}})], ['Spend is at 1.', 'Look.', 'it is retired']);
});

// said.js in Chinese is another module than the one above, so it runs in a program of its own.
const inChinese = (said) => JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', `globalThis.navigator = {languages: ['zh-CN']};
  const {tell, wordsOf} = await import(${JSON.stringify(new URL('../../server/web/said.js', import.meta.url).href)});
  console.log(JSON.stringify([...${JSON.stringify(said)}.map(tell),
    wordsOf({kind: 'rollout_red', subject: 'rollout/x', words: 'Wave 2.', detail: {wave: 2, problem: ${JSON.stringify(said[0])}}})]));`], {encoding: 'utf8'}));

test('refusals, findings and reasons are recognised with their numbers and names, also within each other', () => {
  const pairs = {
    'first token: +24.0 % (at least +18.1 %, at most +30.2 %), +20.0 % is allowed': '首个词元：+24.0 %（最少 +18.1 %，最多 +30.2 %），允许 +20.0 %',
    'rollout "a" has 3 of its robots, rollout "b" changes the same layer: wait for that, or write "queue": true into the plan and it waits by itself':
      '发布“a”占用其中 3 台机器人，发布“b”更改同一设置层：请等待，或在计划中写 "queue": true，它会自行等待',
    'at character 31: expected a time like 90s, 15m, 2h, 3d or 1w': '第 31 个字符处：此处应为时长，例如 90s、15m、2h、3d 或 1w',
    'there is no group "text"': '没有分组“text”', // a name stays a name
    'a level has no sum: peak, average, last or ever': '水平量没有总和：peak、average、last 或 ever',
    'is missing (as amendments/0 leaves it)': '缺少（经 amendments/0 修订后）',
    'the contracts cannot be compared: contract a runs 30 days and b 31; only terms of one length can be compared': '这些合同无法比较：合同 a 为 30 天，b 为 31 天；只能比较期限相同的合同',
    'not heard since 2026-01-01T00:00:00Z': '最后一次联系：2026-01-01T00:00:00Z',
    'commitment "terminals" of "dahan" falls short by 12 devices: 3600.00 CNY more than if nobody moved': '“dahan”的承诺“terminals”将差 12 devices：比无人迁移多付 3600.00 CNY',
    'net: dahan/dahan-chat: the voice made no sound of the answer': '网络：dahan/dahan-chat：语音没有读出回答',
    'this robot\'s limit_mode allows no vendor': '此机器人的 limit_mode 不允许任何供应商',
    'no answer: failed': '没有回答：失败',
    'first token after 412 ms': '412 毫秒后收到首个词元',
    'what a vendor says, in its own words: quota': 'what a vendor says, in its own words: quota',
  };
  const said = inChinese(Object.keys(pairs));
  assert.deepEqual(said.slice(0, -1), Object.values(pairs));
  assert.equal(said.at(-1), `第 2 波：${Object.values(pairs)[0]}`);
});

// What the audit may name, read out of the statements that append to it: {action: files}. computed: where
// the name comes as a parameter or is put together.
function audited() {
  const folder = (root, fits) => readdirSync(root, {recursive: true}).map(String).filter(fits).map((name) => [name, readFileSync(join(root, name), 'utf8').replaceAll(/"\s*"/g, '')]);
  const files = [...folder(server, (name) => /\.[ch]$/.test(name) && !name.startsWith('ctl/')), ...folder(join(server, '../migrations'), (name) => name.endsWith('.sql'))];
  const areas = Object.keys(english).filter((key) => key.startsWith('audit_action.')).map((key) => key.split('.')[1]).join('|');
  const actions = new Set();
  const computed = new Set();
  for (const [name, text] of files) {
    for (const [, third] of text.matchAll(/audit_append\((?:[^,()]|\([^()]*\))+,(?:[^,()]|\([^()]*\))+,\s*((?:[^,()]|\([^()]*\))+)/g)) {
      const literals = [...third.matchAll(/(?:^|THEN |ELSE )'([a-z_]+(?:\.[a-z_]+)?)'/g)].map(([, action]) => action);
      for (const action of literals) actions.add(action);
      if (literals.length === 0 && !/^action\b/.test(third)) computed.add(name);
    }
    if (!name.endsWith('.sql')) for (const [, action] of text.matchAll(new RegExp(`['"]((?:${areas})\\.[a-z_]+)['"]`, 'g'))) actions.add(action);
  }
  return {actions, computed};
}

const listed = (text, name) => [...text.split(`${name}[] = {`)[1].split('};')[0].matchAll(/"([\w-]+)"/g)].map(([, one]) => one);

test('each action that the audit names, and each area of them, has a text, and no other', () => {
  const {actions, computed} = audited();
  // by these places an action is put together, or one of the words above is handed on
  assert.deepEqual([...computed].sort(), ['store/alerts.c', 'store/authorities.c', 'store/device_ends.c', 'store/drains.c', 'store/regions.c', 'store/rollout_members.c',
    'store/rollout_steps.c', 'store/thresholds.c', 'store/vendor_keys.c']);
  for (const [, verb] of read('store/alerts.c').matchAll(/TELL_AND_SHOW\("(\w+)"/g)) actions.add(`alert.${verb}`);
  for (const event of listed(read('fleet/rollout.c'), 'event_names')) if (event !== 'nothing') actions.add(`rollout.${event}`);
  for (const ca of read('store/authorities.c').matchAll(/"(\w+)-ca"/g)) for (const verb of ['create', 'rotate', 'retire']) actions.add(`${ca[1]}_ca.${verb}`);
  const told = (kind) => Object.keys(english).filter((key) => key.startsWith(`${kind}.`)).map((key) => key.slice(kind.length + 1)).sort();
  assert.deepEqual(told('audited'), sorted(actions));
  assert.deepEqual(told('audit_action'), sorted([...actions].map((action) => action.split('.')[0])));
});

test('decimals of the server are added up without going through a floating point number', () => {
  assert.equal(sumExact(['0.1', '0.2']), '0.3');
  assert.equal(sumExact(['12345678901234567890.000000000001', '0.000000000009', '-1']), '12345678901234567889.000000000010');
  assert.deepEqual([sumExact(['-0.5', '0.25']), sumExact([]), sumExact(['7', '8'])], ['-0.25', '0', '15']);
});
