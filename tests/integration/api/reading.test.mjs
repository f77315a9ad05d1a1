// What operators look for: alerts and changes by what they are about, keys by their last use, vendors by
// how they answered.
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

const get = async (path) => (await admin.get(path)).body;

test('alerts are found by kind, subject and severity', async () => {
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject) VALUES
    ('overrun', 'warning', 'device/r1'), ('overrun', 'warning', 'device/r2'), ('forged_message', 'critical', 'device/r1')`);
  const found = async (query) => (await get(`/alerts?${query}`)).items.map(({kind, subject}) => `${kind} ${subject}`);
  assert.deepEqual(await found('kind=overrun'), ['overrun device/r2', 'overrun device/r1']);
  assert.deepEqual(await found('subject=device/r1'), ['forged_message device/r1', 'overrun device/r1']);
  assert.deepEqual(await found('subject=device/r1&severity=warning'), ['overrun device/r1']);
  assert.equal((await admin.get('/alerts?severity=loud')).body.errors[0].pointer, '?severity');
});

test('changes are found by who made them, what they were and when', async () => {
  await admin.post('/operators', {id: 'anna', role: 'operator', password: 'a long password'});
  const anna = await stack.login('anna', 'a long password');
  await anna.post('/budgets', {id: 'evening', metric: 'requests', at_most: '900', per: 'day', scope: 'fleet'});
  await anna.post('/claims', {uses: 1});
  const found = async (query) => (await get(`/audit?${query}`)).items.map(({action}) => action);
  assert.deepEqual((await found('actor=anna')).slice(-1), ['login']);
  assert.deepEqual(await found('actor=operator:anna&action=claim'), ['claim.create']);
  assert.deepEqual(await found('action=claim.create'), ['claim.create']);
  assert.deepEqual(await found('action=clai'), []);
  const at = new Date((await get('/audit?action=claim')).items[0].at).toISOString(); // cut to a millisecond
  assert.deepEqual(await found(`action=claim&from=${at}`), ['claim.create']);
  assert.deepEqual(await found(`action=claim&until=${at}`), []);
  assert.equal((await admin.get('/audit?from=yesterday')).body.errors[0].pointer, '?from');
});

test('a key and an operator tell when they were last used', async () => {
  const {body} = await admin.post('/api-keys', {name: 'ci', role: 'viewer'});
  const last = async () => (await get('/api-keys')).items.find(({name}) => name === 'ci').last_used_at;
  assert.equal(await last(), null);
  await stack.as({Authorization: `Bearer ${body.key}`}).get('/fleet');
  assert.ok(Date.now() - new Date(await last()) < 60000);
  const operators = (await get('/operators')).items;
  assert.ok(Date.now() - new Date(operators.find(({id}) => id === 'root').last_login) < 600000);
});

test('how a vendor answered is told by the hour, with the robots that leave it out, and their routes with reason and times', async () => {
  const open = {model: 'm1', contract: 'c', class: 'net', failures: 4, since: '2026-11-23T10:00:00.000Z'};
  const circuits = [{vendor: 'dahan', ...open}, {vendor: 'erxian', ...open}, {vendor: 'dahan', ...open, class: 'auth', next: '2026-11-23T11:00:00.000Z'}];
  const {code} = (await admin.post('/claims', {uses: 3})).body;
  for (const id of ['r1', 'r2', 'r3']) assert.equal((await new Robot(id).enrol(stack, code)).status, 200);
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('dahan', 'http://127.0.0.1:1'), ('erxian', 'http://127.0.0.1:2');
    INSERT INTO myna.vendor_hour VALUES ('dahan', date_trunc('hour', now()), 'm1', -1, 90, 45000, 90),
      ('dahan', date_trunc('hour', now()), 'm2', -1, 10, 15000, 10), ('dahan', date_trunc('hour', now()), 'm1', 2, 7, 0, 0),
      ('dahan', date_trunc('hour', now()), 'm2', 2, 1, 0, 0), ('dahan', date_trunc('hour', now()), 'm1', 8, 2, 0, 0),
      ('dahan', now() - interval '30 hours', 'm1', -1, 5, 0, 0);
    UPDATE myna.device_link SET last_seen = now(), health = '{"left_out": ["dahan"]}' WHERE device_id = 'r1';
    UPDATE myna.device_link SET last_seen = now(), health = '${JSON.stringify({left_out: ['dahan', 'erxian'], circuits})}' WHERE device_id = 'r2';
    UPDATE myna.device_link SET last_seen = now() - interval '1 day', health = '{"left_out": ["dahan"]}' WHERE device_id = 'r3'`);
  const day = await get('/vendors/dahan/health?hours=24');
  assert.equal(day.hours.length, 1);
  const {attempts, failed, classes, first_token_ms: first} = day.hours[0];
  assert.deepEqual([attempts, failed, classes, first], [110, 10, {busy: 8, net: 2}, 600]);
  assert.deepEqual([day.heard, day.left_out], [2, {robots: 2, first: ['r1', 'r2'], classes: {auth: 1, net: 1},
    circuits: [{device: 'r2', next: null, ...circuits[0]}, {device: 'r2', ...circuits[2]}]}]);
  assert.deepEqual((await get('/devices/r2')).health.circuits, circuits);
  assert.equal((await get('/vendors/dahan/health')).hours.length, 2);
  assert.equal((await admin.get('/vendors/nobody/health')).status, 404);
  assert.deepEqual((await get('/vendor-health')).items.map(({id, attempts: n, failed: bad, left_out: out}) => [id, n, bad, out]),
    [['dahan', 110, 10, 2], ['erxian', 0, 0, 1]]);
});

// The last one: it damages the audit.
test('I7: the chain is verified in parts, and what was altered is found in its part', async () => {
  const whole = await get('/audit/verify');
  assert.deepEqual([whole.ok, whole.next, whole.rows], [true, null, whole.head]);
  let rows = 0;
  for (let part = {next: 0}; part.next !== null;) {
    part = await get(`/audit/verify?limit=3&after=${part.next}`);
    assert.ok(part.ok && part.rows <= 3);
    rows += part.rows;
  }
  assert.equal(rows, whole.head);
  await stack.sql("UPDATE myna.audit SET subject = 'device/other' WHERE seq = 4");
  assert.deepEqual((await get('/audit/verify?limit=3')).ok, true);
  assert.deepEqual((await get('/audit/verify?limit=3&after=3')).first_bad, 4);
  assert.equal((await get('/audit/verify')).first_bad, 4);
  await stack.sql('DELETE FROM myna.audit WHERE seq = 3');
  assert.equal((await get('/audit/verify?limit=3&after=3')).ok, false, 'the part\'s first row has nothing before it');
});
