// Contracts as operators work with them: how they are used up, and where that is going.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://vendor.example/v1', key: 'k'});
});

after(() => stack?.end());

// So many days from today, which is UTC's here.
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const number = (date) => Date.parse(`${date}T00:00:00Z`) / 86400000;

const CONTRACT = {contract: 'c-1', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: day(-20), to: day(40)}, charges: [
  {name: 'fee', kind: 'flat', amount: '6000', per: 'term'}, {name: 'tokens', kind: 'unit', metric: 'output', price: '0.01', per: 'month'}],
  commitments: [{metric: 'output', at_least: 100000, per: 'term', shortfall: {fee_per_unit: '0.01'}},
    {name: 'robots', metric: 'active_devices', at_least: 10, measured: 'peak', per: 'term'}],
  caps: [{name: 'most', metric: 'output', at_most: 3000, per: 'term'}, {name: 'daily', metric: 'requests', at_most: 50, per: 'day', hard: true},
    {metric: 'concurrency', at_most: 5}],
  thresholds: [{of: 'cap:most', at: '50%', do: ['alert']}, {of: 'spend', limit: '20000', per: 'term', at: '80%', do: ['alert', 'block']}]};

test('a contract tells how each limit is used up and where that is going', async () => {
  assert.equal((await admin.post('/contracts', CONTRACT)).status, 201);
  for (let n = -20; n < 0; n++) {
    await stack.sql(`INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, output, requests, price)
      VALUES ('c-1', '${day(n)}', 'dahan', 'm', 'CNY', ${n === -1 ? 40 : 100}, 7, 1)`);
  }
  await stack.sql(`INSERT INTO myna.tally (contract_id, version, charge, at_day, cell, device_id, quantity)
    SELECT 'c-1', 1, 3, ${number(day(-3))}, 0, 'r' || n, 1 FROM generate_series(1, 4) n`);

  const {status, body} = await admin.get('/contracts/c-1/burndown');
  assert.equal(status, 200);
  assert.deepEqual([body.currency, body.zone, body.today, body.term], ['CNY', 'UTC', day(0), {from: day(-20), to: day(40)}]);
  assert.deepEqual(body.lines.map(({kind, name, state}) => [kind, name, state]), [
    ['commitment', 'commitments/0', 'short'], ['cap', 'most', 'runs_out'], ['commitment', 'robots', 'below'],
    ['cap', 'daily', 'on_course'], ['cap', 'caps/2', 'on_course'], ['threshold', 'spend', 'on_course']]);
  const [promise, most, robots, daily, level, spend] = body.lines;

  assert.equal(promise.shortfall.rule, 'fee_per_unit');
  assert.ok(Math.abs(Number(promise.shortfall.cost) - Number(promise.shortfall.missing) / 100) < 1e-6, promise.shortfall.cost);
  assert.deepEqual([most.so_far, most.limit, most.days.from, most.days.amounts.length, most.days_left], ['1940', '3000', day(-20), 21, 40]);
  assert.deepEqual([most.forecast.formula, most.forecast.days], ['mean_of_days', 14]);
  assert.ok(Math.abs(Number(most.forecast.per_day) - 1340 / 14) < 1e-9, most.forecast.per_day);
  const {low, at_end, high} = most.forecast;
  assert.ok(Number(low) < Number(at_end) && Number(at_end) < Number(high), 'a band around the trend');
  assert.equal(most.forecast.runs_out, day(11), '1,060 left at 95.7 a day');
  assert.deepEqual(most.thresholds.map(({trigger, at, point}) => [trigger, at, point]), [['share', '0.5', '1500']]);
  assert.deepEqual([robots.told_by, robots.so_far, robots.days.amounts[17], robots.forecast], ['devices', '4', '4', null]);
  assert.deepEqual([daily.earlier.length, daily.earlier[0], daily.hard], [20, {from: day(-1), to: day(0), amount: '7'}, true]);
  assert.deepEqual([level.told_by, level.days, level.so_far], ['minute', null, '0']);
  assert.deepEqual([spend.is_money, spend.so_far, spend.thresholds[0].do], [true, '2120', ['alert', 'block']], '21 days of 100 and 20 of usage');
});

