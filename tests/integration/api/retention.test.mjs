// For how long what is kept: told, bounded, counted before it goes, and obeyed.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;
let key;

before(async () => {
  stack = hold(await Stack.create({bundle_days: '10'}));
  admin = await stack.login();
  key = (await admin.post('/api-keys', {name: 'ctl', role: 'admin'})).body.key;
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id).enrol(stack, code)).status, 200);
  const aged = (days) => `now() - interval '${days} days'`;
  await stack.sql(`INSERT INTO myna.command (command_id, device_id, kind, status, created_at, created_by, expires_at)
    SELECT gen_random_uuid(), 'r1', 'say', s, ${aged(100)}, 'operator:root', now() FROM (VALUES ('done'), ('refused'), ('waiting')) v(s);
    INSERT INTO myna.command (command_id, device_id, kind, status, created_at, created_by, expires_at) VALUES (gen_random_uuid(), 'r1', 'say', 'done', ${aged(5)}, 'operator:root', now());
    INSERT INTO myna.alert (kind, severity, subject, state, cleared_at, cleared_by) SELECT 'forged_message', 'info', 'device/r1', 'cleared', ${aged(30)}, 'mynad' FROM generate_series(1, 6000);
    INSERT INTO myna.alert (kind, severity, subject, state, cleared_at, cleared_by) VALUES ('forged_message', 'info', 'device/r1', 'cleared', ${aged(3)}, 'mynad');
    INSERT INTO myna.alert (kind, severity, subject, first_at) VALUES ('replayed_message', 'info', 'device/r1', ${aged(30)});
    INSERT INTO myna.bundle (bundle_id, device_id, at, asked_by, document) SELECT gen_random_uuid(), 'r1', ${aged(5)}, 'operator:root', '{}' FROM generate_series(1, 2);
    INSERT INTO myna.bundle (bundle_id, device_id, at, asked_by, document) VALUES (gen_random_uuid(), 'r1', ${aged(1)}, 'operator:root', '{}');
    INSERT INTO myna.face_picture VALUES ('r1', ${aged(20)}, ''), ('r2', ${aged(5)}, '');
    INSERT INTO myna.vendor_hour (vendor_id, hour, model, error_class, attempts) VALUES ('v', ${aged(40)}, 'm', -1, 1), ('v', ${aged(5)}, 'm', -1, 1);
    INSERT INTO myna.claim (code_hash, uses_allowed, expires_at, withdrawn_at, created_by) VALUES ('a', 1, ${aged(40)}, NULL, 'operator:root'),
      ('b', 1, now() + interval '1 day', ${aged(40)}, 'operator:root'), ('c', 1, ${aged(5)}, NULL, 'operator:root')`);
});

after(() => stack?.end());

function ctl(...words) {
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key};
  return new Promise((done) => execFile(process.env.MYNACTL, ['retention', ...words], {env}, (error, out, err) =>
    done({status: error?.code ?? 0, out, error: err})));
}

const count = async (table) => Number((await stack.sql(`SELECT count(*) FROM myna.${table}`))[0][0]);
const item = async (name) => (await admin.get('/retention')).body.items.find(({class: called}) => called === name);

test('each class tells for how long it is kept, or why it stays', async () => {
  const {items} = (await admin.get('/retention')).body;
  for (const {class: name, unit, why, least, most, keep} of items)
    if (unit === null) assert.ok(why, name);
    else assert.ok((keep >= least && keep <= most) || keep === 0, name);
  assert.deepEqual((({keep, usual, is_set}) => [keep, usual, is_set])(await item('bundles')), [10, 10, false], 'what the configuration says');
  assert.deepEqual((({keep, due}) => [keep, due])(await item('usage')), [0, 0], 'for ever');
  for (const name of ['audit', 'bills']) assert.equal((await item(name)).unit, null);
});

test('bounds hold, and what bills and the audit stand on cannot be set', async () => {
  assert.match((await admin.put('/retention/bundles', {keep: 366})).body.detail, /from 1 to 365$/);
  assert.match((await admin.put('/retention/bundles', {keep: 0})).body.detail, /from 1 to 365$/);
  assert.match((await admin.put('/retention/alerts', {keep: 3651})).body.detail, /or 0 for ever/);
  for (const name of ['audit', 'bills', 'nothing']) assert.equal((await admin.put(`/retention/${name}`, {keep: 30})).status, 404);
  assert.equal((await admin.put('/retention/alerts', {})).status, 400);
});

test('what a change would remove is told before, and nothing goes unasked', async () => {
  assert.deepEqual((await admin.put('/retention/alerts', {keep: 7, dry_run: true})).body, {class: 'alerts', keep: 7, forgets: 6000});
  assert.equal((await ctl('set', 'commands', '30', '--dry-run')).out, '2 of commands would go\n');
  const {status, error} = await ctl('set', 'commands', '30');
  assert.equal(status, 2);
  assert.match(error, /2 of commands would go and not come back: --yes does it/);
  assert.equal((await item('commands')).keep, 365);
  assert.equal((await ctl('set', 'commands', 'soon')).status, 2);
});

test('I7: of every class what has had its time goes, in batches; what is younger or waits for an answer does not', async () => {
  for (const [name, keep] of [['commands', '30'], ['alerts', '7'], ['bundles', '3'], ['pictures', '10'], ['vendor-hours', '7'], ['claims', '30']]) {
    const {status, error} = await ctl('set', name, keep, '--yes');
    assert.equal(status, 0, error);
  }
  const rows = (await admin.get('/audit?action=retention.update')).body.items;
  assert.deepEqual(rows.map(({subject, after: to}) => [subject, to.keep]), [['retention/claims', 30], ['retention/vendor-hours', 7], ['retention/pictures', 10], ['retention/bundles', 3], ['retention/alerts', 7], ['retention/commands', 30]]);
  assert.deepEqual((({keep, is_set, due}) => [keep, is_set, due])(await item('alerts')), [7, true, 6000]);
  await stack.stop();
  await stack.start(); // a run begins with the server
  // of each class what is younger stays, and what is not over; the code that both robots came by is one of the claims
  const left = {command: 2, alert: 2, bundle: 1, face_picture: 1, vendor_hour: 1, claim: 2};
  const counts = async () => Object.fromEntries(await Promise.all(Object.keys(left).map(async (table) =>
    [table, await count(`${table}${table === 'alert' ? " WHERE subject = 'device/r1'" : ''}`)])));
  await until(60, 'it did not go', async () => (await counts()).alert === left.alert && (await item('claims')).due === 0 && (await item('vendor-hours')).due === 0);
  assert.deepEqual(await counts(), left);
  assert.equal((await admin.get('/retention')).body.items.every(({due}) => !due), true);
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
  assert.match((await ctl('list')).out, /commands +30 +days/);
});
