// What finance asks: profiles for what-if, vendors' usage, bills, statements, invoices.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

// One row of usage: a robot's, when, of which model, and what.
const usage = ({device, at, seq, model = 'm', provenance = 1, input = 0, output = 0, contract = 'none'}) =>
  stack.sql(`INSERT INTO myna.usage SELECT '${device}', '11111111-1111-4111-8111-111111111111', ${seq}, ${at}, ${at},
    gen_random_uuid(), 1, 'dahan', '${model}', '${model}', '${contract}', 1, '', ${provenance}, 1, 0, 900, 120, 300, false, 3,
    100, 200, ${input}, 0, 0, 0, ${output}, 0, 0, 0, 0, 0, 1, 0, 'CNY'`);

test('a profile is the mean of one robot\'s day, over the days on which it asked', async () => {
  assert.equal((await admin.get('/usage/profile')).body.device_days, 0);
  assert.deepEqual((await admin.get('/usage/profile')).body.profile.models, {});
  const day = (n) => `date_trunc('day', now()) - ${n} * interval '1 day'`;
  await usage({device: 'r1', at: day(1), seq: 1, input: 100, output: 10});
  await usage({device: 'r1', at: day(1), seq: 2, input: 50, output: 5, model: 'n'});
  await usage({device: 'r1', at: day(2), seq: 3, input: 100});
  await usage({device: 'r2', at: day(2), seq: 4, output: 1});
  await usage({device: 'r3', at: day(2), seq: 5, provenance: 5, output: 1000}); // never sent
  await usage({device: 'r4', at: day(40), seq: 6, output: 1000});

  const {body} = await admin.get('/usage/profile?days=30');
  assert.deepEqual([body.days, body.devices, body.device_days], [30, 2, 3]);
  assert.deepEqual(body.profile, {per: 'day', models: {
    m: {input_uncached: '66.666667', output: '3.666667', requests: '1'},
    n: {input_uncached: '16.666667', output: '1.666667', requests: '0.333333'},
  }});
  assert.equal((await admin.get('/usage/profile?days=2')).body.device_days, 1);
  for (const days of ['0', '367', 'x']) assert.equal((await admin.get(`/usage/profile?days=${days}`)).body.errors[0].pointer, '?days');
});

