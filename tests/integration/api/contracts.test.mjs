// Contracts as operators work with them: how they are used up, and where that is going.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
import {until} from '../../support/receivers.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;
let env;
const ctl = async (...words) => (await promisify(execFile)(process.env.MYNACTL ?? '.build/release/mynactl', words, {env})).stdout;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'viewer'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
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
  await stack.sql(`INSERT INTO myna.course_day (contract_id, kind, name, metric, day, amount)
    SELECT 'c-1', 'cap', 'caps/2', 'concurrency', date '${day(-4)}' + n, 2 + 0.25 * n FROM generate_series(0, 3) n`);

  const asked = Date.now();
  const {status, body} = await admin.get('/contracts/c-1/burndown');
  assert.equal(status, 200);
  assert.deepEqual([body.currency, body.zone, body.today, body.term], ['CNY', 'UTC', day(0), {from: day(-20), to: day(40)}]);
  assert.deepEqual(body.lines.map(({kind, name, state}) => [kind, name, state]), [
    ['commitment', 'commitments/0', 'short'], ['commitment', 'robots', 'short'], ['cap', 'most', 'runs_out'],
    ['cap', 'caps/2', 'runs_out'], ['cap', 'daily', 'on_course'], ['threshold', 'spend', 'on_course']]);
  const [promise, robots, most, level, daily, spend] = body.lines;

  assert.equal(promise.shortfall.rule, 'fee_per_unit');
  assert.ok(Math.abs(Number(promise.shortfall.cost) - Number(promise.shortfall.missing) / 100) < 1e-6, promise.shortfall.cost);
  assert.deepEqual([most.so_far, most.limit, most.days.from, most.days.amounts.length, most.days_left], ['1940', '3000', day(-20), 21, 40]);
  assert.deepEqual([most.forecast.formula, most.forecast.days], ['mean_of_days', 14]);
  assert.ok(Math.abs(Number(most.forecast.per_day) - 1340 / 14) < 1e-9, most.forecast.per_day);
  const {low, at_end, high} = most.forecast;
  assert.ok(Number(low) < Number(at_end) && Number(at_end) < Number(high), 'a band around the trend');
  const end = (now) => day(Math.floor(1060 * 14 / 1340 + now % 86400000 / 86400000));
  assert.ok([end(asked), end(Date.now())].includes(most.forecast.runs_out), `1,060 left at 95.7 a day: ${most.forecast.runs_out}`);
  assert.deepEqual(most.thresholds.map(({trigger, at, point}) => [trigger, at, point]), [['share', '0.5', '1500']]);
  assert.deepEqual([robots.told_by, robots.so_far, robots.days.amounts[17], robots.shortfall.missing], ['devices', '4', '4', '2']);
  assert.deepEqual(robots.forecast, {formula: 'saturation', days: 21, per_day: '0.285714285714', at_end: '8', low: '4', high: '15', runs_out: null},
    'four seen once in 21 days: 5.7 are hidden; a line of newcomers ends at 15');
  assert.deepEqual([daily.earlier.length, daily.earlier[0], daily.hard], [20, {from: day(-1), to: day(0), amount: '7'}, true]);
  assert.deepEqual([level.told_by, level.so_far, level.busiest, level.days_left], ['minute', '0', '0', null]);
  assert.deepEqual(level.days, {from: day(-4), amounts: ['2', '2.25', '2.5', '2.75', '0'], add_up: false, interpolated: false});
  assert.deepEqual(level.forecast, {formula: 'trend_of_peaks', days: 4, per_day: '0.25', at_end: '6.5', low: '6.5', high: '6.5', runs_out: day(8)});
  assert.deepEqual(level.period, {from: day(-20), to: day(15)}, 'a fortnight ahead, within the term');
  assert.deepEqual([spend.is_money, spend.so_far, spend.thresholds[0].do], [true, '2120', ['alert', 'block']], '21 days of 100 and 20 of usage');
});

test('an amendment goes on with the robots that were counted before it', async () => {
  const effective_from = `${day(-2)}T00:00:00Z`;
  await stack.sql(`UPDATE myna.contract_version SET effective_from = '${day(-20)}T00:00:00Z' WHERE contract_id = 'c-1'`);
  assert.equal((await admin.post('/contracts/c-1/versions', {effective_from, document: {...CONTRACT, charges: CONTRACT.charges.slice(1)}})).status, 201);
  const robots = (await admin.get('/contracts/c-1/burndown')).body.lines.find(({name}) => name === 'robots');
  assert.deepEqual([robots.so_far, robots.days.amounts[17]], ['4', '4'], 'its number among the counters is another now');
});

