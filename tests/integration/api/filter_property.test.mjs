// Filters held against a plain reading of them: random robots, random filters, pages of any size.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const ROBOTS = 300;
const FILTERS = 40;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const LISTS = [['dahan'], ['erxian', 'dahan'], ['dahan', 'erxian'], []];

let state = SEED;
// xorshift32; a number from 0 below n
const below = (n) => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % n;
};
const one = (items) => items[below(items.length)];
const name = (n) => `p${String(n).padStart(4, '0')}`;

let stack;
let admin;
let robots;

// Times lie far from what they are compared with, and one lies ahead: a slow test is no other one.
const make = (n) => ({
  id: name(n), name: one(['Lobby', 'lobby 2', 'Reception', '']), serial: `SN-${name(n)}`, region: one(['cn', 'eu', '']),
  status: one(['active', 'active', 'active', 'retired']), floor: one(['7', '12', '-3.5', 'roof', null]), shop: one(['s1', 'S1', null]),
  software: one(['0.5.0', 'myna 0.10.1', 'robot 1.2', '', 'none']), hardware: one(['desk', '']), behind: below(2) === 1,
  seen_s: one([null, -50000, 5000, 400000]), age_s: one([5, 100000, 900000]), online: below(2) === 1, group: one(['g1', 'g2', null]),
  attempts: one([0, 0, 3, 40]), cost: one(['0', '0.75', '12.5']), currency: one(['CNY', 'USD']), month: one([0, 5]), list: one(LISTS),
});

const isOnline = (r) => r.online && r.seen_s !== null && r.seen_s < 0;
const version = (text) => {
  const found = /[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}/.exec(text);
  return found && [...found[0].split('.').map(Number), 0, 0, 0, 0].slice(0, 4);
};
const order = (a, b) => a.map((part, i) => part - b[i]).find((difference) => difference !== 0) ?? 0;
const compare = {'=': (d) => d === 0, '<': (d) => d < 0, '<=': (d) => d <= 0, '>': (d) => d > 0, '>=': (d) => d >= 0};

const words = (field, values, read) => () => {
  const value = one(values);
  const many = [value, one(values)];
  return one([
    [`${field} = "${value}"`, (r) => read(r).includes(value)], [`${field} != "${value}"`, (r) => !read(r).includes(value)],
    [`${field} in ("${many[0]}", "${many[1]}")`, (r) => read(r).some((text) => many.includes(text))],
    [`${field} contains "${value}"`, (r) => read(r).some((text) => text.toLowerCase().includes(value.toLowerCase()))],
    [`${field} starts "${value}"`, (r) => read(r).some((text) => text.toLowerCase().startsWith(value.toLowerCase()))],
  ]);
};
const number = (field, values, read, unit = '', ops = ['=', '<', '<=', '>', '>=']) => () => {
  const value = one(values);
  const op = one(ops);
  return [`${field} ${op} ${value}${unit}`, (r) => read(r) !== null && compare[op](read(r) - value)];
};
const flag = (field, read) => () => [field, read];
const some = (value) => (value === null ? [] : [value]);
const older = (read) => (r) => read(r) ?? Infinity;
const SIZES = ['<', '<=', '>', '>='];

const terms = [
  words('id', ['p0003', 'P0003', 'p00', 'p0299'], (r) => [r.id]), words('name', ['lobby', 'Lobby', 'zz'], (r) => [r.name]),
  words('serial', ['SN-p0007', 'sn', '9'], (r) => [r.serial]), words('region', ['cn', 'eu', 'x'], (r) => [r.region]),
  words('labels.floor', ['7', 'roof', '1'], (r) => some(r.floor)), words('labels.shop', ['s1', 'S1'], (r) => some(r.shop)),
  number('labels.floor', [7, 12, 0], (r) => (r.floor === null || r.floor === 'roof' ? null : Number(r.floor)), '', SIZES),
  words('hardware', ['desk', 'x'], (r) => [r.hardware]), words('group', ['g1', 'g2', 'g'], (r) => some(r.group)),
  flag('online', isOnline), flag('behind', (r) => r.behind),
  () => { const value = one(['active', 'retired']); return [`status = ${value}`, (r) => r.status === value]; },
  number('last_seen', [500, 50000], older((r) => r.seen_s), 's', SIZES), number('enrolled', [20000, 500000], (r) => r.age_s, 's', SIZES),
  () => {
    const op = one(Object.keys(compare));
    const value = one(['0.5', '0.10.1', '1.2', '2']);
    return [`software ${op} ${value}`, (r) => version(r.software) !== null && compare[op](order(version(r.software), version(value)))];
  },
  words('vendor', ['dahan', 'erxian', 'x'], (r) => r.list.slice(0, 1)), words('any_vendor', ['dahan', 'erxian', 'er'], (r) => r.list),
  number('attempts_today', [0, 3, 10], (r) => r.attempts), number('attempts_month', [0, 5, 8], (r) => r.attempts + r.month),
  () => {
    const [op, value, currency] = [one(Object.keys(compare)), one(['0', '0.75', '3']), one(['CNY', 'USD'])];
    return [`cost_today ${op} ${value} ${currency}`, (r) => compare[op]((r.currency === currency ? Number(r.cost) : 0) - Number(value))];
  },
];

