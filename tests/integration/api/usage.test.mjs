// Sums of usage: by what people ask, in which zone, as JSON and as a file; each attempt once.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
let stack;
let admin;
let env;

// Records of two vendors on 5 March 2026 where the contracts count, and one in the first minutes of the
// 6th there, which is still the 5th in Berlin.
const NAMED = 'odd, "model"';
const RECORDS = [
  ['r1', '2026-03-05 10:20+08', 'big', 'm', 100, 10, '0.25'],
  ['r1', '2026-03-05 10:40+08', 'big', 'm', 200, 20, '0.5'],
  ['r2', '2026-03-05 11:05+08', 'big', NAMED, 300, 30, '0.75'],
  ['r3', '2026-03-05 23:10+08', 'small', 's', 400, 40, '1'],
  ['r3', '2026-03-06 00:15+08', 'small', 's', 500, 50, '1.5'],
];

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 3})).body;
  for (const id of ['r1', 'r2', 'r3']) assert.equal((await new Robot(id).enrol(stack, code)).status, 200);
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('big', 'https://a.example'), ('small', 'https://b.example');
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)
      VALUES ('big-2026', 'big', 'CNY', 'Asia/Shanghai'), ('small-2026', 'small', 'CNY', 'Asia/Shanghai');
    INSERT INTO myna.device_group (group_id, name) VALUES ('desk', 'Desk'), ('shop', 'Shop');
    INSERT INTO myna.group_member (group_id, device_id) VALUES ('desk', 'r1'), ('desk', 'r2'), ('shop', 'r1')`);
  for (const [n, [device, at, vendor, model, input, output, price]] of RECORDS.entries()) {
    await stack.sql(`INSERT INTO myna.usage SELECT '${device}', '11111111-1111-4111-8111-111111111111', ${n}, '${at}', '${at}',
      gen_random_uuid(), 1, '${vendor}', '${model}', '${model}', '${vendor}-2026', 1, '', 1, 1, 0, 900, 120, 300, false, 3,
      100, 200, ${input}, 0, 0, 0, ${output}, 0, 0, 0, 0, 0, 1, ${price}, 'CNY'`);
  }
  await stack.sql(`INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, attempts, failed, requests,
      input_uncached, output, price)
    SELECT contract_id, (at AT TIME ZONE 'Asia/Shanghai')::date, vendor_id, model, currency, count(*), 0, sum(requests),
      sum(input_uncached), sum(output), sum(price) FROM myna.usage GROUP BY 1, 2, 3, 4, 5`);
  const {key} = (await admin.post('/api-keys', {name: 'usage', role: 'viewer'})).body;
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key, MYNACTL_CONFIG: join(stack.home, 'none')};
});

after(() => stack?.end());

const MARCH = 'from=2026-03-01&to=2026-03-31';
const ask = async (query) => (await admin.get(`/usage?${MARCH}&${query}`)).body;
const rows = async (query, ...names) => (await ask(query)).items.map((item) => names.map((name) => item[name]));

test('sums are by any of vendor, model, contract, group and robot, and by pairs of them', async () => {
  assert.deepEqual(await rows('by=vendor', 'vendor', 'attempts', 'price'), [['big', 3, '1.5'], ['small', 2, '2.5']]);
  assert.deepEqual(await rows('by=model,vendor&vendor=big', 'vendor', 'model', 'output'), [['big', 'm', 30], ['big', NAMED, 30]]);
  assert.deepEqual(await rows('by=contract&contract=small-2026', 'contract', 'input_uncached'), [['small-2026', 900]]);
  assert.deepEqual(await rows('by=device', 'device', 'attempts'), [['r1', 2], ['r2', 1], ['r3', 2]]);
  assert.deepEqual(await rows('by=device,vendor&group=desk', 'device', 'vendor', 'output'), [['r1', 'big', 30], ['r2', 'big', 30]]);
  assert.deepEqual(await rows('by=vendor&device=r3', 'vendor', 'output'), [['small', 90]]);
});

test('a robot counts in each of its groups, one of none in the group without a name, and totals count all once', async () => {
  assert.deepEqual(await rows('by=group', 'group', 'attempts'), [['', 2], ['desk', 3], ['shop', 2]]);
  for (const by of ['group', 'device,group', 'vendor', 'class', 'day']) {
    const [total, ...more] = (await ask(`by=${by}`)).totals;
    assert.deepEqual([total.currency, total.attempts, total.output, total.price, more.length], ['CNY', 5, 150, '4', 0], by);
  }
});

test('a class has its quantity in a row of its own', async () => {
  assert.deepEqual(await rows('by=class,vendor', 'vendor', 'class', 'quantity'), [
    ['big', 'input_uncached', 600], ['big', 'output', 60], ['big', 'requests', 3],
    ['small', 'input_uncached', 900], ['small', 'output', 90], ['small', 'requests', 2],
  ]);
});

test('time goes from hours to years, in the contract\'s zone or in another', async () => {
  assert.deepEqual(await rows('by=hour&vendor=big', 'hour', 'attempts'), [['2026-03-05T02:00:00Z', 2], ['2026-03-05T03:00:00Z', 1]]);
  assert.deepEqual(await rows('by=day', 'day', 'attempts'), [['2026-03-05', 4], ['2026-03-06', 1]]);
  assert.deepEqual(await rows('by=day,device', 'day', 'device', 'attempts').then((all) => all.at(-1)), ['2026-03-06', 'r3', 1]);
  assert.deepEqual(await rows('by=day&zone=Asia/Shanghai', 'day', 'attempts'), [['2026-03-05', 4], ['2026-03-06', 1]]);
  assert.deepEqual(await rows('by=day&zone=Europe/Berlin', 'day', 'attempts'), [['2026-03-05', 5]]);
  assert.deepEqual(await rows('by=week', 'week', 'attempts'), [['2026-03-02', 5]]);
  assert.deepEqual(await rows('by=month', 'month', 'attempts'), [['2026-03-01', 5]]);
  assert.deepEqual(await rows('by=quarter', 'quarter', 'attempts'), [['2026-01-01', 5]]);
  assert.deepEqual(await rows('by=year,vendor', 'year', 'vendor'), [['2026-01-01', 'big'], ['2026-01-01', 'small']]);
  const one = (await admin.get('/usage?by=device&from=2026-03-06&to=2026-03-06')).body.items;
  assert.deepEqual(one.map(({device, attempts}) => [device, attempts]), [['r3', 1]]);
});

test('what counts most comes first and the rest is one row', async () => {
  assert.deepEqual(await rows('by=device&sort=cost', 'device', 'price'), [['r3', '2.5'], ['r1', '0.75'], ['r2', '0.75']]);
  assert.deepEqual(await rows('by=device&sort=output&top=1', 'device', 'rest', 'output'), [['r3', undefined, 90], [undefined, true, 60]]);
  assert.deepEqual(await rows('by=device,day&sort=cost&top=1', 'day', 'device', 'rest', 'attempts'),
    [['2026-03-05', 'r3', undefined, 1], ['2026-03-05', undefined, true, 3], ['2026-03-06', 'r3', undefined, 1]]);
});

// RFC 4180: rows of fields; a field in quotes may hold commas, and quotes doubled.
const parse = (text) => text.trimEnd().split('\r\n').map((line) =>
  [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, 24)
    .map(([, field]) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)));

test('the file has every row and always the same columns', async () => {
  const answer = await admin.get(`/usage?${MARCH}&by=model,group,month&format=csv`);
  assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
  assert.match(answer.headers['content-disposition'], /attachment; filename="usage.csv"/);
  const [head, ...lines] = parse(answer.bytes.toString());
  assert.equal(head.length, 24);
  const column = (name) => lines.map((line) => line[head.indexOf(name)]);
  assert.deepEqual(column('group'), ['desk', 'shop', 'desk', '']);
  assert.deepEqual(column('model'), ['m', 'm', NAMED, 's']);
  assert.deepEqual(column('period'), Array(4).fill('2026-03-01'));
  assert.deepEqual(column('price'), ['0.75', '0.75', '0.75', '2.5']);
  assert.deepEqual(column('vendor'), Array(4).fill(''));

  assert.deepEqual((await admin.get('/usage?from=2025-12-01&to=2026-04-30&by=quarter&format=csv')).bytes.toString().trim().split('\n').slice(1).map((line) => line.split(',')[0]), ['2026-01-01']);
  const classes = parse((await admin.get(`/usage?${MARCH}&by=class&format=csv`)).bytes.toString());
  assert.deepEqual(classes[0], head);
  assert.deepEqual(classes.slice(1).map((line) => [line.length, line[6], line[7], line[23]]),
    [[24, 'input_uncached', '1500', 'CNY'], [24, 'output', '150', 'CNY'], [24, 'requests', '5', 'CNY']]);
});

test('more rows than an answer holds are refused with the cure, and come as a file', async () => {
  await stack.sql(`INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts)
    SELECT 'many-' || n, '2026-04-01 00:00Z', 'big-2026', 'big', 'm', 'CNY', 1 FROM generate_series(1, 10001) n`);
  const refused = await admin.get('/usage?by=device&from=2026-04-01&to=2026-04-02');
  assert.equal(refused.status, 422);
  assert.match(refused.body.detail, /10,000 rows.*top=.*format=csv/);
  assert.equal((await admin.get('/usage?by=device&from=2026-04-01&to=2026-04-02&top=3')).body.items.length, 4);
  const file = await admin.get('/usage?by=device&from=2026-04-01&to=2026-04-02&format=csv');
  assert.equal(file.bytes.toString().split('\r\n').length, 10001 + 2);
  await stack.sql(`DELETE FROM myna.usage_hour WHERE device_id LIKE 'many-%'`);
});

test('a long file is its periods one after the other, in whichever zone and length they are', async () => {
  await stack.sql(`INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts)
    SELECT 'many-' || n, '2026-05-01 16:00Z'::timestamptz + h * interval '8 h', 'big-2026', 'big', 'm', 'CNY', 1
    FROM generate_series(1, 300) n, generate_series(0, 13) h`);
  await stack.sql(`INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, attempts)
    SELECT contract_id, (hour AT TIME ZONE 'Asia/Shanghai')::date, vendor_id, model, currency, sum(attempts)
    FROM myna.usage_hour WHERE device_id LIKE 'many-%' GROUP BY 1, 2, 3, 4, 5`);
  const file = async (query) => (await admin.get(`/usage?by=device,${query}&format=csv`)).bytes.toString();
  const keys = (text) => text.trimEnd().split('\r\n').slice(1).map((line) => line.split(',').filter((_, n) => n === 0 || n === 5).join(' '));
  for (const unit of ['hour', 'day', 'week']) {
    for (const zone of ['', '&zone=America/New_York']) {
      const rows = keys(await file(`${unit}&from=2026-04-20&to=2026-05-20${zone}`));
      assert.deepEqual(rows, [...rows].sort(), `${unit}${zone}`);
      assert.equal(new Set(rows).size, rows.length, `${unit}${zone}: a period of a robot has one row`);
      assert.equal(rows.length, 300 * {hour: 14, day: 5, week: 2}[unit], `${unit}${zone}`);
    }
  }
  assert.deepEqual(keys(await file('day&from=2026-05-03&to=2026-05-03')).length, 300);
  const open = await file('day&from=2026-05-03');
  assert.deepEqual([...new Set(keys(open).map((key) => key.split(' ')[0]))], ['2026-05-03', '2026-05-04', '2026-05-05', '2026-05-06']);
  await stack.sql(`DELETE FROM myna.usage_hour WHERE device_id LIKE 'many-%'; DELETE FROM myna.usage_day WHERE day > '2026-05-01'`);
});

test('what is asked wrongly is told by its parameter', async () => {
  for (const [query, pointer] of [['by=colour', '?by'], ['by=day,month', '?by'], ['sort=name', '?sort'], ['top=0', '?top'],
    ['top=1001', '?top'], ['from=yesterday', '?from'], ['to=infinity', '?to'], ['zone=Mars/North', '?zone'], ['format=xml', '?format']]) {
    const {status, body} = await admin.get(`/usage?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.errors[0].pointer, pointer);
  }
});