test('the robots behind a day\'s number are a list, page by page, by default of the busiest day', async () => {
  const listed = (query) => admin.get(`/contracts/c-1/burndown/devices?${query}`);
  const {body} = await listed(`kind=commitment&name=robots&day=${day(-3)}&limit=3`);
  assert.deepEqual([body.day, body.devices, body.items.map(({id}) => id), body.next], [day(-3), 4, ['r1', 'r2', 'r3'], 'r3']);
  await stack.sql(`INSERT INTO myna.tally (contract_id, version, charge, at_day, cell, device_id, quantity) VALUES ('c-1', 1, 3, ${number(day(-4))}, 0, 'r9', 1)`);
  const first = (await listed('kind=commitment&name=robots&limit=3')).body;
  assert.deepEqual([first.day, first.next], [day(-3), `${number(day(-3))}.r3`], 'the day is looked for once');
  await stack.sql(`INSERT INTO myna.tally (contract_id, version, charge, at_day, cell, device_id, quantity)
    SELECT 'c-1', 1, 3, ${number(day(-2))}, 0, 'late' || n, 1 FROM generate_series(1, 9) n`);
  const busiest = (await listed(`kind=commitment&name=robots&after=${first.next}`)).body;
  await stack.sql("DELETE FROM myna.tally WHERE device_id LIKE 'late%'");
  assert.deepEqual([busiest.day, busiest.devices, busiest.items, busiest.next], [day(-3), 4, [{id: 'r4', name: '', status: null}], null]);
  assert.deepEqual((await listed(`kind=commitment&name=robots&day=${day(-5)}`)).body.items, []);
  for (const [query, pointer] of [['name=robots', '?kind'], ['kind=cap', '?name'], ['kind=cap&name=most', '?name'], ['kind=cap&name=robots', '?name'],
    ['kind=commitment&name=robots&day=today', '?day']])
    assert.equal((await listed(query)).body.errors[0].pointer, pointer, query);
  assert.equal((await admin.get('/contracts/nowhere/burndown/devices?kind=cap&name=x')).status, 404);
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
  assert.equal((await admin.post('/contracts?dry_run=terms', {...CONTRACT, vendor: 'nobody'})).status, 204);
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

// One record of the vendor's, so many days ago.
let seq = 0;
const attempt = (n, {vendor = 'dahan', model = 'm', first = 100, error = 0, provenance = 1} = {}) => stack.sql(`INSERT INTO myna.usage
  SELECT 'r1', '55555555-1111-4111-8111-111111111111', ${++seq}, '${day(n)}T12:00:00Z', '${day(n)}T12:00:00Z', gen_random_uuid(), 1, '${vendor}', '${model}',
  '${model}', 'c-1', 1, '', ${provenance}, 1, ${error}, 900, ${first}, 0, false, 3, 1, 1, 10, 0, 0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 'CNY'`);

test('a vendor\'s pack tells volumes, first tokens, errors, service credits, standings and prices', async () => {
  const served = {contract: 'c-4', vendor: 'dahan', currency: 'CNY', zone: 'UTC', term: {from: day(-60), to: day(60)}, charges: [
    {name: 'line', kind: 'flat', amount: '1200', per: 'term'}], service_levels: [{name: 'outage', from: day(-5), to: day(-3), credit: '50%', at_most: '100%'}]};
  assert.equal((await admin.post('/contracts', served)).status, 201);
  for (let i = 1; i <= 20; i++) await attempt(-2, {first: i * 10});
  await stack.sql("UPDATE myna.usage SET duration_ms = first_token_ms * 10, interrupted = first_token_ms = 200 WHERE contract_id = 'c-1' AND model = 'm'");
  for (const error of [1, 1, 8]) await attempt(-2, {first: 0, error});
  await attempt(-2, {model: 'n', first: 700});
  await attempt(-2, {provenance: 5, error: 8}); // never sent
  await attempt(-200, {first: 9999});
  await attempt(-2, {vendor: 'other', first: 9999});

  const {status, body} = await admin.get(`/vendors/dahan/pack?from=${day(-19)}&to=${day(0)}`);
  assert.equal(status, 200);
  assert.deepEqual([body.vendor.id, body.period], ['dahan', {from: day(-19), to: day(0)}]);
  const sum = (name) => body.volumes.reduce((all, row) => all + row[name], 0);
  assert.deepEqual([sum('output'), sum('requests')], [18 * 100 + 40, 19 * 7], 'the twentieth day before is not of it');
  assert.deepEqual([body.records.count, body.records.share, body.records.first_at.slice(0, 10)], [24, '1', day(-2)]);
  assert.deepEqual(body.records.errors, [{class: 'rate', records: 2}, {class: 'net', records: 1}]);
  assert.deepEqual(body.records.days.map(({attempts, refused, unreached}) => [attempts, refused, unreached]), [[24, 2, 1]], 'what was never sent is not of it');
  assert.equal(body.records.days[0].day, day(-2));
  assert.deepEqual(body.records.first_token, [{model: null, answers: 21, p50_ms: 110, p95_ms: 200},
    {model: 'm', answers: 20, p50_ms: 100, p95_ms: 190}, {model: 'n', answers: 1, p50_ms: 700, p95_ms: 700}]);
  assert.deepEqual(body.records.whole_answer.slice(1), [{model: 'm', answers: 19, p50_ms: 1000, p95_ms: 1900, p50_tokens_s: 5, p5_tokens_s: 2.6},
    {model: 'n', answers: 1, p50_ms: 900, p95_ms: 900, p50_tokens_s: 5.6, p5_tokens_s: 5.6}], 'the interrupted one is not of it');
  assert.deepEqual(body.service_credits, [{contract: 'c-4', name: 'outage', from: day(-5), to: day(-3), amount: '10.00', currency: 'CNY',
    steps: [{kind: 'share', quantity: '20', price: '0.5', amount: '10'}]}], 'half of two days of 10');
  assert.match(await ctl('statement', 'bill', 'c-4', '--steps'), /\noutage .* = -10\.00\n    less 20 x 0\.5 = -10\n/);
  assert.ok(body.standings.find(({contract}) => contract === 'c-1').lines.some(({kind, state}) => kind === 'commitment' && state === 'short'));
  assert.deepEqual(body.contracts.map(({id, versions}) => [id, versions.length]), [['c-1', 3], ['c-2', 1], ['c-4', 1]]);

  assert.deepEqual((await admin.get(`/vendors/dahan/pack?from=${day(-2)}&to=${day(-1)}`)).body.service_credits, []);
  assert.equal((await admin.get('/vendors/nobody/pack')).status, 404);
  for (const query of ['from=yesterday', `from=${day(1)}&to=${day(0)}`, 'from=2020-01-01']) {
    assert.equal((await admin.get(`/vendors/dahan/pack?${query}`)).body.errors[0].pointer, '?from', query);
  }
  const usual = (await admin.get('/vendors/dahan/pack')).body;
  assert.deepEqual(usual.period, {from: day(-89), to: day(0)});
  const text = await ctl('vendor', 'pack', 'dahan', '--from', day(-19));
  for (const part of [/first token[^]*m +20 +100 +190/, /rate +2/, /outage[^]*10\.00/, /will fall short/, /fee: flat, CNY/]) assert.match(text, part);
});

// At each hour one of these two zones has another day than UTC, and they never have the same.
test('a pack reaches to the day that it is where the vendor\'s contracts are, the latest of them', async () => {
  assert.equal((await admin.post('/vendors', {id: 'far', base_url: 'https://far.example', key: 'k'})).status, 201);
  for (const [contract, zone, hours] of [['west', 'Etc/GMT+12', -12], ['east', 'Pacific/Kiritimati', 14]]) {
    assert.equal((await admin.post('/contracts', {...CONTRACT, contract, vendor: 'far', zone})).status, 201);
    const began = day(hours / 24);
    const {body} = await admin.get('/vendors/far/pack');
    assert.ok([began, day(hours / 24)].includes(body.period.to), `${zone}: ${body.period.to}, where it is ${began}`);
  }
});

test('who asks for a contract while others do gets it as it is by then, and only who may', async () => {
  assert.equal((await admin.post('/contracts', {...CONTRACT, contract: 'c-9'})).status, 201);
  const {headers: {etag}} = await admin.get('/contracts/c-9');
  const ask = (path, headers) => fetch(`http://127.0.0.1:${stack.port}/api/v1${path}`, {headers});
  const shown = {Authorization: `Bearer ${env.MYNACTL_KEY}`};
  const answers = await Promise.all(Array.from({length: 60}, (_, n) =>
    n % 6 === 0 ? ask('/contracts/c-9', {}) : ask(n % 3 ? '/contracts/c-9' : '/contracts/none', shown)));
  assert.deepEqual(answers.map(({status}) => status), Array.from({length: 60}, (_, n) => n % 6 === 0 ? 401 : n % 3 ? 200 : 404));
  const bodies = new Set(await Promise.all(answers.filter(({status}) => status === 200).map((answer) => answer.text())));
  assert.equal(bodies.size, 1);
  assert.ok(answers.filter(({status}) => status === 200).every(({headers}) => headers.get('etag') === etag));

  // whatever is asked by others meanwhile, a version that was answered is there for whoever asks next
  let last = -1, over = false;
  const readers = Array.from({length: 8}, async () => {
    while (!over) {
      const least = last;
      const {versions} = await (await ask('/contracts/c-9', shown)).json();
      assert.ok(versions[0].version >= least, `version ${versions[0].version} after ${least} was answered`);
    }
  });
  try {
    for (let n = 6; n < 16; n++) {
      const {status, body} = await admin.post('/contracts/c-9/versions', {effective_from: `${day(n)}T00:00:00Z`, document: {...CONTRACT, contract: 'c-9'}});
      assert.equal(status, 201);
      last = body.versions[0].version;
    }
  } finally {
    over = true;
  }
  await Promise.all(readers);
});

test('a level is looked at each minute, and its busiest one of the day is kept', () => until(90, 'nobody looked at the level today', async () =>
  (await stack.sql(`SELECT 1 FROM myna.course_day WHERE contract_id = 'c-1' AND metric = 'concurrency' AND day >= '${day(-1)}' AND amount = 0`)).length > 0));
