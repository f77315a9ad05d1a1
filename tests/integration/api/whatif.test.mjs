// What-if: contracts that there are and contracts that one imagines, over every size of the fleet.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

const TERM = {from: '2026-01-01', to: '2027-01-01'};
const contract = (id, charges, more = {}) =>
  ({contract: id, vendor: 'v', currency: 'CNY', zone: 'Asia/Shanghai', term: TERM, charges, ...more});
const FEE = contract('fee', [{kind: 'flat', amount: '120000', per: 'term'}]);
const EACH = contract('each', [{kind: 'unit', metric: 'requests', per: 'month', price: '1'}]);
const ONE = {per: 'month', models: {m: {requests: 1}}}; // 12 in the term

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  await admin.post('/vendors', {id: 'v', base_url: 'https://vendor.example/v1', key: 'k'});
  assert.equal((await admin.post('/contracts', FEE)).status, 201);
});

after(() => stack?.end());

const ask = (changes = {}) => admin.post('/whatif', {
  contracts: [{contract: 'fee'}, {document: EACH}], devices: {from: 0, to: 20000}, at: 12000, profile: ONE, ...changes});

test('a contract that is kept and one that is imagined cross where their exact costs do', async () => {
  const {status, body} = await ask();
  assert.equal(status, 200);
  assert.deepEqual(body.cheapest.map(({from, to, contracts, places}) => [from, to, contracts, places]),
    [[0, 9999, ['each'], [1]], [10000, 10000, ['fee', 'each'], [0, 1]], [10001, 20000, ['fee'], [0]]]);
  assert.deepEqual(body.contracts.map(({at}) => [at.cost, at.next_device]), [['120000.00', '0'], ['144000.00', '12']]);
  assert.deepEqual(body.contracts[1].segments, [{from: 0, to: 20000, fixed: '0', per_device: '12'}]);
  const points = Object.fromEntries(body.contracts[1].points);
  assert.deepEqual([points[0], points[10000], points[20000]], ['0.00', '120000.00', '240000.00']);
});

test('an imagined contract is kept nowhere', async () => {
  await ask();
  assert.deepEqual((await admin.get('/contracts')).body.items.map(({id}) => id), ['fee']);
});

test('the arithmetic behind the chosen size and the costs under other loads come when they are asked for', async () => {
  const plain = (await ask()).body.contracts[1];
  assert.deepEqual([plain.at.lines, plain.loads], [undefined, undefined]);
  const {body} = await ask({lines: true, loads: true});
  const {at, loads} = body.contracts[1];
  assert.equal(at.lines.length, 12);
  assert.deepEqual([at.lines[0].metric, at.lines[0].quantity, at.lines[0].amount], ['requests', '12000', '12000.00']);
  assert.deepEqual(at.lines[0].steps, [{kind: 'units', metric: 'requests', quantity: '12000', price: '1', amount: '12000'}]);
  assert.deepEqual([loads.length, loads[0], loads[10], loads[20]], [21, [0, '0.00'], [100, '144000.00'], [200, '288000.00']]);
  assert.equal(body.contracts[0].loads[20][1], '120000.00');
});

test('half the usage moves the crossing to twice the robots', async () => {
  const {body} = await ask({load_percent: 50, devices: {from: 0, to: 30000}});
  assert.deepEqual(body.cheapest.map(({from, to}) => [from, to]), [[0, 19999], [20000, 20000], [20001, 30000]]);
});

test('what a contract does not price is told, and another model is asked of this contract alone', async () => {
  const other = contract('other', [{kind: 'unit', metric: 'output', models: ['n'], per: 'month', price: '2'}]);
  const profile = {per: 'month', models: {m: {output: 1}}};
  const gap = (await ask({contracts: [{contract: 'fee'}, {document: other}], profile})).body;
  assert.deepEqual(gap.contracts[1].unpriced, [{model: 'm', metric: 'output'}]);
  assert.deepEqual(gap.cheapest, [{from: 0, to: 20000, contracts: ['fee'], places: [0]}]);
  const {body} = await ask({contracts: [{contract: 'fee'}, {document: other, as: {m: 'n'}}], profile});
  assert.deepEqual(body.contracts[1].unpriced, []);
  assert.deepEqual(body.cheapest.map(({from}) => from), [0, 5000, 5001]);
});

