// Budgets, plans, pools, write-offs: what caps the fleet, and what is told of it.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const order = {id: 'b1', scope: 'fleet', metric: 'output', at_most: '1000', per: 'day', zone: 'Asia/Shanghai'};
const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;

test('a budget has its pool at once, and robots get lines that it binds', async () => {
  const before = await generation('r1');
  const {status, body} = await admin.post('/budgets', order);
  assert.equal(status, 201);
  assert.equal(body.pool.source, 'budget:b1');
  assert.equal(body.pool.limit, '1000');
  assert.deepEqual([body.pool.spent, body.pool.outstanding, body.pool.over], ['0', '0', false]);
  assert.ok(body.pool.period.from.startsWith(new Date(Date.parse(body.pool.period.from)).toISOString().slice(0, 10)));
  assert.equal(Date.parse(body.pool.period.to) - Date.parse(body.pool.period.from), 86400000);
  assert.ok(await generation('r1') > before);
  const {body: pools} = await admin.get('/pools?open=true&source=budget:b1');
  assert.equal(pools.items.length, 1);
});

test('moving a limit changes no line, and the pool follows in the same answer', async () => {
  const before = await generation('r1');
  const {headers} = await admin.get('/budgets/b1');
  const {status, body} = await admin.patch('/budgets/b1', {at_most: '20.5'}, {'If-Match': headers.etag});
  assert.equal(status, 200);
  assert.equal(body.pool.limit, '20.5');
  assert.equal(await generation('r1'), before);
  assert.equal((await admin.patch('/budgets/b1', {at_most: '1'}, {'If-Match': headers.etag})).status, 412);
});

test('whoever sets a limit in which robots can hardly answer is warned, and told what helps', async () => {
  const tight = {...order, id: 'tight', at_most: '300'};
  const made = await admin.post('/budgets', tight);
  assert.equal(made.status, 201);
  assert.match(made.body.warnings[0], /cut short: one may take up to 400 output/);
  const smaller = await admin.patch('/budgets/tight', {at_most: '31'});
  assert.match(smaller.body.warnings[0], /no robot can answer .* takes 32 output; raise it/);
  assert.equal((await admin.patch('/budgets/tight', {at_most: '400'})).body.warnings, undefined);
  assert.equal((await admin.patch('/budgets/tight', {at_most: '31', hard: false})).body.warnings, undefined);
  assert.equal((await admin.get('/budgets/tight')).body.warnings, undefined);
  const plan = await admin.put('/devices/r1/plan', {metric: 'output', at_most: '20', per: 'month'});
  assert.match(plan.body.warnings[0], /no robot can answer/);
  assert.equal((await admin.remove('/budgets/tight')).status, 204);
  assert.equal((await admin.remove('/budgets/plan-r1')).status, 204);
});

test('what makes no sense is refused by its member', async () => {
  const refused = async (change, pointer) => {
    const {status, body} = await admin.post('/budgets', {...order, id: 'bad', ...change});
    assert.ok([400, 422].includes(status), `${status}`);
    assert.equal(body.errors[0].pointer, pointer);
  };
  await refused({metric: 'outputs'}, '/metric');
  await refused({at_most: '-1'}, '/at_most');
  await refused({at_most: 'many'}, '/at_most');
  await refused({metric: 'spend'}, '/currency');
  await refused({currency: 'CNY'}, '/currency');
  await refused({subject: 'r1'}, '/subject');
  await refused({scope: 'device'}, '/subject');
  await refused({scope: 'device', subject: 'nobody'}, '/subject');
  await refused({zone: 'Mars/Base'}, '/zone');
  await refused({models: []}, '/models');
  assert.equal((await admin.post('/budgets', order)).status, 409);
});

