// What keeps a robot from talking: one cause and its cure, by id or serial number.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
let stack;
let admin;
let env;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'viewer'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const {code} = (await admin.post('/claims', {uses: 3})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id, `SN ${id}/7`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const doctor = async (key) => (await admin.get(`/doctor?robot=${encodeURIComponent(key)}`)).body;
const link = (change, id = 'r1') => stack.sql(`UPDATE myna.device_link SET ${change} WHERE device_id = '${id}'`);
const online = `session_number = 5, session_id = '\\x00', session_hello = true, last_seen = now(), reported_generation = desired_generation`;

test('a robot is found by its id and by its serial number, and a claim code by its own', async () => {
  for (const key of ['r1', 'SN r1/7']) {
    const {device, serial, trouble, well} = await doctor(key);
    assert.deepEqual([device, serial, trouble.code, well], ['r1', 'SN r1/7', 'M24', false]);
  }
  await admin.post('/claims', {serial: 'SN-new'});
  const {device, trouble} = await doctor('SN-new');
  assert.deepEqual([device, trouble.code, trouble.word], [null, 'M11', 'not_enrolled']);
  assert.equal((await admin.get('/doctor?robot=nobody')).status, 404);
  assert.equal((await admin.get('/doctor')).body.errors[0].pointer, '?robot');
  assert.ok((await admin.get('/doctor/codes')).body.items.some(({code}) => code === 'M11'));
});

test('what the robot shows and what the server knows make one ranked answer', async () => {
  await link(online);
  assert.deepEqual([(await doctor('r1')).trouble.code, (await doctor('r1')).trouble.detail], ['M41', 'it has none']);
  await link(`health = '{"trouble": 52, "wifi_dbm": -88, "disk_free_mib": 2}'`);
  const {trouble, also, screen} = await doctor('r1');
  assert.deepEqual([trouble.code, trouble.detail, screen], ['M53', '2 MiB are free', 'M52']);
  assert.deepEqual(also.map(({code}) => code), ['M41', 'M52', 'M25']);
  await admin.post('/devices/r1/revoke');
  assert.deepEqual([(await doctor('r1')).trouble.code, (await doctor('r1')).also], ['M12', []]);
});

test('a route whose contract is no more is told with its flaw, failed attempts with their vendor', async () => {
  await link(online, 'r2');
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('dahan', 'http://127.0.0.1:1');
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES ('c1', 'dahan', 'CNY', 'Asia/Shanghai');
    UPDATE myna.layer SET settings = '{"routes": [{"vendor": "dahan", "model": "m1", "contract": "c1"}]}' WHERE layer_id = 'fleet'`);
  assert.match((await doctor('r2')).trouble.detail, /^dahan\/m1: the contract is not in force yet$/);
  await stack.sql(`INSERT INTO myna.contract_version (contract_id, version, effective_from, document, created_by) VALUES ('c1', 1, now(), '{}', 'x')`);
  assert.equal((await doctor('r2')).well, true);
  const attempt = (seq, outcome, error) => stack.sql(`INSERT INTO myna.usage (device_id, journal_id, seq, at, turn, attempt, vendor_id, model,
      model_served, contract_id, contract_version, vendor_request_id, provenance, outcome, error_class, duration_ms, first_token_ms, first_audio_ms,
      interrupted, generation, reserved_input, reserved_output, input_uncached, input_cached, cache_write_5m, cache_write_1h, output, reasoning,
      audio_in_ms, audio_out_chars, images, video_ms, requests, price, currency)
    VALUES ('r2', gen_random_uuid(), ${seq}, now(), gen_random_uuid(), 1, 'dahan', 'm1', '', 'c1', 1, '', 1, ${outcome}, ${error}, 1, 0, 0, false, 1,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 'CNY')`);
  for (const seq of [1, 2, 3]) await attempt(seq, 5, 2);
  const busy = (await doctor('r2')).trouble;
  assert.deepEqual([busy.code, busy.detail], ['M44', 'dahan: its last 3 attempts failed']);
  await attempt(4, 1, 0);
  assert.equal((await doctor('r2')).well, true, 'one that went well ends it');
  await attempt(5, 5, 5);
  assert.equal((await doctor('r2')).trouble.code, 'M42', 'a refused key is said at once');
});

test('who does not come to the CA that followed is told, once there was time for it, until the one before is retired', async () => {
  const [[older]] = await stack.sql("SELECT encode(id, 'hex') FROM myna.authority WHERE purpose = 'device-ca'");
  const codes = async () => {
    const {trouble, also} = await doctor('r2');
    return [trouble, ...also].filter((one) => one?.code === 'M16').map(({detail}) => detail);
  };
  await stack.sql(`INSERT INTO myna.authority (id, purpose, told_from) SELECT '\\x0102030405060708', 'device-ca', number FROM myna.key_list`);
  assert.deepEqual(await codes(), [], 'it had no time yet');
  await stack.sql("UPDATE myna.authority SET since = now() - interval '2 hours'");
  assert.deepEqual(await codes(), [`device-ca-${older}`]);
  await link('reported_generation = desired_generation - 1', 'r2');
  assert.deepEqual(await codes(), [], 'it was not reached by what tells it');
  await link('reported_generation = desired_generation', 'r2');
  await stack.sql("UPDATE myna.authority SET retired_at = now() WHERE id <> '\\x0102030405060708'");
  assert.deepEqual(await codes(), []);
});

test('mynactl names cause and cure in words, with the code of the screen', async () => {
  await link(`health = '{"trouble": 52}'`, 'r2');
  const {stdout} = await run(mynactl, ['doctor', 'SN r2/7'], {env});
  assert.match(stdout, /^r2, serial SN r2\/7, as of /);
  assert.match(stdout, /\n {2}cause {2}M42 the vendor refuses the key \(dahan: its last attempt failed\)\n {2}cure {3}store a valid key/);
  assert.match(stdout, /\n {2}also {3}M52 its owner has muted the microphone\n/);
  assert.match(stdout, /M52 stands on its screen/);
  const codes = (await run(mynactl, ['codes'], {env})).stdout;
  assert.match(codes, /M31 +the credit of each of its routes is used up +raise the cap .*, or wait for the next period\n/, 'no cure is cut');
});

test('a route that the robot leaves out is told, as the cause once no other answers', async () => {
  const route = {vendor: 'dahan', model: 'm1', contract: 'c1'};
  const tell = (...circuits) => link(`health = '${JSON.stringify({left_out: ['dahan'], circuits})}'`, 'r2');
  const away = {...route, class: 'net', failures: 3, since: '2026-11-23T10:00:00Z'};
  await stack.sql(`UPDATE myna.layer SET settings = '${JSON.stringify({routes: [route, {...route, model: 'm2'}]})}' WHERE layer_id = 'fleet'`);
  await stack.sql(`DELETE FROM myna.usage WHERE device_id = 'r2'`);
  await tell(away);
  const out = (await doctor('r2')).trouble;
  assert.deepEqual([out.code, out.word, out.detail], ['M47', 'route_left_out', 'dahan/m1: its last 3 attempts failed']);
  await tell(away, {...away, model: 'm2'});
  assert.deepEqual([(await doctor('r2')).trouble.code, (await doctor('r2')).also], ['M45', []]);
  await link(`health = '{}'`, 'r2');
  assert.equal((await doctor('r2')).well, true);
});

test('everything that happened to a robot stands in one list, page by page', async () => {
  await admin.post('/groups', {id: 'lobby'});
  await admin.put('/groups/lobby/devices/r2');
  await admin.post('/devices/r2/commands', {kind: 'identify'});
  const {headers} = await admin.get('/layers/device/r2');
  await admin.put('/layers/device/r2', {settings: {volume: 33}}, {'If-Match': headers.etag});
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject, state, cleared_at, cleared_by) VALUES ('overrun', 'warning', 'device/r2', 'cleared', now(), 'mynad')`);
  const seen = (set) => stack.sql(`UPDATE myna.device_link SET ${set} WHERE device_id = 'r2'`);
  await seen('session_number = 5, reported_generation = 9000, desired_generation = 9000');
  await seen('ended_session = 5, ended_at = now(), desired_generation = desired_generation + 1, desired_since = now()');
  for (const n of [6, 70]) await seen(`session_number = ${n}`); // 70 takes the place of the sixth
  const whole = (await admin.get('/devices/r2/timeline?limit=100')).body;
  assert.equal(whole.next, null);
  const entries = whole.items.map(({kind, what}) => `${kind} ${what}`);
  for (const entry of ['audit device.enrol', 'audit group.add', 'audit command.create', 'audit layer.update', 'alert overrun',
    'alert_over overrun', 'generation made']) assert.ok(entries.includes(entry), `${entry} in ${entries}`);
  const sessions = whole.items.filter(({kind}) => kind === 'session').map(({what, after}) => [what, after.session]);
  assert.deepEqual(sessions, [['began', 70], ['ended', 5], ['began', 5]], 'and no more than 64 of them');
  const generations = whole.items.filter(({kind}) => kind === 'generation').map(({what, after}) => [what, after.generation]);
  assert.deepEqual(generations.slice(0, 2), [['made', 9001], ['runs', 9000]]);
  assert.ok(whole.items.every(({subject}) => !/r1/.test(subject)));
  assert.equal(whole.items.find(({what}) => what === 'command.create').status, 'waiting');
  const times = whole.items.map(({at}) => Date.parse(at));
  assert.deepEqual(times, [...times].sort((a, b) => b - a));
  const paged = [];
  for (let after = ''; after !== null;) {
    const {body} = await admin.get(`/devices/r2/timeline?limit=2${after && `&after=${after}`}`);
    paged.push(...body.items);
    after = body.next;
  }
  assert.deepEqual(paged.map(({id}) => id), whole.items.map(({id}) => id), 'no entry is lost or told twice');
  assert.equal((await admin.get('/devices/none/timeline')).status, 404);
  assert.equal((await admin.get('/devices/r2/timeline?after=yesterday')).body.errors[0].pointer, '?after');
  assert.match((await run(mynactl, ['device', 'timeline', 'r2'], {env})).stdout, /layer\.update +layer\/device:r2 +operator:root/);
});

test('what a robot measures of itself is kept each ten minutes, once, and its newest word follows', async () => {
  await link(`last_seen = now(), health = '{"cpu_percent": 7, "memory_kib": 2048, "turns": 3, "wifi_dbm": -61}'`, 'r2');
  await stack.sql(`INSERT INTO myna.device_health SELECT 'r2', 5, now() - interval '3 hours', 1, 1, 1, 1, 1, 1, 1, 1, 0`);
  const history = async () => (await admin.get('/devices/r2/health')).body.items;
  const [first, last] = await history();
  assert.deepEqual([first.cpu_percent, last.cpu_percent, last.turns, last.wifi_dbm, last.disk_free_mib], [1, 7, 3, -61, 0]);
  assert.ok(Date.parse(first.at) < Date.parse(last.at));
  assert.equal((await history()).length, 2, 'the sample of this moment is not told beside it');
  assert.equal((await admin.get('/devices/none/health')).status, 404);
});