// What failed, was cut short and was settled since, in April; robots of r1's day stay as they were.
const insert = (seq, {device = 'r1', at, vendor = 'big', attempt = 1, provenance = 1, outcome = 1, error = 0, requests = 1, served = 'm'}) =>
  stack.sql(`INSERT INTO myna.usage SELECT '${device}', '22222222-2222-4222-8222-222222222222', ${seq}, '${at}', '${at}',
    gen_random_uuid(), ${attempt}, '${vendor}', 'm', '${served}', '${vendor}-2026', 1, '', ${provenance}, ${outcome}, ${error}, 900, 120, 300, false, 3,
    100, 200, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, ${requests}, 0.1, 'CNY'`);
const attempts = async (query, from = admin) => {
  const {status, body} = await from.get(`/attempts?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const seen = async (query, from) => (await attempts(query, from)).items.map(({device, at}) => `${device} ${at.slice(5, 16)}`);

test('a number of usage opens the attempts behind it, newest first', async () => {
  await insert(1, {at: '2026-04-10 15:59Z', outcome: 5, error: 2});
  await insert(2, {at: '2026-04-10 16:01Z', outcome: 5, error: 8});
  await insert(3, {at: '2026-04-10 17:00Z', device: 'r2', provenance: 3, served: 'served'});
  await insert(4, {at: '2026-04-10 18:00Z', device: 'r3', vendor: 'small', provenance: 4, outcome: 6});
  await insert(5, {at: '2026-04-10 19:00Z', device: 'r3', vendor: 'small', attempt: 0, requests: 7, outcome: 5, error: 8});
  const [[file]] = await stack.sql(`INSERT INTO myna.usage_import (vendor_id, file_hash, created_by, rows, equal, settled, different, unknown)
    VALUES ('big', '\\x00', 'operator:admin', 1, 0, 1, 0, 0) RETURNING import_id`);
  await stack.sql(`INSERT INTO myna.usage_settlement VALUES ('r2', '22222222-2222-4222-8222-222222222222', 3, ${file}, 10, 0, 2, 0, 0.2)`);

  const april = 'from=2026-04-10&to=2026-04-11';
  assert.deepEqual(await seen(april), ['r3 04-10T19:00', 'r3 04-10T18:00', 'r2 04-10T17:00', 'r1 04-10T16:01', 'r1 04-10T15:59']);
  for (const [query, seqs] of [['outcome=failed', [5, 2, 1]], ['class=net', [5, 2]], ['class=busy', [1]], ['class=net&vendor=big', [2]],
    ['provenance=uncertain', [4]], ['provenance=estimated', [3]], ['outcome=lost', [4]], ['contract=small-2026', [5, 4]], ['vendor=big', [3, 2, 1]],
    ['device=r3', [5, 4]], ['device=r1&class=busy', [1]], ['device=r2&provenance=uncertain', []], ['group=shop', [2, 1]], ['group=desk', [3, 2, 1]],
    ['model=served', [3]], ['model=m', [5, 4, 3, 2, 1]], ['model=s', []], ['class=none', []]]) {
    const at = {1: 'r1 04-10T15:59', 2: 'r1 04-10T16:01', 3: 'r2 04-10T17:00', 4: 'r3 04-10T18:00', 5: 'r3 04-10T19:00'};
    assert.deepEqual(await seen(`${april}&${query}`), seqs.map((seq) => at[seq]), query);
  }
  const all = await attempts(april);
  assert.deepEqual([all.next, all.looked_to, all.kept_since], [null, null, null]);
  const [sum, , settled] = all.items;
  assert.deepEqual([sum.attempt, sum.requests], [0, 7]);
  assert.deepEqual([settled.settled, settled.output, settled.price], [true, 2, '0.2']);
  const {device, ...own} = (await admin.get('/devices/r2/usage')).body.items[0];
  assert.deepEqual({device, ...own}, settled);
});

test('days of attempts are the contract\'s or a zone\'s, times are exact, and the last is not meant', async () => {
  assert.deepEqual(await seen('from=2026-04-10&to=2026-04-10'), ['r1 04-10T15:59']);
  assert.deepEqual(await seen('from=2026-04-11&to=2026-04-11&device=r1'), ['r1 04-10T16:01']);
  assert.equal((await seen('from=2026-04-10&to=2026-04-10&zone=Europe/Berlin')).length, 5);
  assert.deepEqual(await seen('from=2026-04-10T16:01:00Z&to=2026-04-10T18:00:00Z'), ['r2 04-10T17:00', 'r1 04-10T16:01']);
  assert.deepEqual(await seen('from=2026-04-10T16:01:00Z&to=2026-04-10'), []);
});

test('pages of attempts follow each other without a gap, and tell what is no longer kept', async () => {
  const whole = (await attempts('limit=100')).items;
  assert.equal(whole.length, 10);
  for (const query of ['', 'outcome=failed', 'device=r3']) {
    const paged = [];
    let page;
    do {
      page = await attempts(`${query}&limit=2&after=${encodeURIComponent(page?.next ?? '')}`);
      paged.push(...page.items);
      assert.equal(page.looked_to === null, page.next === null);
    } while (page.next !== null);
    assert.deepEqual(paged, (await attempts(query)).items);
  }
  await stack.sql(`INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, attempts) VALUES ('big-2026', '2025-11-02', 'big', 'm', 'CNY', 3)`);
  assert.equal(Date.parse((await attempts('vendor=small')).kept_since), Date.parse('2026-03-05T02:20:00Z'));
  await stack.sql(`DELETE FROM myna.usage_day WHERE day = '2025-11-02'`);
});

test('a page of attempts looks at 20,000 records at most and tells where it goes on', async () => {
  await stack.sql(`INSERT INTO myna.usage SELECT 'r1', '33333333-3333-4333-8333-333333333333', n, '2026-06-01 00:00Z'::timestamptz + n * interval '1 s',
    '2026-06-02', gen_random_uuid(), 1, 'big', 'm', 'm', 'big-2026', 1, '', 1, 1, 0, 900, 120, 300, false, 3,
    100, 200, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0.1, 'CNY' FROM generate_series(1, 20001) n`);
  const first = await attempts('model=s');
  assert.deepEqual([first.items.length, Date.parse(first.looked_to)], [0, Date.parse('2026-06-01T00:00:02Z')]);
  const second = await attempts(`model=s&after=${encodeURIComponent(first.next)}`);
  assert.deepEqual([second.items.length, second.next], [2, null]);
  assert.equal((await seen('class=busy')).length, 1, 'what failed is found among what failed');
  assert.equal((await seen('vendor=small')).length, 4, 'and a vendor\'s among what is its own');
  await stack.sql(`DELETE FROM myna.usage WHERE journal_id = '33333333-3333-4333-8333-333333333333'`);
});

test('whoever is bound to groups or vendors finds their attempts alone', async () => {
  for (const [id, bound, found] of [['grouped', {groups: ['shop']}, ['r1']], ['buyer', {vendors: ['small']}, ['r3']],
    ['both', {groups: ['desk'], vendors: ['small']}, []], ['nowhere', {groups: []}, []]]) {
    assert.equal((await admin.post('/roles', {id, may: {attempts: 'viewer'}, ...bound})).status, 201);
    const {key} = (await admin.post('/api-keys', {name: id, role: id})).body;
    const page = await stack.as({Authorization: `Bearer ${key}`}).get('/attempts?limit=100');
    assert.deepEqual([...new Set(page.body.items.map(({device}) => device))], found, id);
  }
});

test('attempts that are asked for wrongly are told by their parameter', async () => {
  for (const [query, pointer] of [['class=unknown', '?class'], ['outcome=none', '?outcome'], ['provenance=sure', '?provenance'], ['from=yesterday', '?from'],
    ['to=2026-13-01', '?to'], ['zone=Mars/North', '?zone'], ['after=x', '?after'], ['limit=0', '?limit']]) {
    const {status, body} = await admin.get(`/attempts?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.errors[0].pointer, pointer);
  }
});

test('mynactl lists the same attempts', async () => {
  const table = (await run(process.env.MYNACTL, ['attempt', 'list', '--class', 'net', '--limit', '1', '--from', '2026-04-10'], {env})).stdout;
  assert.match(table, /r3 +net +small/);
  assert.match(table, /more: --after '?2026-04-10[^]*looked back to 2026-04-10T19:00/);
});

test('mynactl shows the same sums and prints the same file', async () => {
  const ctl = async (...words) => (await run(process.env.MYNACTL, words, {env})).stdout;
  const table = await ctl('usage', '--by', 'device,vendor', '--from', '2026-03-01', '--to', '2026-03-31', '--sort', 'cost', '--top', '1');
  assert.match(table, /small +r3 .*2\.5/);
  assert.match(table, /yes|true/);
  const file = await ctl('usage', '--by', 'group', '--from', '2026-03-01', '--to', '2026-03-31', '--csv');
  assert.equal(file, (await admin.get(`/usage?${MARCH}&by=group&format=csv`)).bytes.toString());
});