function any(depth) {
  const kind = depth === 0 ? 0 : below(5);
  if (kind < 2) return one(terms)();
  const [text, holds] = any(depth - 1);
  if (kind === 2) return [`not (${text})`, (r) => !holds(r)];
  const [other, does] = any(depth - 1);
  return kind === 3 ? [`(${text} and ${other})`, (r) => holds(r) && does(r)] : [`(${text} or ${other})`, (r) => holds(r) || does(r)];
}

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 1})).body;
  assert.equal((await new Robot('a0', 'SN-a0').enrol(stack, code)).status, 200);
  for (const id of ['g1', 'g2']) await admin.post('/groups', {id});
  robots = Array.from({length: ROBOTS}, (_, n) => make(n));
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const isFirst = new Date().getUTCDate() === 1; // then nothing of the month lies before today
  if (isFirst) robots.forEach((robot) => { robot.month = 0; });
  // as many as an argument of a program may be long
  for (let i = 0; i < ROBOTS; i += 200) await stack.sql(`
    CREATE TEMP TABLE r AS SELECT * FROM jsonb_to_recordset('${JSON.stringify(robots.slice(i, i + 200))}') AS r(id text, name text, serial text, region text,
      status text, floor text, shop text, software text, hardware text, behind boolean, seen_s numeric, age_s numeric, online boolean,
      "group" text, attempts bigint, cost numeric, currency text, month bigint, list jsonb);
    INSERT INTO myna.device (device_id, name, serial, region, labels, status, created_at, certificate_serial, certificate_until,
      sealing_public, server_key_id, secret_wrapped)
    SELECT r.id, r.name, r.serial, r.region, jsonb_strip_nulls(jsonb_build_object('floor', floor, 'shop', shop)), r.status,
      now() - age_s * interval '1 s', r.serial, now(), '\\x00', t.server_key_id, '\\x00' FROM r, myna.device t WHERE t.device_id = 'a0';
    INSERT INTO myna.device_link (device_id, last_seen, session_number, session_hello, software, hardware, desired_generation,
      reported_generation)
    SELECT id, now() - seen_s * interval '1 s', 1, online, software, hardware, 2, CASE WHEN behind THEN 1 ELSE 2 END FROM r;
    INSERT INTO myna.group_member (group_id, device_id) SELECT "group", id FROM r WHERE "group" IS NOT NULL;
    INSERT INTO myna.layer (layer_id, device_id, changed_by, settings)
    SELECT 'device/' || id, id, 'test', jsonb_build_object('routes', (SELECT coalesce(jsonb_agg(jsonb_build_object('vendor', v, 'model', 'm',
      'contract', v || '-2026') ORDER BY n), '[]') FROM jsonb_array_elements_text(list) WITH ORDINALITY i(v, n))) FROM r;
    INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts, price)
    SELECT id, to_timestamp(${midnight / 1000}), 'c', 'v', 'm', currency, attempts, cost FROM r WHERE attempts > 0 OR cost > 0
    UNION ALL SELECT id, date_trunc('month', to_timestamp(${midnight / 1000}), 'UTC'), 'c', 'v', 'm', currency, month, 0 FROM r WHERE month > 0`);
});

after(() => stack?.end());

async function listed(filter, query = '') {
  const ids = [];
  let next = '';
  do {
    const {status, body} = await admin.get(`/devices?filter=${encodeURIComponent(filter)}&limit=${one([8, 400, 400])}&after=${next}${query}`);
    assert.equal(status, 200, `${filter}: ${body.detail}`);
    ids.push(...body.items.map(({id}) => id));
    next = body.next;
  } while (next);
  return ids.filter((id) => id !== 'a0');
}

const meant = (holds) => robots.filter(holds).map(({id}) => id);

async function holdAgainst(count) {
  for (let i = 0; i < count; i++) {
    const [text, holds] = any(3);
    assert.deepEqual(await listed(text), meant(holds), `SEED=${SEED}: ${text}`);
  }
}

test('any filter means whom a plain reading of it means', () => holdAgainst(FILTERS / 2));

test('also when what lists show is kept beside the robots, and for some of them is not yet', async () => {
  await stack.sql('SELECT myna.device_show(100000)');
  await holdAgainst(FILTERS / 4);
  await stack.sql("UPDATE myna.device_shown SET generation = 1 WHERE device_id LIKE '%5'");
  await holdAgainst(FILTERS / 4);
});

test('beside a filter a state, a group and a text narrow what is listed', async () => {
  for (let i = 0; i < 10; i++) {
    const [text, holds] = any(2);
    const wanted = {
      state: one([null, 'online', 'offline', 'behind']), group: one([null, 'g1']), q: one([null, '99', 'LOBBY']),
    };
    const query = Object.entries(wanted).filter(([, value]) => value).map(([key, value]) => `&${key}=${value}`).join('');
    const fits = (r) => (!wanted.state || (r.status === 'active' && {online: isOnline(r), offline: !isOnline(r), behind: r.behind}[wanted.state]))
      && (!wanted.group || r.group === wanted.group)
      && (!wanted.q || [r.id, r.name, r.serial, r.region, r.floor, r.shop].some((text) => text?.toLowerCase().includes(wanted.q.toLowerCase())));
    assert.deepEqual(await listed(text, query), meant((r) => holds(r) && fits(r)), `SEED=${SEED}: ${text} ${query}`);
  }
});