test('a profile of a few days begins at midnight where its contract counts', async () => {
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('far', 'https://far.example');
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES ('far-2026', 'far', 'CNY', 'Pacific/Kiritimati')`);
  const first = (days) => `((now() AT TIME ZONE 'Pacific/Kiritimati')::date - ${days - 1})::timestamp AT TIME ZONE 'Pacific/Kiritimati'`;
  const device_days = async () => (await admin.get('/usage/profile?days=3')).body.device_days;
  const before = await device_days();
  await usage({device: 'r5', at: `${first(3)} - interval '1 second'`, seq: 7, model: 'far', output: 1, contract: 'far-2026'});
  assert.equal(await device_days(), before);
  await usage({device: 'r5', at: first(3), seq: 8, model: 'far', output: 1, contract: 'far-2026'});
  const {body} = await admin.get('/usage/profile?days=3');
  assert.equal(body.device_days, before + 1);
  const [[today]] = await stack.sql(`SELECT (now() AT TIME ZONE 'Pacific/Kiritimati')::date::text`);
  assert.equal(body.to, today);
  await stack.sql(`DELETE FROM myna.usage WHERE contract_id = 'far-2026'; DELETE FROM myna.contract WHERE contract_id = 'far-2026';
    DELETE FROM myna.vendor WHERE vendor_id = 'far'`);
});

// An attempt of vendor dahan as a robot recorded it, found again by its request id.
const turn = (n) => `22222222-2222-4222-8222-${String(n).padStart(12, '0')}`;
const attempt = (n, {device = 'r7', at = "'2026-03-05 10:00:00+08'", provenance = 1, input = 100, output = 10}) =>
  stack.sql(`INSERT INTO myna.usage SELECT '${device}', '33333333-3333-4333-8333-333333333333', ${n}, ${at}, ${at},
    '${turn(n)}', 1, 'dahan', 'big', 'big', 'none', 1, '', ${provenance}, 1, 0, 900, 120, 300, false, 3,
    1000, 2000, ${input}, 0, 0, 0, ${output}, 0, 0, 0, 0, 0, 1, 0.25, 'CNY'`);

test('an invoice is matched by request id, uncertain attempts settled, the rest disputed', async () => {
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://vendor.example/v1', key: 'k'});
  for (const n of [1, 2]) await attempt(n, {device: `r${n}`});
  await attempt(3, {provenance: 4, input: 1000, output: 2000});
  const csv = ['request_id,Model,input_tokens,output_tokens,note',
    `${turn(1)}-1,big,100,10,`, `${turn(2)}-1,big,100,13,"a ""note"""`, `${turn(3)}-1,big,90,30,`,
    `${turn(9)}-1,big,5,5,`, 'somebody-else,big,7,7,', ''].join('\r\n');
  const check = (body, query = '', vendor = 'dahan') =>
    admin.post(`/vendors/${vendor}/invoices${query}`, body, {'Content-Type': 'text/csv'});

  const {status, body} = await check(csv);
  assert.equal(status, 201);
  assert.deepEqual([body.compared, body.matched, body.different, body.unknown, body.settled], [10, 5, 1, 4, 1]);
  assert.deepEqual(body.devices, [{device: 'r2', quantities: 1, ours: '10', theirs: '13', drift: '3'}]);
  const {items} = (await admin.get(`/invoices/${body.id}/dispute`)).body;
  assert.deepEqual(items.map(({line, metric, ours, theirs, difference, problem}) => [line, metric, ours, theirs, difference, problem]), [
    [3, 'output_all', '10', '13', '3', 'the robot recorded another quantity'],
    [5, 'input', '0', '5', '5', 'no robot has recorded it'], [5, 'output_all', '0', '5', '5', 'no robot has recorded it'],
    [6, 'input', '0', '7', '7', 'no request id of a robot'], [6, 'output_all', '0', '7', '7', 'no request id of a robot'],
  ]);
  const file = await admin.get(`/invoices/${body.id}/dispute?format=csv`);
  assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8');
  assert.equal(file.bytes.toString().split('\r\n')[1], `3,"${turn(2)}-1","r2",,"big",output_all,10,13,3,"the robot recorded another quantity"`);
  const alerts = (await admin.get('/alerts?open=true')).body.items.map(({kind, subject}) => `${kind} ${subject}`);
  assert.ok(alerts.includes('key_leak vendor/dahan') && alerts.includes('usage_differs vendor/dahan'), alerts.join());

  assert.equal((await check(csv)).status, 409);
  assert.equal((await check(`${csv} `, '', 'nobody')).status, 404);
  assert.equal((await check('request_id,input\n"x')).body.errors[0].pointer, '/2');
  assert.equal((await check(csv, '?tolerance=101')).body.errors[0].pointer, '?tolerance');
  assert.equal((await check(csv, '?zone=Mars')).body.errors[0].pointer, '?zone');
  assert.equal((await admin.get('/invoices/99')).status, 404);
  assert.equal((await admin.get('/invoices')).body.items.length, 1);
  assert.equal((await admin.get('/invoices?vendor=dahan')).body.items.length, 1);
  assert.equal((await admin.get('/invoices?vendor=erxian')).body.items.length, 0);
});

test('what differs comes in pages, of all robots or of one', async () => {
  const [{id}] = (await admin.get('/invoices')).body.items;
  const page = async (query) => (await admin.get(`/invoices/${id}/dispute?${query}`)).body;
  const first = await page('limit=2');
  const second = await page(`limit=3&after=${first.next}`);
  assert.deepEqual([...first.items, ...second.items].map(({line}) => line), [3, 5, 5, 6, 6]);
  assert.equal(second.next, null);
  assert.deepEqual((await page('device=r2')).items.map(({line, device}) => [line, device]), [[3, 'r2']]);
  assert.deepEqual((await page('device=r1')).items, []);
  assert.equal((await admin.get(`/invoices/${id}/dispute?after=x`)).body.errors[0].pointer, '?after');
});

test('an invoice by day and model is compared in the contract\'s days, within a tolerance', async () => {
  for (const n of [11, 12]) await attempt(n, {at: "'2026-04-01 00:30:00+08'", input: 1000});
  await attempt(13, {at: "'2026-03-31 23:30:00+08'", input: 1000});
  const check = (rows, query) =>
    admin.post(`/vendors/dahan/invoices${query}`, rows, {'Content-Type': 'application/json'});
  const rows = [
    {day: '2026-04-01', model: 'big', class: 'input_uncached', quantity: 2010},
    {day: '2026-04-01', model: 'big', requests: 2, amount: '0.50'},
    {day: '2026-04-01', model: 'unheard-of', input: 40},
  ];

  const strict = (await check(rows, '?zone=Asia/Shanghai')).body;
  assert.deepEqual([strict.first_day, strict.last_day, strict.compared, strict.different, strict.unknown],
    ['2026-04-01', '2026-04-01', 4, 1, 1]);
  const lines = (await admin.get(`/invoices/${strict.id}/dispute`)).body.items;
  assert.deepEqual(lines.map(({model, metric, difference, problem}) => [model, metric, difference, problem]), [
    ['big', 'input_uncached', '10', 'billed more than robots recorded'],
    ['unheard-of', 'input', '40', 'no robot has recorded any of it'],
  ]);
  const lax = (await check([...rows, {day: '2026-04-01', model: 'big', output: 20}], '?zone=Asia/Shanghai&tolerance=0.5')).body;
  assert.deepEqual([lax.different, lax.unknown, lax.tolerance], [0, 1, '0.5']);
  const silent = (await check([{day: '2026-04-01', model: 'other', requests: 0}], '?zone=Asia/Shanghai')).body;
  assert.deepEqual(silent.problems, [{problem: 'recorded, and not on the invoice', count: 1}]);
  const utc = (await check([{day: '2026-03-31', model: '', requests: 3}], '')).body;
  assert.deepEqual([utc.zone, utc.matched, utc.different, utc.unknown], ['UTC', 1, 0, 0]);
  const more = (await check([{day: '2026-03-31', model: '', requests: 4}], '')).body;
  assert.equal(more.unknown, 1, 'a request that no robot made');
  const dear = (await check([{day: '2026-03-31', model: 'big', amount: '9.99'}], '')).body;
  assert.deepEqual([dear.different, dear.unknown], [1, 0], 'a price that is not ours is no leaked key');
});

// The first day of a month in days since 1970, as counts have it.
const dayNumber = (date) => Date.parse(`${date}T00:00:00Z`) / 86400000;
const count = (month, quantity) => stack.sql(`INSERT INTO myna.tally AS t VALUES ('fin-2026', 1, 1, 0, '', ${dayNumber(`${month}-01`)}, ${quantity})
  ON CONFLICT (contract_id, version, charge, at_day, cell, device_id) DO UPDATE SET quantity = t.quantity + excluded.quantity`);

test('a month is locked with its lines, its corrections and who bears what', async () => {
  const contract = {contract: 'fin-2026', vendor: 'dahan', currency: 'CNY', zone: 'Asia/Shanghai', grace_days: 5,
    term: {from: '2026-01-01', to: '2027-01-01'}, charges: [
      {name: 'fee', kind: 'flat', amount: '100.01', per: 'month'},
      {name: 'tokens', kind: 'unit', metric: 'output', price: '0.01', per: 'month'}]};
  assert.equal((await admin.post('/contracts', contract)).status, 201);
  const {code} = (await admin.post('/claims', {uses: 3})).body;
  for (const id of ['fa', 'fb', 'fc']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  for (const group of ['desk', 'kitchen', 'all']) await admin.post('/groups', {id: group});
  for (const [group, device] of [['desk', 'fa'], ['kitchen', 'fb'], ['all', 'fa'], ['all', 'fb']])
    await admin.put(`/groups/${group}/devices/${device}`);
  for (const [device, price, seq] of [['fa', 3, 101], ['fb', 1, 102], ['fc', 0, 103]])
    await stack.sql(`INSERT INTO myna.usage SELECT '${device}', '44444444-1111-4111-8111-111111111111', ${seq}, '2026-08-31 16:30:00Z',
      '2026-08-31 16:30:00Z', gen_random_uuid(), 1, 'dahan', 'm', 'm', 'fin-2026', 1, '', 1, 1, 0, 9, 1, 3, false, 3,
      100, 200, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 1, ${price}, 'CNY'`);
  await count('2026-08', 500);
  await count('2026-09', 1000);

  const lock = (body) => admin.post('/contracts/fin-2026/statements', body);
  const bill = (await admin.get('/contracts/fin-2026/bill?as_of=2026-10-01T00:00:00%2B08:00')).body;
  assert.deepEqual([bill.lines.length, bill.total], [18, '915.09'], 'nine months of fees and of tokens');
  assert.deepEqual(bill.lines.filter(({amount, metric}) => metric && amount !== '0.00').map(({charge, period, quantity, amount}) => [charge, period, quantity, amount]), [
    ['tokens', '2026-08-01/2026-09-01', '500', '5.00'], ['tokens', '2026-09-01/2026-10-01', '1000', '10.00']]);
  const arithmetic = [{kind: 'units', metric: 'output', quantity: '1000', price: '0.01', amount: '10'}];
  assert.deepEqual(bill.lines.find(({charge, amount}) => charge === 'tokens' && amount === '10.00').steps, arithmetic, 'as rating made it');

  assert.match((await lock({month: '2026-08'})).body.detail, /lock 2026-01 first, with mynactl statement lock fin-2026 2026-01,/);
  assert.match((await lock({month: '2025-12'})).body.detail, /nothing of the contract is billed/);
  assert.match((await lock({month: `${new Date().getUTCFullYear() + 1}-02`})).body.detail, /has not ended/);
  for (let month = 1; month < 8; month++)
    assert.equal((await lock({month: `2026-0${month}`})).body.total, '100.01', 'the fee of each month stands in its statement');

  const months = async () => (await admin.get('/contracts/fin-2026/statements')).body;
  const open = await months();
  assert.deepEqual([open.changed, open.items.length], ['0.00', 7]);
  assert.deepEqual(open.open.slice(0, 3).map(({month, state, total, locks_from: from}) => [month, state, total, Date.parse(from)]), [
    ['2026-08', 'ready', '105.01', Date.parse('2026-09-06T00:00:00+08:00')], ['2026-09', 'waiting', '110.01', Date.parse('2026-10-06T00:00:00+08:00')],
    ['2026-10', 'waiting', '100.01', Date.parse('2026-11-06T00:00:00+08:00')]], 'with the days of grace, in the contract\'s zone');
  const draft = await lock({month: '2026-08', fees_by: 'even', groups: ['desk'], dry_run: true});
  assert.equal(draft.status, 200);
  assert.match((await lock({month: '2026-09', dry_run: true})).body.detail, /lock 2026-08 first/);
  const august = (await lock({month: '2026-08', fees_by: 'even', groups: ['desk']})).body;
  assert.deepEqual(draft.body, {...august, locked_at: null, locked_by: null}, 'a dry run locks nothing and tells what would be');
  assert.deepEqual([august.total, august.corrections], ['105.01', []]);
  assert.equal((await lock({month: '2026-08'})).status, 409);
  assert.match((await lock({month: '2026-10'})).body.detail, /lock 2026-09 first/);
  assert.match((await lock({month: '2025-12'})).body.detail, /later month is locked/);

  await count('2026-08', 50); // arrived after the close
  assert.equal((await months()).changed, '0.50', 'what the next month that is locked corrects');
  const september = (await lock({month: '2026-09', groups: ['kitchen', 'all']})).body;
  assert.deepEqual(september.lines.map(({source, charge, amount}) => [source, charge, amount]),
    [['charge', 'fee', '100.01'], ['charge', 'tokens', '10.00']]);
  assert.deepEqual(september.corrections, [{month: '2026-08', source: 'charge', charge: 'tokens', period: '2026-08-01/2026-09-01',
    metric: 'output', quantity: '550', amount: '0.50', steps: [{kind: 'amount', amount: '5.5'}, {kind: 'was', amount: '-5'}]}]);
  assert.deepEqual(september.lines[1].steps, arithmetic, 'a locked month keeps what it was locked with');
  assert.equal(september.total, '110.51');
  assert.deepEqual(september.allocation, [
    {group: 'kitchen', usage: '2.63', fees: '33.34', total: '35.97'},
    {group: 'all', usage: '7.87', fees: '33.34', total: '41.21'},
    {group: null, usage: '0.00', fees: '33.33', total: '33.33'}], 'usage by its price 1:3:0, the fee by robots');

  assert.equal((await months()).changed, '0.00');
  const again = (await lock({month: '2026-10', fees_by: 'usage'})).body;
  assert.deepEqual([again.corrections, again.total], [[], '100.01'], 'a correction is told once');
  const csv = (await admin.get('/contracts/fin-2026/statements/2026-09?format=csv')).bytes.toString().split('\r\n');
  assert.equal(csv[3], 'fin-2026,2026-09,2026-08,charge,"tokens",2026-08-01/2026-09-01,"output",550,0.50,CNY');
  const shares = (await admin.get('/contracts/fin-2026/statements/2026-09?format=allocation-csv')).bytes.toString().split('\r\n');
  assert.equal(shares[1], 'fin-2026,2026-09,kitchen,2.63,33.34,35.97,CNY');
  assert.deepEqual((await admin.get('/contracts/fin-2026/statements/2026-09')).body, september);
  assert.deepEqual((await admin.get('/contracts/fin-2026/statements')).body.items.slice(0, 3).map(({month, total}) => [month, total]),
    [['2026-10', '100.01'], ['2026-09', '110.51'], ['2026-08', '105.01']]);
  await assert.rejects(stack.sql("DELETE FROM myna.statement"), /locked/);

  assert.equal((await lock({month: '2026-13'})).body.errors[0].pointer, '/month');
  assert.equal((await lock({month: '2026-11', groups: ['desk', 'desk']})).body.errors[0].pointer, '/groups');
  assert.equal((await admin.get('/contracts/none/bill')).status, 404);
  assert.equal((await admin.get('/contracts/none/statements')).status, 404);
  assert.equal((await admin.post('/contracts/none/statements', {month: '2026-09'})).status, 404);
  assert.equal((await admin.get('/contracts/fin-2026/statements/2025-07')).status, 404);
  assert.equal((await admin.get('/contracts/fin-2026/bill?as_of=now')).body.errors[0].pointer, '?as_of');
});

test('a back office reports usage once, rated and billed like robots\' own', async () => {
  const video = {contract: 'video-2026', vendor: 'yingshi', currency: 'CNY', zone: 'Asia/Shanghai',
    term: {from: '2026-01-01', to: '2027-01-01'}, charges: [
      {name: 'video', kind: 'unit', metric: 'video_ms', models: ['reel'], price: '0.06', unit: 1000, per: 'month', included: 5000}]};
  await admin.post('/vendors', {id: 'yingshi', base_url: 'https://yingshi.example/v1', key: 'k'});
  const report = (body) => admin.post('/vendors/yingshi/usage', body);
  const row = (request_id, video_ms, more = {}) =>
    ({request_id, at: '2026-10-05T10:00:00+08:00', model: 'reel', metrics: {video_ms, requests: 1}, ...more});

  assert.equal((await report({usage: [row('v1', 1)]})).body.errors[0].pointer, '/contract');
  assert.equal((await admin.post('/contracts', video)).status, 201);
  const first = await report({usage: [row('v1', 4000), row('v2', 4000, {device: 'fa'})]});
  assert.equal(first.status, 201);
  assert.deepEqual([first.body.booked, first.body.known, first.body.price, first.body.currency], [2, 0, '0.18', 'CNY']);
  const again = await report({usage: [row('v2', 4000, {device: 'fa'}), row('v3', 2000)]});
  assert.deepEqual([again.body.booked, again.body.known, again.body.price], [1, 1, '0.12']);
  const other = await report({usage: [row('v4', 1), row('v3', 2001)]});
  assert.deepEqual([other.status, other.body.errors[0].pointer], [409, '/usage/1/request_id']);

  const bill = (await admin.get('/contracts/video-2026/bill')).body.lines.find(({period}) => period === '2026-10-01/2026-11-01');
  assert.deepEqual([bill.quantity, bill.amount], ['10000', '0.30']);
  const billedAt = async (time) => (await admin.get(`/contracts/video-2026/bill?as_of=${encodeURIComponent(time)}`)).body.lines.at(-1);
  assert.deepEqual(['2026-10-01/2026-11-01', '0'], [(await billedAt('2026-10-05T10:00:00+08:00')).period, (await billedAt('2026-10-05T10:00:00+08:00')).quantity]);
  assert.equal((await billedAt('2026-10-05T10:00:00.001+08:00')).quantity, '10000');
  assert.deepEqual(await stack.sql(`SELECT count(*), sum(price)::float8 FROM myna.usage WHERE vendor_id = 'yingshi'`), [['3', '0.3']]);
  assert.deepEqual((await admin.get('/devices/fa/usage')).body.items.filter(({vendor}) => vendor === 'yingshi').length, 1);

  const refused = async (rows, pointer) => {
    const {status, body} = await report({usage: rows});
    assert.deepEqual([status, body.errors[0].pointer], [422, pointer]);
  };
  await refused([row('x1', 1), row('x1', 1)], '/usage/1/request_id');
  await refused([row('x1', '0.5')], '/usage/0/metrics');
  await refused([row('x1', 1, {at: '2031-01-01T00:00:00Z'})], '/usage/0/at');
  await refused([row('x1', 1), row('x2', 1, {at: new Date(Date.now() + 3600e3).toISOString()})], '/usage/1/at');
  await refused([row('x1', 1, {model: 'unheard-of'})], '/usage/0/metrics');
  await refused([row('x1', 1), row('x2', 1, {metrics: {video_ms: 1, output: 5}})], '/usage/1/metrics');
  await refused([row('x1', 1, {poem: 1})], '/usage/0/poem');
  await refused([row('x1', 1, {elsewhere: true})], '/usage/0');
  await refused([{...row('x1', 1), request_id: undefined}], '/usage/0/request_id');
  assert.equal((await admin.post('/vendors/nobody/usage', {usage: [row('x1', 1)]})).status, 404);
  assert.equal((await stack.sql(`SELECT 1 FROM myna.vendor_usage`)).length, 3, 'all rows or none');
});

test('records are rated again on demand, and what they cost already costs nothing more', async () => {
  const again = (body) => admin.post('/contracts/video-2026/rerate', body);
  const dry = await again({dry_run: true});
  assert.deepEqual([dry.status, dry.body.records, dry.body.changed, dry.body.before, dry.body.after, dry.body.dry_run],
    [200, 3, 0, '0.3', '0.3', true]);
  assert.equal((await again({})).body.changed, 0);
  assert.deepEqual(await stack.sql(`SELECT count(*) FROM myna.audit WHERE action = 'usage.rerate'`), [['1']]);
  assert.equal((await admin.post('/contracts/nowhere/rerate', {})).status, 404);
  assert.equal((await again({from: 'yesterday'})).status, 400);
});

// The open pool of a budget of ours.
const pool = async (id) => (await admin.get(`/pools?open=true&source=budget:${id}`)).body.items[0];

test('I2: what the vendor says of a worst case is given back to the pools that it was charged to', async () => {
  const at = "date_trunc('day', now()) + interval '1 s'";
  await attempt(21, {at, provenance: 4, input: 1000, output: 2000});
  await attempt(22, {at});
  const budget = {scope: 'vendor', subject: 'dahan', per: 'once', at_most: '5000', models: ['big']};
  for (const more of [{id: 'answers', metric: 'output'}, {id: 'money', metric: 'spend', currency: 'CNY'}])
    assert.equal((await admin.post('/budgets', {...budget, ...more})).status, 201);
  const before = [await pool('answers'), await pool('money')];
  const line = JSON.stringify({request_id: `${turn(21)}-1`, input: 90, cached: 0, output: 30, reasoning: 0});
  const {body} = await admin.post('/vendors/dahan/usage-imports', line, {'Content-Type': 'application/x-ndjson'});
  assert.equal(body.settled, 1);

  const [answers, money] = [await pool('answers'), await pool('money')];
  assert.deepEqual([Number(before[0].spent) - Number(answers.spent), Number(answers.free) - Number(before[0].free)], [1970, 1970]);
  const [[price]] = await stack.sql(`SELECT price FROM myna.usage_settlement WHERE seq = 21`);
  assert.equal((Number(before[1].spent) - Number(money.spent)).toFixed(9), (0.25 - Number(price)).toFixed(9));
  assert.deepEqual(await stack.sql(`SELECT count(*) FROM myna.pool_charge WHERE seq = 21`), [['0']]);
});

test('I2: what a back office reports counts in the pools that bind it, also beyond them', async () => {
  const at = new Date().toISOString();
  const contract = {contract: 'reel-2026', vendor: 'yingshi', currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2020-01-01', to: '2050-01-01'},
    charges: [{name: 'video', kind: 'unit', metric: 'video_ms', models: ['reel'], price: '0.06', unit: 1000, per: 'month'}],
    caps: [{name: 'seconds', metric: 'video_ms', at_most: 9000, per: 'term', hard: true}]};
  assert.equal((await admin.post('/contracts', contract)).status, 201);
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['v1', 'v2']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  assert.equal((await admin.post('/groups', {id: 'stage'})).status, 201);
  assert.equal((await admin.put('/groups/stage/devices/v1')).status, 204);
  const money = {metric: 'spend', currency: 'CNY', per: 'once', at_most: '1'};
  for (const more of [{scope: 'vendor', subject: 'yingshi'}, {scope: 'device', subject: 'v1'}, {scope: 'group', subject: 'stage'}, {scope: 'fleet'}])
    assert.equal((await admin.post('/budgets', {...money, ...more, id: `by-${more.scope}`})).status, 201);
  const spent = async () => Object.fromEntries(await Promise.all(['vendor', 'device', 'group', 'fleet'].map(async (scope) => [scope, await pool(`by-${scope}`)])));
  const before = await spent();
  const row = (request_id, video_ms, device) => ({request_id, at, model: 'reel', metrics: {video_ms, requests: 1}, ...device && {device}});
  const report = async (usage) => (await admin.post('/vendors/yingshi/usage', {contract: 'reel-2026', usage})).status;

  assert.equal(await report([row('w1', 2000), row('w2', 3000, 'v1'), row('w3', 1000, 'v2')]), 201);
  const after = await spent();
  const moved = Object.keys(after).map((scope) => [scope, (Number(after[scope].spent) - Number(before[scope].spent)).toFixed(2)]);
  assert.deepEqual(moved, [['vendor', '0.36'], ['device', '0.18'], ['group', '0.18'], ['fleet', '0.36']]);
  assert.equal(after.device.free, '0.82');
  const cap = async () => (await admin.get('/pools?open=true&source=cap:reel-2026:seconds')).body.items[0];
  assert.deepEqual([(await cap()).spent, (await cap()).over], ['6000', false]);

  assert.equal(await report([row('w1', 2000), row('w4', 5000, 'v1')]), 201, 'it happened');
  assert.deepEqual([(await cap()).spent, (await cap()).free, (await cap()).over], ['11000', '0', true]);
  assert.equal((await pool('by-device')).spent, '0.48');
});

test('documents applied one after the other around usage leave its price and its bill', async () => {
  const document = (price) => ({contract: 'often', vendor: 'yingshi', currency: 'CNY', zone: 'Asia/Shanghai',
    charges: [{kind: 'unit', metric: 'video_ms', per: 'month', price, unit: 1000}]});
  assert.equal((await admin.post('/contracts', document('1'))).status, 201);
  const apply = async (price) => {
    const {status} = await admin.post('/contracts/often/versions', {effective_from: new Date().toISOString(), document: document(price)});
    assert.equal(status, 201);
  };
  const book = async (id) => {
    const {status} = await admin.post('/vendors/yingshi/usage', {contract: 'often', usage: [{request_id: id,
      at: new Date().toISOString(), model: 'v', metrics: {video_ms: 5000}}]});
    assert.ok(status === 200 || status === 201, String(status));
  };
  await book('often-1');
  await apply('2');
  await book('often-2');
  await apply('3');
  await apply('4');
  await book('often-3');
  const {status, body} = await admin.get('/contracts/often/bill');
  assert.equal(status, 200);
  assert.equal(body.total, '15.00', 'prices change at midnight');
  assert.deepEqual((await stack.sql(`SELECT sum(price)::text FROM myna.usage WHERE contract_id = 'often'`))[0], ['15']);
});