test('a version that comes later counts in a contract that is kept', async () => {
  const dearer = contract('fee', [{kind: 'flat', amount: '240000', per: 'term'}]);
  await admin.post('/contracts/fee/versions', {effective_from: '2026-07-01T00:00:00+08:00', document: dearer});
  const [{at}] = (await ask()).body.contracts;
  assert.ok(Number(at.cost) > 120000 && Number(at.cost) < 240000, at.cost);
});

test('steps too many to be told in time leave a contract uncompared, but drawn', async () => {
  const steps = contract('steps', [{kind: 'package', metric: 'output', per: 'month', size: 1000000, price: '3.00'}]);
  const {body} = await ask({contracts: [{document: steps}, {document: EACH}], devices: {from: 0, to: 60000},
    profile: {per: 'day', models: {m: {output: '10618.230769', requests: 3}}}});
  assert.match(body.contracts[0].no_segments, /too many steps/);
  assert.ok(body.contracts[0].points.length > 100 && Number(body.contracts[0].points.at(-1)[1]) > 0);
  assert.deepEqual(body.cheapest.map(({contracts}) => contracts), [['each']]);
});

test('usage can be measured; without any the question says what to do', async () => {
  const {status, body} = await ask({profile: undefined, days: 30});
  assert.equal(status, 422);
  assert.deepEqual(body.errors, [{pointer: '/days', detail: 'no robot used anything in these days: bring a profile'}]);
  await stack.sql(`INSERT INTO myna.usage SELECT 'r1', '11111111-1111-4111-8111-111111111111', 1, now(), now(),
    gen_random_uuid(), 1, 'v', 'm', 'm', 'fee', 1, '', 1, 1, 0, 900, 120, 300, false, 3, 100, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 'CNY'`);
  const measured = (await ask({profile: undefined, days: 30})).body;
  assert.deepEqual([measured.profile.source, measured.profile.per, measured.profile.usage], ['measured', 'day', [{model: 'm', metrics: {requests: '2'}}]]);
});

test('contracts in two currencies need a dated rate', async () => {
  const dollars = {...EACH, contract: 'dollars', currency: 'USD'};
  const contracts = [{document: EACH}, {document: dollars}];
  const {status, body} = await ask({contracts});
  assert.deepEqual([status, body.errors[0].pointer], [422, '/rates']);
  const rated = (await ask({contracts, rates: [{currency: 'USD', rate: '7', date: '2026-11-01'}]})).body;
  assert.deepEqual([rated.currency, rated.contracts[1].at.cost, rated.contracts[1].at.converted], ['CNY', '144000.00', '1008000.00']);
});

test('what is asked wrongly is told by its place', async () => {
  for (const [changes, pointer] of [[{contracts: []}, '/contracts'], [{contracts: [{contract: 'none'}]}, '/contracts/0'],
    [{contracts: [{contract: 'fee'}, {document: {...EACH, charges: [{kind: 'unit', metric: 'requests', price: 'x'}]}}]}, '/contracts/1/document/charges/0/price'],
    [{devices: {from: 5, to: 4}}, '/devices/to'], [{at: -1}, '/at'], [{days: 30}, '/days'], [{load_percent: 0}, '/load_percent'],
    [{profile: {per: 'day', models: {m: {colour: 1}}}}, '/profile/models/m/colour'], [{rates: [{}]}, '/rates/0'],
    [{term: {from: '2026-01-01', to: '2025-01-01'}}, '/term/to'], [{colour: 1}, '/colour'],
    [{contracts: [{document: {...EACH, term: undefined}}]}, '/contracts/0'],
    [{contracts: [{document: EACH}, {document: {...EACH, term: {from: '2026-01-01', to: '2026-04-01'}}}]}, '/contracts']]) {
    const {status, body} = await ask(changes);
    assert.equal(status, 422, JSON.stringify(changes));
    assert.equal(body.errors[0].pointer, pointer);
  }
});
