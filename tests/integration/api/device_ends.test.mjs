// How a robot's time in the fleet is broken off, ended, or handed on to another.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  await admin.post('/groups', {id: 'lobby', name: 'Lobby'});
  await admin.post('/groups', {id: 'cn', name: 'All of China', filter: 'region = cn'});
});

after(() => stack?.end());

async function enrolled(id, order = {}) {
  const robot = new Robot(id);
  const {body: {code}} = await admin.post('/claims', order);
  const {status, body} = await robot.enrol(stack, code);
  assert.equal(status, 200);
  return {robot, certificate: body.certificate};
}

const device = async (id) => (await admin.get(`/devices/${id}`)).body;
const audit = async (id) => (await admin.get(`/audit?subject=device/${id}`)).body.items;

// What the broker is told to refuse.
const refused = async () => (await stack.sql("SELECT string_agg(device_id, ' ' ORDER BY device_id) FROM myna.device WHERE status IN ('revoked', 'retired')"))[0]?.[0] ?? '';

test('a retired robot is refused, and its history stays', async () => {
  const {robot, certificate} = await enrolled('r1', {group: 'lobby'});
  const {status, body} = await admin.post('/devices/r1/retire');
  assert.deepEqual([status, body.status, body.groups], [200, 'retired', ['lobby']]);
  assert.match(await refused(), /r1/);
  assert.equal((await robot.renew(stack, certificate)).status, 403);
  assert.deepEqual((await audit('r1')).map(({action}) => action), ['device.retire', 'device.enrol']);
  const again = await admin.post('/devices/r1/retire');
  assert.deepEqual([again.status, (await audit('r1')).length], [200, 2]);
  assert.equal((await admin.get('/doctor?robot=r1')).body.trouble.word, 'retired');
  assert.equal((await admin.post('/devices/nobody/retire')).status, 404);
});

test('a robot is in quarantine until it is released, with a reason in the audit', async () => {
  await enrolled('r2', {group: 'lobby'});
  assert.equal((await admin.post('/devices/r2/quarantine', {})).status, 400);
  const {status, body} = await admin.post('/devices/r2/quarantine', {reason: 'counts more than its vendor does'});
  assert.deepEqual([status, body.status, body.groups], [200, 'quarantined', ['lobby']]);
  assert.equal((await admin.get('/doctor?robot=r2')).body.trouble.word, 'quarantined');
  assert.equal((await admin.get('/devices/r2/why')).body.reasons[0].code, 'quarantined');
  const [row] = await audit('r2');
  assert.deepEqual([row.action, row.after], ['device.quarantine', {status: 'quarantined', reason: 'counts more than its vendor does'}]);
  const released = await admin.post('/devices/r2/release');
  assert.deepEqual([released.body.status, released.body.groups.sort()], ['active', ['lobby']]);
  assert.equal((await audit('r2'))[0].action, 'device.release');
});

test('what is revoked or retired is neither quarantined nor released', async () => {
  await enrolled('r3');
  await admin.post('/devices/r3/revoke');
  for (const [action, order] of [['quarantine', {reason: 'x'}], ['release', {}]]) {
    const {status, body} = await admin.post(`/devices/r3/${action}`, order);
    assert.equal(status, 409);
    assert.match(body.detail, /revoked or retired/);
  }
  assert.equal((await device('r3')).status, 'revoked');
});

test('a robot that takes another\'s place has its name, region, labels, groups and settings; the other is revoked', async () => {
  await enrolled('old', {group: 'lobby'});
  await enrolled('new');
  await admin.patch('/devices/old', {name: 'Kitchen', region: 'cn', labels: {floor: '7', loan: 'yes'}});
  await admin.patch('/devices/new', {labels: {loan: 'no'}});
  const write = async (id, settings) => {
    const {headers} = await admin.get(`/layers/device/${id}`);
    return admin.put(`/layers/device/${id}`, {settings}, {'If-Match': headers.etag});
  };
  assert.equal((await write('old', {volume: 11, screen_mark: 'old'})).status, 200);
  assert.equal((await write('new', {screen_mark: 'new'})).status, 200);
  const generation = (await device('new')).desired_generation;

  const {status, body} = await admin.post('/devices/old/swap', {by: 'new'});
  assert.equal(status, 200);
  assert.deepEqual([body.id, body.name, body.region, body.labels, body.replaces],
    ['new', 'Kitchen', 'cn', {floor: '7', loan: 'no'}, 'old']);
  assert.deepEqual(body.groups.sort(), ['cn', 'lobby']);
  assert.ok(body.desired_generation > generation);
  const {body: effective} = await admin.get('/devices/new/effective');
  const value = (name) => effective.items.find((item) => item.name === name).value;
  assert.deepEqual([value('volume'), value('screen_mark')], [11, 'new']);
  const old = await device('old');
  assert.deepEqual([old.status, old.replaced_by], ['revoked', 'new']);
  assert.match(await refused(), /old/);
  assert.equal((await audit('old')).some(({action, after: now}) => action === 'device.swap' && now.by === 'new'), true);
  assert.equal((await audit('old')).some(({action}) => action === 'credit.write_off'), true);
  assert.deepEqual((await audit('new'))[0].after.replaces, 'old');
  assert.equal((await admin.post('/devices/old/swap', {by: 'new'})).status, 200, 'again is harmless');
});

