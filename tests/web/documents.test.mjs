// A contract's document as the dashboard reads and writes it: what mynactl reads, with its places.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

globalThis.navigator ??= {languages: ['en']}; // the texts ask for it
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
await (await import(`${root}/server/web/text.js`)).bring('contracts', 'money'); // as its pages do
const {Fault, readDocument, writeDocument} = await import(`${root}/server/web/pages/contract/document.js`);
const {compare, pricesOf, rowsOf, stageNow, stagesOf} = await import(`${root}/server/web/pages/contract/terms.js`);

const demos = readdirSync(join(root, 'server/demo')).filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(join(root, 'server/demo', name), 'utf8'));
const examples = [...readFileSync(join(root, 'schema/CONTRACT.md'), 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text);

test('what is written reads as it was', () => {
  assert.ok(demos.length >= 4);
  for (const text of demos) {
    const {value} = readDocument(text);
    assert.deepEqual(readDocument(writeDocument(value)).value, value);
    assert.deepEqual(readDocument(JSON.stringify(value, null, 2)).value, value, 'JSON is read, too');
  }
});

test('the examples of the contract\'s reference are read', () => {
  assert.ok(examples.length > 3);
  for (const text of examples) readDocument(text.startsWith('-') ? `charges:\n${text}` : text);
});

test('amounts stay texts, whole numbers become numbers, quotes keep what they hold', () => {
  const {value} = readDocument('a: 0.80\nb: 20000000000\nc: "7"\nd: 9007199254740993\ne: true\nf: ~\ng: 2026-01-01\nh: it\'s # a comment\ni: \'don\'\'t\'\nj: [1, x y, {k: l}]\n');
  assert.deepEqual(value, {a: '0.80', b: 20000000000, c: '7', d: '9007199254740993', e: true, f: null, g: '2026-01-01', h: 'it\'s', i: 'don\'t', j: [1, 'x y', {k: 'l'}]});
});

test('a part of the document is found by its pointer, one that is missing by what is around it', () => {
  const text = 'contract: c\ncharges:\n  - {kind: flat, amount: "1"}\n  - kind: unit\n    price: "2"\n';
  const {placeOf} = readDocument(text);
  const found = (pointer) => [placeOf(pointer).line, text.slice(placeOf(pointer).from, placeOf(pointer).to).trim()];
  assert.deepEqual(found('/charges/0/amount'), [3, 'amount: "1"']);
  assert.deepEqual(found('/charges/1/price'), [5, 'price: "2"']);
  assert.deepEqual(found('/charges/0/per'), [3, '- {kind: flat, amount: "1"}']);
  assert.deepEqual(found('/vendor'), [1, 'contract: c']);
});

test('a mistake of the text tells its line', () => {
  const wrong = {'a: 1\n b: 2': 2, 'a: [1, 2': 1, 'a: [1, 2\nb: 3': 2, 'a: "x\n': 1, 'a: 1\nb: 2\na: 3': 3, '- a': 1, 'a: {b: 1 c: 2}': 1, 'a:\n\t- b': 2,
    'a: &x 1': 1, 'a: b: c': 1, '': 1, 'a: 1\nb': 2, 'a: [1] x': 1, 'a:\n  - b\n c: d': 3, 'a: {b}': 1, 'a: |\n  text': 1};
  for (const [text, line] of Object.entries(wrong)) {
    assert.throws(() => readDocument(text), (fault) => fault instanceof Fault && fault.line === line, JSON.stringify(text));
  }
});

const version = (n, from, document) => ({version: n, effective_from: from, created_by: 'operator:a', created_at: from, document});
const fee = (amount) => [{name: 'fee', kind: 'flat', amount, per: 'term'}];

test('an amendment holds from its day until the next version voids what it had planned', () => {
  const contract = {zone: 'UTC', versions: [version(2, '2026-03-01T00:00:00Z', {charges: fee('3')}),
    version(1, '2026-01-01T00:00:00Z', {charges: fee('1'), caps: [{metric: 'requests', at_most: 5}],
      amendments: [{effective_from: '2026-02-01', charges: fee('2')}, {effective_from: '2026-04-01', charges: fee('9')}]})]};
  const stages = stagesOf(contract);
  assert.deepEqual(stages.map(({id, terms}) => [id, terms.charges[0].amount, terms.caps?.length]), [['1', '1', 1], ['1@2026-02-01', '2', 1], ['2', '3', undefined]]);
  assert.equal(stageNow(stages, Date.parse('2026-02-10T00:00:00Z')).id, '1@2026-02-01');
});

test('a later document brings the amendments that are in force already', () => {
  const document = {charges: fee('1'), amendments: [{effective_from: '2026-02-01', charges: fee('2')}, {effective_from: '2026-06-01', charges: fee('3')}]};
  const stages = stagesOf({zone: 'UTC', versions: [version(2, '2026-04-01T08:00:00Z', document), version(1, '2026-01-01T00:00:00Z', document)]});
  assert.deepEqual(stages.map(({id, terms}) => [id, terms.charges[0].amount]), [['1', '1'], ['1@2026-02-01', '2'], ['2', '2'], ['2@2026-06-01', '3']]);
  const prices = pricesOf({zone: 'UTC', versions: [version(1, '2026-01-01T00:00:00Z', document)]});
  assert.deepEqual(prices.map(({name, from, says, first}) => [name, from, says, first]),
    [['fee', 'Jan 1, 2026', '1', true], ['fee', 'Feb 1, 2026', '2', false], ['fee', 'Jun 1, 2026', '3', false]]);
});

test('two terms are compared member by member, an entry by its name wherever it stands', () => {
  const changes = compare({charges: [...fee('1'), {kind: 'unit', metric: 'output', price: '2'}]}, {charges: [{kind: 'unit', metric: 'output', price: '3'}, ...fee('1')],
    caps: [{name: 'most', metric: 'requests', at_most: 5}]}).filter(({change}) => change);
  assert.deepEqual(changes.map(({section, member, old, now}) => [section, member, old, now]),
    [['charges', 'price', '2', '3'], ['caps', 'metric', undefined, 'Requests'], ['caps', 'at_most', undefined, '5']]);
  assert.equal(new Set(rowsOf({caps: [{metric: 'requests', at_most: 1}, {metric: 'requests', at_most: 2}]}).map(({key}) => key)).size, 4);
});