test('an amendment goes on with the robots that were counted before it', async () => {
  const effective_from = `${day(-2)}T00:00:00Z`;
  await stack.sql(`UPDATE myna.contract_version SET effective_from = '${day(-20)}T00:00:00Z' WHERE contract_id = 'c-1'`);
  assert.equal((await admin.post('/contracts/c-1/versions', {effective_from, document: {...CONTRACT, charges: CONTRACT.charges.slice(1)}})).status, 201);
  const robots = (await admin.get('/contracts/c-1/burndown')).body.lines.find(({name}) => name === 'robots');
  assert.deepEqual([robots.so_far, robots.days.amounts[17]], ['4', '4'], 'its number among the counters is another now');
});

test('a contract that is over shows its last period, one without limits what is spent', async () => {
  const past = {contract: 'c-2', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: day(-60), to: day(-30)},
    charges: [{kind: 'flat', amount: '300', per: 'term'}]};
  assert.equal((await admin.post('/contracts', past)).status, 201);
  const [line] = (await admin.get('/contracts/c-2/burndown')).body.lines;
  assert.deepEqual([line.kind, line.so_far, line.limit, line.days_left, line.days.amounts.length], ['spend', '300', null, 0, 30]);
  assert.equal((await admin.get('/contracts/nowhere/burndown')).status, 404);
});

test('a dry run tells all that is wrong with terms, and whether they could be written', async () => {
  const fresh = {...CONTRACT, contract: 'c-3'};
  const wrong = {...fresh, caps: [{metric: 'request', at_most: 5, per: 'day'}, {metric: 'output', at_most: -1, per: 'eon'}]};
  const {status, body} = await admin.post('/contracts?dry_run=true', {...wrong, thresholds: undefined});
  assert.equal(status, 422);
  assert.deepEqual(body.errors.map(({pointer}) => pointer).sort(), ['/caps/0/metric', '/caps/1/at_most', '/caps/1/per']);
  assert.equal((await admin.post('/contracts?dry_run=true', fresh)).status, 204);
  assert.equal((await admin.post('/contracts?dry_run=true', CONTRACT)).status, 409);
  assert.equal((await admin.post('/contracts?dry_run=true', {...fresh, vendor: 'nobody'})).body.errors[0].pointer, '/vendor');
  assert.equal((await admin.get('/contracts/c-3')).status, 404);
});

test('a version is checked without being written, and never over one that nobody read', async () => {
  const add = (body, {query = '', etag} = {}) => admin.post(`/contracts/c-1/versions${query}`, body, etag ? {'If-Match': etag} : {});
  const order = (more = {}) => ({effective_from: `${day(3)}T00:00:00Z`, document: {...CONTRACT, ...more}});
  const {headers, body: {versions}} = await admin.get('/contracts/c-1');
  assert.equal((await add(order(), {query: '?dry_run=true', etag: headers.etag})).status, 204);
  assert.equal((await admin.get('/contracts/c-1')).body.versions.length, versions.length);
  assert.deepEqual((await add(order({caps: [{metric: 'x', at_most: 1, per: 'day'}], thresholds: undefined}), {query: '?dry_run=true'})).body.errors.map(({pointer}) => pointer),
    ['/document/caps/0/metric']);
  assert.equal((await add({...order(), effective_from: '2020-01-01T00:00:00Z'}, {query: '?dry_run=true'})).body.errors[0].pointer, '/effective_from');
  assert.equal((await add(order({currency: 'USD'}), {query: '?dry_run=true'})).status, 409);
  assert.equal((await add(order(), {query: '?dry_run=maybe'})).body.errors[0].pointer, '/dry_run');
  assert.equal((await add(order(), {etag: headers.etag})).status, 201);
  assert.equal((await add({...order(), effective_from: `${day(5)}T00:00:00Z`}, {etag: headers.etag})).status, 412);
  assert.equal((await add({...order(), effective_from: `${day(5)}T00:00:00Z`}, {query: '?dry_run=true', etag: headers.etag})).status, 412);
});
