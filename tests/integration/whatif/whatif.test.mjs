// mynactl whatif on files: exact costs for every fleet size, and which contract is cheapest where.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {after, test} from 'node:test';
import {fileURLToPath} from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
const home = mkdtempSync(join(tmpdir(), 'myna-whatif-'));
after(() => rmSync(home, {recursive: true, force: true}));

let files = 0;
const file = (content) => {
  const path = join(home, `${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const contract = (id, charges, more = {}) => ({contract: id, vendor: 'v', currency: 'CNY', zone: 'Asia/Shanghai',
  term: {from: '2026-01-01', to: '2027-01-01'}, charges, ...more});
const run = (...words) => {
  const {status, stdout, stderr} = spawnSync(mynactl, ['whatif', ...words], {encoding: 'utf8', timeout: 30000,
    env: {...process.env, MYNACTL_CONFIG: join(home, 'none')}});
  return {status, stdout, stderr};
};
const compare = (contracts, profile, devices, ...more) => {
  const words = contracts.flatMap((document) => ['--contract', file(document)]);
  const {status, stdout, stderr} = run(...words, '--profile', file(profile), '--devices', devices, '--json', ...more);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
};
const intervals = ({cheapest}) => cheapest.map(({from, to, contracts}) => `${from}-${to} ${contracts.join('=')}`);

const TOKENS = {per: 'month', models: {m: {input_uncached: 1500000, output: 500000}}};
const ONE = {per: 'year', models: {m: {requests: 1}}};
const FLAT = contract('a', [{kind: 'flat', amount: '1200000', per: 'year'}]);
const TOKEN_CHARGES = [
  {kind: 'unit', metric: 'input_uncached', per: 'month', price: '0.8', unit: 1000000},
  {kind: 'unit', metric: 'output', per: 'month', price: '2', unit: 1000000},
];
const UNIT = contract('b', TOKEN_CHARGES);

test('D01 a flat fee is 120.00 for each of ten thousand, and the next is free', () => {
  const {at} = compare([FLAT], TOKENS, '0..20000', '--at', '10000').contracts[0];
  assert.deepEqual([at.cost, at.per_device, at.next_device], ['1200000.00', '120.00', '0']);
});

test('D02 a minimum of ten thousand terminals: 40.82 each for 7,350', () => {
  const terminals = contract('t', [{kind: 'unit', metric: 'active_devices', measured: 'peak', per: 'year', price: '30'}],
    {commitments: [{metric: 'spend', at_least: '300000', per: 'year', shortfall: {true_up: true}}]});
  const few = compare([terminals], ONE, '0..20000', '--at', '7350').contracts[0];
  assert.deepEqual([few.at.cost, few.at.unused_commitment, few.at.per_device, few.at.next_device],
    ['300000.00', '79500.00', '40.82', '0']);
  assert.deepEqual(few.segments.map(({from, to, fixed, per_device}) => [from, to, fixed, per_device]),
    [[0, 10000, '300000', '0'], [10001, 20000, '0', '30']]);
  assert.equal(compare([terminals], ONE, '0..20000', '--at', '12400').contracts[0].at.cost, '372000.00');
});

test('D03 tokens are cheaper than the flat fee up to 45,454 robots', () => {
  const answer = compare([FLAT, UNIT], TOKENS, '0..60000', '--at', '10000');
  assert.deepEqual(intervals(answer), ['0-45454 b', '45455-60000 a']);
  assert.deepEqual([answer.contracts[1].at.cost, answer.contracts[1].at.per_device], ['264000.00', '26.40']);
  assert.deepEqual(answer.contracts[1].sensitivity.map(({usage_percent, cost}) => [usage_percent, cost]),
    [[80, '211200.00'], [90, '237600.00'], [110, '290400.00'], [120, '316800.00']]);
  const edge = (n) => compare([UNIT], TOKENS, '0..60000', '--at', n).contracts[0].at.cost;
  assert.deepEqual([edge('45454'), edge('45455')], ['1199985.60', '1200012.00']);
});

test('D04 a commitment stops binding at 18,940 robots', () => {
  const floor = contract('c', TOKEN_CHARGES,
    {commitments: [{metric: 'spend', at_least: '500000', per: 'year', shortfall: {true_up: true}}]});
  const answer = compare([floor], TOKENS, '0..60000', '--at', '10000').contracts[0];
  assert.deepEqual([answer.at.cost, answer.at.unused_commitment], ['500000.00', '236000.00']);
  assert.deepEqual(answer.segments.map(({from}) => from), [0, 18940]);
});

test('D05 a platform fee with included tokens and overage', () => {
  const platform = contract('p', [{kind: 'flat', amount: '60000', per: 'year'},
    {kind: 'unit', metric: 'output', per: 'year', price: '3.00', unit: 1000000, included: 20000000000}]);
  const answer = compare([platform], {per: 'year', models: {m: {output: 2450000}}}, '0..20000', '--at', '10000').contracts[0];
  assert.equal(answer.at.cost, '73500.00');
  assert.deepEqual(answer.segments.map(({to}) => to), [8163, 20000]);
});

test('D06 the cheaper one changes three times, and ties once', () => {
  const flat = contract('a', [{kind: 'flat', amount: '85', per: 'term'}]);
  const volume = contract('b', [{kind: 'volume', metric: 'requests', per: 'term',
    tiers: [{up_to: 1000, price: '0.10'}, {price: '0.08'}]}]);
  assert.deepEqual(intervals(compare([flat, volume], ONE, '0..2000')),
    ['0-849 b', '850-850 a=b', '851-1000 a', '1001-1062 b', '1063-2000 a']);
});

test('contracts in another currency need a dated rate, and are compared unrounded', () => {
  const dollars = {...UNIT, contract: 'usd', currency: 'USD'};
  const words = ['--contract', file(FLAT), '--contract', file(dollars), '--profile', file(TOKENS), '--devices', '0..60000'];
  const refused = run(...words);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /CNY and USD.*--rate USD=/);
  const answer = compare([FLAT, dollars], TOKENS, '0..60000', '--rate', 'USD=7.1234@2026-11-01');
  assert.deepEqual(intervals(answer), ['0-6381 usd', '6382-60000 a']);
  assert.deepEqual([answer.currency, answer.rates], ['CNY', [{currency: 'USD', rate: '7.1234', date: '2026-11-01'}]]);
  assert.equal(answer.contracts[1].at.cost, '1584000.00', 'a bill stays in its own currency');
  assert.equal(answer.contracts[1].at.converted, '11283465.60');
  assert.match(run(...words, '--rate', 'USD=7.1234@2026-11-01').stdout, /USD = 11,283,465\.60 CNY\n/);
});

test('a contract that lacks a price is told and left out, unless another model stands in', () => {
  const mini = contract('mini', TOKEN_CHARGES.map((charge) => ({...charge, models: ['mini']})));
  const lacking = compare([FLAT, mini], TOKENS, '0..10');
  assert.deepEqual(lacking.contracts[1].unpriced, [{model: 'm', metric: 'input_uncached'}, {model: 'm', metric: 'output'}]);
  assert.deepEqual(intervals(lacking), ['0-10 a']);
  assert.deepEqual(intervals(compare([FLAT, mini], TOKENS, '0..10', '--as', 'm=mini')), ['0-10 mini']);
});

test('the demo\'s contracts: promises make the big vendor dear for a small fleet', () => {
  const demo = (name) => join(root, 'server/demo', `${name}.yaml`);
  const profile = file({per: 'month', models: {'dahan-chat': {input_uncached: 1500000, output: 500000}}});
  const json = (...words) => JSON.parse(run(...words, '--json').stdout);
  const answer = json('--contract', demo('dahan-2026'), '--contract', demo('erxian-2026'), '--as', 'dahan-chat=erxian-mini',
    '--profile', profile, '--devices', '0..100000', '--at', '200');
  assert.deepEqual(answer.contracts.map(({at}) => [at.cost, at.unused_commitment]),
    [['5942880.00', '2940000.00'], ['400000.00', '89920.00']]);
  assert.deepEqual(intervals(answer), ['0-92499 erxian-2026', '92500-92500 dahan-2026=erxian-2026', '92501-100000 dahan-2026']);
  const history = json('--contract', demo('changhe-2024'), '--profile', profile, '--devices', '0..10');
  assert.equal(history.contracts[0].at.cost, '25500000.00', 'tens of millions, one million, half a million');
});

const STEPS = contract('s', [{kind: 'package', metric: 'output', per: 'month', size: 1000000, price: '3'}]);
const ODD = {per: 'month', models: {m: {output: 512345}}};

test('packages that robots share are a segment for each step, and compared at every size', () => {
  const unit = contract('u', [{kind: 'unit', metric: 'output', per: 'month', price: '3.01', unit: 1000000}]);
  const answer = compare([STEPS, unit], ODD, '0..20000');
  const started = (n) => Math.ceil(n * 512345 / 1000000);
  for (const {from, to, fixed, per_device: each} of answer.contracts[0].segments)
    for (let n = from; n <= to; n++) assert.equal(Number(fixed) + n * Number(each), 36 * started(n));
  assert.equal(answer.contracts[0].segments.at(-1).to, 20000);
  assert.ok(answer.contracts[0].segments.length > 10000);
  let next = 0;
  for (const {from, to, contracts} of answer.cheapest) {
    assert.equal(from, next);
    for (let n = from; n <= to; n++) {
      const difference = started(n) * 1000000 * 300 - n * 512345 * 301;
      assert.deepEqual(contracts, difference < 0 ? ['s'] : difference > 0 ? ['u'] : ['s', 'u'], `${n}`);
    }
    next = to + 1;
  }
  assert.equal(next, 20001);
  const people = run('--contract', file(STEPS), '--contract', file(unit), '--profile', file(ODD), '--devices', '0..20000').stdout;
  assert.match(people, /4 - 20,000 +10,245 more steps of 36\n/);
  assert.match(people, /more intervals: --json tells each\n/);
  assert.ok(people.split('\n').length < 60);
  const crowd = run('--contract', file(STEPS), '--profile', file({per: 'day', models: ODD.models}), '--devices', '0..300').stdout;
  assert.match(crowd, /- 300 +\d+ more segments, [\d,.]+ to 168,321\.00; --json tells each\n/);
});

test('a contract that cannot be answered takes nothing from the others', () => {
  const answer = compare([STEPS, FLAT], ODD, '0..90000000', '--at', '10000');
  const [steps, flat] = answer.contracts;
  assert.deepEqual(steps.segments, []);
  assert.match(steps.no_segments, /narrower range/);
  assert.equal(steps.at.cost, '184464.00');
  assert.equal(flat.no_segments, undefined);
  assert.deepEqual([flat.segments.length, flat.at.cost, flat.sensitivity.length], [1, '1200000.00', 4]);
  assert.deepEqual(intervals(answer), ['0-90000000 a']);
  const huge = contract('h', [{kind: 'unit', metric: 'output', per: 'month', price: '99999999999999.999999999999'}]);
  const both = compare([huge, FLAT], ODD, '0..90000000');
  assert.match(both.contracts[0].no_cost, /does not fit|full/);
  assert.equal(both.contracts[0].at, undefined);
  assert.equal(both.contracts[1].at.cost, '1200000.00');
  const people = run('--contract', file(huge), '--contract', file(FLAT), '--profile', file(ODD), '--devices', '0..90000000');
  assert.equal(people.status, 0);
  assert.match(people.stdout, /A +no cost: /);
  assert.match(people.stdout, /0 - 90,000,000 +B a\n/);
});

test('people get a bar and the same intervals', () => {
  const {status, stdout} = run('--contract', file(FLAT), '--contract', file(UNIT), '--profile', file(TOKENS), '--devices', '0..60000');
  assert.equal(status, 0);
  assert.match(stdout, /\n {2}B{55}A{17}\n/);
  assert.match(stdout, /45,455 - 60,000 +A a\n/);
  assert.match(stdout, /0 - 60,000 +0\.00 {2}\+ 26\.4 each\n/);
});

test('a contract without a price for what robots use is told, and has no costs beside the others', () => {
  const partial = contract('p', [{...TOKEN_CHARGES[1], models: ['another']}]);
  const words = ['--profile', file(TOKENS), '--devices', '0..100'];
  const {stdout} = run('--contract', file(partial), '--contract', file(UNIT), ...words);
  assert.match(stdout, /A {2}p of v.*\n {5}has no price for output of m\n {5}and is left out;/);
  assert.deepEqual(stdout.split('\n').filter((line) => line.startsWith('A ')), ['A  p of v, CNY, 2026-01-01 - 2026-12-31']);
  assert.equal(stdout.split('\n').filter((line) => line.startsWith('B ')).length, 3, 'its terms, its costs, other loads');
  const alone = run('--contract', file(partial), ...words);
  assert.match(alone.stdout, /None of these contracts prices what the robots use/);
  assert.doesNotMatch(alone.stdout, /next robot|of it/);
});

test('what cannot be computed is refused with its cause and cure', () => {
  const good = {a: ['--contract', file(FLAT)], p: ['--profile', file(TOKENS)], d: ['--devices', '0..10']};
  const cases = [
    [[...good.p, ...good.d], /--contract FILE/, 2],
    [[...good.a, ...good.d], /--profile FILE or --from-usage/, 2],
    [[...good.a, ...good.p], /--devices LO\.\.HI/, 2],
    [[...good.a, ...good.p, '--devices', '9..1'], /--devices LO\.\.HI/, 2],
    [[...good.a, ...good.d, '--profile', file({per: 'month', models: {m: {poems: 1}}})], /json:1: models\/m\/poems: /],
    [[...good.a, ...good.d, '--profile', file({per: 'month', models: {m: {output: 1.5}}})], /json:1: models\/m\/output: /],
    [[...good.a, ...good.p, ...good.d, '--as', 'x=y'], /no model "x"/],
    [[...good.a, ...good.p, ...good.d, '--rate', 'USD=7'], /USD=7\.1234@2026-11-01/, 2],
    [[...good.p, ...good.d, '--contract', file({...FLAT, term: undefined})], /has no term.*--term/],
    [[...good.a, ...good.p, ...good.d, '--contract', file({...FLAT, term: {from: '2026-01-01', to: '2026-04-01'}})], /one length/],
    [[...good.a, ...good.d, '--from-usage', 'thirty'], /like 30d/, 2],
  ];
  for (const [words, expected, code = 1] of cases) {
    const {status, stderr} = run(...words);
    assert.equal(status, code, words.join(' '));
    assert.match(stderr, expected);
  }
  const open = run(...good.p, ...good.d, '--contract', file({...FLAT, term: undefined}), '--term', '2026-01-01..2027-01-01', '--json');
  assert.equal(JSON.parse(open.stdout).contracts[0].at.cost, '1200000.00');
});