test('money must be of a currency in which a contract that it covers is billed', async () => {
  const money = {...order, metric: 'spend', at_most: '5'};
  assert.equal((await admin.post('/vendors', {id: 'dahan', base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
  assert.equal((await admin.post('/vendors', {id: 'other', base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
  assert.equal((await admin.post('/budgets', {...money, id: 'early', currency: 'EUR'})).status, 201, 'there is no contract yet');
  for (const [contract, vendor, currency] of [['in-yuan', 'dahan', 'CNY'], ['in-dollars', 'other', 'USD']])
    assert.equal((await admin.post('/contracts', {contract, vendor, currency, zone: 'UTC', charges: [{kind: 'unit', metric: 'output', price: '1'}]})).status, 201);
  const refused = async (currency, words, more = {}) => {
    const {status, body} = await admin.post('/budgets', {...money, id: 'bad', currency, ...more});
    assert.deepEqual([status, body.errors[0].pointer], [400, '/currency']);
    assert.match(body.errors[0].detail, words);
  };
  await refused('EUR', /they are in CNY, USD$/);
  await refused('USD', /they are in CNY$/, {scope: 'vendor', subject: 'dahan'});
  await refused('CNY', /they are in USD$/, {scope: 'contract', subject: 'in-dollars'});
  await refused('XYZ', /ISO 4217/);
  assert.equal((await admin.get('/budgets/bad')).status, 404);
  for (const [id, currency] of [['yuan', 'CNY'], ['dollars', 'USD']])
    assert.equal((await admin.post('/budgets', {...money, id, currency})).status, 201);
  const plan = await admin.put('/devices/r1/plan', {metric: 'spend', currency: 'EUR', at_most: '5', per: 'month'});
  assert.deepEqual([plan.status, plan.body.errors[0].pointer], [400, '/currency']);
  for (const id of ['early', 'yuan', 'dollars']) assert.equal((await admin.remove(`/budgets/${id}`)).status, 204);
});

test('hard limits in more units than a line has measures are refused', async () => {
  const made = [];
  for (const metric of ['requests', 'input', 'tokens']) {
    const {status} = await admin.post('/budgets', {...order, id: metric, metric});
    assert.equal(status, 201);
    made.push(metric);
  }
  const {status, body} = await admin.post('/budgets', {...order, id: 'one-more', metric: 'reasoning'});
  assert.equal(status, 409);
  assert.match(body.detail, /more than 4/);
  assert.equal((await admin.post('/budgets', {...order, id: 'counted', metric: 'reasoning', hard: false})).status, 201);
  for (const id of [...made, 'counted']) assert.equal((await admin.remove(`/budgets/${id}`)).status, 204);
});

test('a shop sets a plan, and sets it again', async () => {
  const put = (plan) => admin.put('/devices/r2/plan', plan);
  const {status, body} = await put({metric: 'output', at_most: '200000', per: 'month'});
  assert.equal(status, 200);
  assert.deepEqual([body.id, body.scope, body.subject, body.at_most], ['plan-r2', 'device', 'r2', '200000']);
  assert.equal((await put({metric: 'output', at_most: '300000', per: 'month'})).body.pool.limit, '300000');
  assert.equal((await put({metric: 'requests', at_most: '30', per: 'day'})).body.pool.unit, 'requests');
  assert.equal((await admin.get('/pools?subject=r2&open=true')).body.items.length, 1);
  assert.equal((await admin.put('/devices/nobody/plan', {metric: 'output', at_most: '1', per: 'day'})).status, 404);
});

test('writing off a robot that holds nothing charges nothing, and is audited', async () => {
  const {status, body} = await admin.post('/devices/r1/credit-write-off');
  assert.equal(status, 200);
  assert.deepEqual(body, {device: 'r1', charged: []});
  assert.equal((await admin.post('/devices/nobody/credit-write-off')).status, 404);
  const {body: audit} = await admin.get('/audit?subject=device/r1');
  assert.equal(audit.items[0].action, 'credit.write_off');
});

// An account as grants keep it, of pools; what it holds is what it was granted, or presumed to be.
const account = (device, line, granted, pools, more = {}) => {
  const {presumed = 0, settled = 0, model = 'm'} = more;
  return stack.sql(`INSERT INTO myna.credit_account (device_id, journal_id, line_id, measure, epoch, vendor_id, model, contract_id, unit,
      weights, divisor, granted, returned, settled, charged, return_to, asked, presumed, used, open, wanted, resting, used_at, is_closed, pools)
    SELECT '${device}', gen_random_uuid(), '${line}', 0, epoch, 'dahan', '${model}', 'none', 'output', '{}', 1, ${granted}, 0, ${settled}, 0, 0, 0,
      ${presumed}, 0, 0, 0, -1, now(), false, '{${pools}}' FROM myna.credit_revision;
    UPDATE myna.pool SET outstanding = outstanding + greatest(${granted} - ${settled}, ${presumed}) WHERE pool_id IN (${pools})`);
};

test('who holds the credit that is out of a pool is told robot by robot, and adds up to it', async () => {
  const {pool: {pool, source}} = (await admin.get('/budgets/b1')).body;
  await account('r1', 'l1', 30, pool, {settled: 10});
  await account('r1', 'l2', 5, pool, {model: 'n'});
  await account('r2', 'l1', 0, pool, {presumed: 40});
  await account('r2', 'l9', 7, pool, {settled: 7});
  const {body} = await admin.get(`/pools/${pool}/holders`);
  assert.deepEqual([body.pool.source, body.pool.outstanding, body.robots, body.next], [source, '65', 2, null]);
  assert.deepEqual(body.items.map(({device, outstanding, lines}) => [device, outstanding, lines.map((line) => [line.line, line.outstanding, line.presumed, line.route.model])]), [
    ['r2', '40', [['l1', '40', true, 'm']]], ['r1', '25', [['l1', '20', false, 'm'], ['l2', '5', false, 'n']]]], 'who holds most comes first');
  const first = (await admin.get(`/pools/${pool}/holders?limit=1`)).body;
  assert.deepEqual([first.items.length, first.next], [1, '40,r2']);
  const second = (await admin.get(`/pools/${pool}/holders?limit=1&after=${first.next}`)).body;
  assert.deepEqual([second.items.map(({device}) => device), second.next], [['r1'], null]);
  for (const wrong of ['x', '40', '40,', ',r1']) assert.equal((await admin.get(`/pools/${pool}/holders?after=${wrong}`)).body.errors[0].pointer, '?after');
  assert.equal((await admin.get('/pools/999999/holders')).status, 404);
  const {body: {key}} = await admin.post('/api-keys', {name: 'ctl', role: 'viewer'});
  const {stdout} = await promisify(execFile)(process.env.MYNACTL, ['pool', 'holders', String(pool)],
    {env: {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key}});
  assert.match(stdout, /65 output held by 2 robots[^]*r2 +40 [^]*r1 +25 [^]* 5 +dahan +n/);
  await stack.sql(`DELETE FROM myna.credit_account; UPDATE myna.pool SET outstanding = 0 WHERE pool_id = ${pool}`);
});

test('a deleted budget lifts its limit', async () => {
  const before = await generation('r1');
  assert.equal((await admin.remove('/budgets/b1')).status, 204);
  assert.equal((await admin.get('/pools?open=true&source=budget:b1')).body.items.length, 0);
  assert.ok(await generation('r1') > before);
  assert.equal((await admin.get('/budgets/b1')).status, 404);
});

test('I2: what a contract charges whatever robots ask leaves no room in its caps on spend', async () => {
  const contract = (fee) => ({contract: 'with-fee', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: '2020-01-01', to: '2050-01-01'},
    charges: [{name: 'fee', kind: 'flat', amount: fee, per: 'month'}, {name: 'film', kind: 'unit', metric: 'video_ms', price: '1', per: 'month'}],
    caps: [{name: 'all', metric: 'spend', at_most: '1000', per: 'month', hard: true}, {name: 'reel', metric: 'spend', at_most: '1000', per: 'month', models: ['reel'], hard: true}]});
  const pools = async () => (await admin.get('/pools?open=true&subject=with-fee')).body.items
    .filter(({period}) => Date.parse(period.from) <= Date.now())
    .sort((a, b) => a.source.localeCompare(b.source)).map(({spent, free, over}) => [spent, free, over]);
  assert.equal((await admin.post('/contracts', contract('900'))).status, 201);
  await until(30, 'the caps have no pools', async () => (await pools()).length === 2);
  assert.deepEqual(await pools(), [['900', '100', false], ['0', '1000', false]], 'fees are of no model');
  const row = {request_id: 'f1', at: new Date().toISOString(), model: 'reel', metrics: {video_ms: 30, requests: 1}};
  assert.equal((await admin.post('/vendors/dahan/usage', {contract: 'with-fee', usage: [row]})).status, 201);
  assert.deepEqual(await pools(), [['930', '70', false], ['30', '970', false]]);

  const [first, next, day] = [0, 1, 2].map((k) => new Date(new Date().setUTCHours(0, 0, 0, 0) + (k === 2 ? 86400000 : 0)))
    .map((at, k) => k === 2 ? at.getTime() : Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + k, 1));
  const share = (Math.min(day, next) - first) / (next - first);
  assert.equal((await admin.post('/contracts/with-fee/versions', {effective_from: new Date().toISOString(), document: contract('5000')})).status, 201);
  await until(30, 'the raised fee was not counted', async () => Math.abs(Number((await pools())[0][0]) - 30 - 900 * share - 5000 * (1 - share)) < 1e-6);
  assert.equal((await pools())[0][2], share < 1, 'what is owed alone passes the cap');
});

test('a soft cap on spend has one figure: its pool and its burndown count fees as their days go by', async () => {
  const contract = {contract: 'soft-fee', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: '2020-01-01', to: '2050-01-01'},
    charges: [{name: 'fee', kind: 'flat', amount: '900', per: 'month'}, {name: 'film', kind: 'unit', metric: 'video_ms', price: '1', per: 'month'}],
    caps: [{name: 'all', metric: 'spend', at_most: '1000', per: 'month', hard: false}]};
  const now = async () => (await admin.get('/pools?open=true&subject=soft-fee')).body.items.find(({period}) => Date.parse(period.from) <= Date.now());
  assert.equal((await admin.post('/contracts', contract)).status, 201);
  await until(30, 'the cap has no pool', now);
  const told = async () => (await admin.get('/contracts/soft-fee/burndown')).body.lines.find(({kind}) => kind === 'cap').so_far;
  await until(30, 'pool and burndown differ', async () => Math.abs(Number((await now()).spent) - Number(await told())) < 0.01);
  const today = new Date();
  const days = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 0)).getUTCDate();
  assert.ok(Math.abs(Number((await now()).spent) - (900 * today.getUTCDate()) / days) <= 900 / days, 'not all of the month');
});

test('a pool has a name for people, also where its cap has none', async () => {
  const cap = {at_most: '1000', per: 'month', hard: true};
  assert.equal((await admin.post('/contracts', {contract: 'unnamed', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: '2020-01-01', to: '2050-01-01'},
    charges: [{name: 'words', kind: 'unit', metric: 'output', price: '1', per: 'month'}],
    caps: [{metric: 'requests', ...cap}, {metric: 'spend', ...cap}, {name: 'mine', metric: 'output', ...cap}]})).status, 201);
  assert.equal((await admin.post('/budgets', {id: 'b9', scope: 'fleet', metric: 'requests', at_most: '5', per: 'day'})).status, 201);
  const named = async () => (await admin.get('/pools?open=true')).body.items
    .filter(({source, period}) => /unnamed|b9/.test(source) && Date.parse(period.from) <= Date.now()).map(({name}) => name).sort();
  await until(30, 'pools are missing', async () => (await named()).length === 4);
  assert.deepEqual(await named(), ['budget b9', 'cap mine of unnamed', 'cap requests of unnamed', 'cap spend of unnamed']);
  assert.equal((await admin.remove('/budgets/b9')).status, 204);
});