test('who is not in use, or replaces another already, takes nobody\'s place', async () => {
  await enrolled('r5');
  await enrolled('r6');
  await admin.post('/devices/r6/retire');
  for (const [by, status] of [['r5', 409], ['r6', 409], ['new', 409], ['nobody', 404]])
    assert.equal((await admin.post('/devices/r5/swap', {by})).status, status, by);
  assert.equal((await device('r5')).status, 'active');
});

// A vendor with one contract of licences, which costs 100 each.
async function licensed(vendor, replacement) {
  const year = new Date().getUTCFullYear();
  assert.equal((await admin.post('/vendors', {id: vendor, base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
  const {status, body} = await admin.post('/contracts', {contract: vendor, vendor, currency: 'CNY', zone: 'UTC',
    term: {from: `${year - 1}-01-01`, to: `${year + 2}-01-01`}, charges: [
      {kind: 'licence', price: '100', per: 'term', term: {months: 24}, replacement}],
    caps: [{metric: 'terminals', at_most: 10, per: 'term', hard: false}]});
  assert.ok(status < 300, JSON.stringify(body));
}

const DAY_MS = 86_400_000;
let requests = 0;

async function used(vendor, robot, at = Date.now()) {
  const {status, body} = await admin.post(`/vendors/${vendor}/usage`, {usage: [
    {request_id: `q${++requests}`, device: robot, at: new Date(at).toISOString(), model: 'm', metrics: {requests: 1}}]});
  assert.ok(status < 300, JSON.stringify(body));
}

const terminals = async (vendor) => (await admin.get(`/contracts/${vendor}/burndown`)).body.lines.find(({metric}) => metric === 'terminals').so_far;
const owed = async (vendor) => (await admin.get(`/contracts/${vendor}/bill`)).body.total;

test('I5: a robot that comes in the place of another goes on with its licence where the contract says so, also once the other is erased', async () => {
  for (const [vendor, replacement] of [['kind', 'free'], ['stern', 'consumes']]) await licensed(vendor, replacement);
  for (const id of ['zl1', 'al2', 'bl3']) await enrolled(id);
  for (const vendor of ['kind', 'stern']) {
    await used(vendor, 'zl1', Date.now() - 30 * DAY_MS);
    await used(vendor, 'zl1'); // on the day of the exchange, too
  }
  assert.deepEqual([await owed('kind'), await owed('stern')], ['100.00', '100.00']);

  assert.equal((await admin.post('/devices/zl1/swap', {by: 'al2'})).status, 200);
  for (const vendor of ['kind', 'stern']) await used(vendor, 'al2');
  assert.deepEqual([await terminals('kind'), await terminals('stern')], ['1', '2']);
  assert.deepEqual([await owed('kind'), await owed('stern')], ['100.00', '200.00']);
  assert.equal((await admin.post('/devices/al2/swap', {by: 'bl3'})).status, 200);
  await used('kind', 'bl3');
  assert.equal(await owed('kind'), '100.00', 'and on, from one to the next');

  assert.equal((await admin.post('/devices/al2/erase', {confirm: 'al2'})).status, 200);
  assert.equal((await device('bl3')).replaces, null);
  assert.equal((await device('zl1')).replaced_by, null);
  assert.deepEqual(await stack.sql("SELECT device_id FROM myna.tally WHERE device_id LIKE '%al2%'"), []);
  assert.deepEqual(await stack.sql("SELECT device_id FROM myna.device WHERE licence_from = 'al2' OR replaces = 'al2'"), []);
  await used('kind', 'bl3');
  assert.equal(await owed('kind'), '100.00');
  const rerated = await admin.post('/contracts/kind/rerate', {});
  assert.deepEqual([rerated.status, rerated.body.changed], [200, 0], JSON.stringify(rerated.body));
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
});

test('mynactl does all of it, and the audit still verifies', async () => {
  await enrolled('c1');
  await enrolled('c2');
  const {body: {key}} = await admin.post('/api-keys', {name: 'ends', role: 'admin'});
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const ctl = (...words) => new Promise((done) => {
    execFile(process.env.MYNACTL, words, {env, timeout: 60000}, (error, stdout, stderr) => done([error?.code ?? 0, stdout + stderr]));
  });
  assert.deepEqual(await ctl('device', 'quarantine', 'c1', 'odd'), [0, 'c1 is in quarantine\n']);
  assert.deepEqual(await ctl('device', 'release', 'c1'), [0, 'released c1\n']);
  assert.deepEqual(await ctl('device', 'swap', 'c1', 'c2'), [0, 'c2 took the place of c1, which is revoked\n']);
  assert.deepEqual(await ctl('device', 'retire', 'c2'), [0, 'retired c2\n']);
  const [code, text] = await ctl('device', 'swap', 'c1', 'c2');
  assert.equal(code, 1);
  assert.match(text, /cannot replace/);
  assert.equal((await ctl('audit', 'verify'))[0], 0);
});
