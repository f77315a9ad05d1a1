// Why a robot has the values it has, and why it does not run its newest configuration.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {until} from '../../support/fleet.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 3})).body;
  for (const id of ['r1', 'r2', 'r3']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const put = async (layer, settings) => {
  const {headers} = await admin.get(`/layers/${layer}`);
  const {status} = await admin.put(`/layers/${layer}`, {settings}, {'If-Match': headers.etag});
  assert.equal(status, 200);
};
const why = async (id, query = '') => (await admin.get(`/devices/${id}/why${query}`)).body;
const codes = ({reasons}) => reasons.map(({code}) => code);
const link = (change, id = 'r1') => stack.sql(`UPDATE myna.device_link SET ${change} WHERE device_id = '${id}'`);
const online = `session_number = 5, session_id = '\\x00', session_hello = true, last_seen = now()`;

test('each value names who gave it and what the others say', async () => {
  await put('fleet', {volume: 10, language: 'en'});
  for (const [id, priority] of [['low', 1], ['high', 9]]) {
    await admin.post('/groups', {id, priority});
    await admin.put(`/groups/${id}/devices/r1`);
    await put(`group/${id}`, {volume: 10 + priority});
  }
  await put('device/r1', {volume: 40});
  const {settings} = await why('r1');
  const volume = settings.find(({name}) => name === 'volume');
  assert.deepEqual([volume.value, volume.given_by.layer, volume.given_by.revision, volume.given_by.by], [40, 'device:r1', 1, 'operator:root']);
  assert.deepEqual(volume.below.map(({layer, value}) => [layer, value]), [['group:high', 19], ['group:low', 11], ['fleet', 10]]);
  const pitch = settings.find(({name}) => name === 'voice_pitch');
  assert.deepEqual([pitch.value, pitch.given_by.layer, pitch.below], [50, 'default', []]);
  const one = await why('r1', '?setting=language');
  assert.deepEqual(one.settings.map(({name, given_by: by}) => [name, by.layer, by.revision]), [['language', 'fleet', 2]]);
  assert.deepEqual(one.routes, []);
  assert.equal((await admin.get('/devices/r1/why?setting=hat')).body.errors[0].pointer, '?setting');
  assert.equal((await admin.get('/devices/none/why')).status, 404);
  const whole = (await admin.get('/devices/r1/effective')).body.items;
  assert.deepEqual(settings.map(({name, value}) => [name, value]), whole.map(({name, value}) => [name, value]), 'it says what holds');
});

// No budget stands behind this threshold, so that the server takes it away when it next looks.
const holdByThreshold = () => stack.sql(`WITH t AS (INSERT INTO myna.threshold (source, scope, subject, rule, state, period_from, fired_at)
    VALUES ('budget:b1:80%', 'device', 'r1', '{"of": "spend", "at": "80%"}', 'fired', now(), now())
    ON CONFLICT DO NOTHING RETURNING threshold_id)
  INSERT INTO myna.enforcement SELECT threshold_id, 'limit_mode', '"throttled"', 3 FROM t`);

test('a threshold that holds a robot is named, with the layers that it overrules', async () => {
  await put('fleet', {volume: 10, language: 'en', limit_mode: 'none'});
  const seen = await until(20, () => 'the threshold was always taken away first', async () => {
    await holdByThreshold();
    const [mode] = (await why('r1', '?setting=limit_mode')).settings;
    return mode.value === 'throttled' && mode;
  });
  assert.deepEqual([seen.given_by.layer, seen.given_by.why], ['threshold:budget:b1:80%', 'reached 80% of spend']);
  assert.deepEqual(seen.below.map(({layer, value}) => [layer, value]), [['fleet', 'none']]);
  assert.ok(seen.given_by.at);
  await stack.sql('DELETE FROM myna.threshold');
});

test('who is not current is told why, from the first cause on', async () => {
  assert.deepEqual(codes(await why('r2')), ['offline_since']);
  await link(online, 'r2');
  assert.deepEqual(codes(await why('r2')), ['not_sent_yet']);
  await link('config_sends = 2', 'r2');
  assert.deepEqual(codes(await why('r2')), ['unanswered']);
  await link(`trial = jsonb_build_object('generation', desired_generation, 'verdict', 'failed', 'reason', 'the vendor answered 401')`, 'r2');
  const {reasons} = await why('r2');
  assert.equal(reasons[0].code, 'trial_failed');
  assert.match(reasons[0].text, /the vendor answered 401/);
  await link(`reported_generation = desired_generation, trial = '{}',
    setting_status = '[{"name": "volume", "outcome": "refused", "reason": "too loud"}, {"name": "language", "outcome": "needs_restart", "reason": ""}]'`, 'r2');
  const refused = await why('r2');
  assert.deepEqual([codes(refused), refused.current], [['refused', 'needs_restart'], false]);
  assert.deepEqual(refused.settings.filter(({outcome}) => outcome).map(({name, outcome, reason}) => [name, outcome, reason]),
    [['language', 'needs_restart', ''], ['volume', 'refused', 'too loud']]);
  assert.deepEqual(codes(await why('r2', '?setting=language')), ['needs_restart']);
  await link(`setting_status = '[]'`, 'r2');
  assert.deepEqual([codes(await why('r2')), (await why('r2')).current], [[], true]);
  await admin.post('/devices/r2/revoke');
  assert.deepEqual(codes(await why('r2')), ['revoked']);
});

test('routes say what keeps them from serving', async () => {
  const terms = {currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2026-01-01', to: '2027-01-01'},
    charges: [{kind: 'unit', metric: 'output', models: ['*'], price: '2.00', unit: 1000000}]};
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://dahan.example/v1', region: 'cn'});
  await admin.post('/contracts', {...terms, contract: 'dahan-2026', vendor: 'dahan'});
  await put('device/r3', {routes: [{vendor: 'dahan', model: 'm', contract: 'dahan-2026'}]});
  assert.deepEqual((await why('r3')).routes, [{vendor: 'dahan', model: 'm', contract: 'dahan-2026', use: 'chat', flaw: '', starved_by: []}]);
  await admin.patch('/devices/r3', {region: 'eu'});
  assert.match((await why('r3')).routes[0].flaw, /which region "eu" does not allow/);
  await stack.sql(`UPDATE myna.layer SET settings = '{"routes": [{"vendor": "gone", "model": "m", "contract": "c"}]}' WHERE layer_id = 'device:r3'`);
  assert.equal((await why('r3', '?setting=routes')).routes[0].flaw, 'there is no such vendor');
});

test('a rollout tells what keeps its change from a robot, and gives it its value when it comes', async () => {
  const plan = {waves: [{share: '100%'}]};
  await link(`${online}, reported_generation = desired_generation`);
  await stack.sql(`INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, state, step, wave, author)
      VALUES ('louder', 'fleet', '{"voice_pitch": 77}', '${JSON.stringify(plan)}', 'running', 'publishing', 1, 'operator:root');
    INSERT INTO myna.rollout_device (rollout_id, device_id, place) VALUES ('louder', 'r1', 1)`);
  const waiting = await why('r1');

  assert.deepEqual([codes(waiting), waiting.rollout.id, waiting.rollout.device_wave], [['wave_not_open'], 'louder', null]);
  const pitch = (body) => body.settings.find(({name}) => name === 'voice_pitch');
  assert.deepEqual([pitch(waiting).value, pitch(waiting).coming], [50, {rollout: 'louder', value: 77}]);
  assert.deepEqual(codes(await why('r1', '?setting=volume')), [], 'a setting that it does not change is current');
  await stack.sql(`UPDATE myna.rollout_device SET wave = 1`);
  assert.deepEqual(codes(await why('r1')), ['rate_limited']);
  const minute = new Date().getUTCHours() * 60 + new Date().getUTCMinutes();
  const clock = (at) => `${String(Math.floor((at % 1440) / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`;
  await stack.sql(`UPDATE myna.rollout SET plan = plan || '{"windows": ["${clock(minute + 120)}-${clock(minute + 180)}"]}'`);
  const shut = await why('r1');
  assert.deepEqual(codes(shut), ['window_shut']);
  const opens = Date.parse(shut.reasons[0].parameters.opens_at);
  assert.ok(opens > Date.now() + 110 * 60000 && opens <= Date.now() + 120 * 60000, shut.reasons[0].parameters.opens_at);
  const lives = (offset) => stack.sql(`UPDATE myna.device_link SET utc_offset = ${offset} WHERE device_id = 'r1'`);
  await lives(`'+02:30'`);
  assert.deepEqual(codes(await why('r1')), ['rate_limited'], 'by the own clock it is half an hour into them');
  await lives('NULL');
  const hour = (n) => new Date(Date.now() + n * 3600e3).toISOString();
  const calendar = await admin.post('/blackouts', {from: hour(-1), until: hour(2.5), reason: 'fair'});
  const dark = await why('r1');
  assert.deepEqual([calendar.status, codes(dark), Date.parse(dark.reasons[0].parameters.opens_at)], [201, ['blackout'], Date.parse(calendar.body.until)]);
  assert.equal((await admin.remove(`/blackouts/${calendar.body.id}`)).status, 204);
  await stack.sql(`UPDATE myna.rollout SET state = 'paused', step = 'judging', cause = 'red'`);
  assert.deepEqual(codes(await why('r1')), ['gate_red']);
  await stack.sql(`UPDATE myna.rollout SET has_open = true; UPDATE myna.rollout_device SET is_open = true, state = 'opened'`);
  const open = await why('r1');
  assert.deepEqual([pitch(open).value, pitch(open).given_by.layer, pitch(open).coming, codes(open)], [77, 'rollout:louder', null, []]);
});

const PLAN = JSON.stringify({waves: [{share: '100%'}], confirm: {test: true}});
const begin = (id, columns, values, more) => stack.sql(`DELETE FROM myna.rollout;
  INSERT INTO myna.rollout (rollout_id, layer_id, plan, author, ${columns}, state, step, cause, wave)
    VALUES ('${id}', 'fleet', '${PLAN}', 'operator:root', ${values}, ${more});`);
const member = (id, wave = 'NULL') => stack.sql(`INSERT INTO myna.rollout_device (rollout_id, device_id, place, wave) VALUES ('${id}', 'r1', 1, ${wave})`);
const manifest = (version) => JSON.stringify({signature: 'AAAA', document: JSON.stringify({manifest: 1, kind: 'mood', name: 'mood', version})});

test('who waits for a rollout of software is told so, who gave it what it has, and why that was refused', async () => {
  await link(`${online}, reported_generation = desired_generation, packages = '[{"kind": "mood", "name": "mood", "version": "1", "counter": 1,
    "wanted": "2", "step": "refused", "done": 0, "reason": "its counter is lower"}]'`);
  await begin('older', 'manifest, software_kind, software_name, software_version', `'${manifest('2')}', 'mood', 'mood', '2'`, "'completed', NULL, NULL, 1");
  await stack.sql(`INSERT INTO myna.layer_software (layer_id, kind, name, version, manifest, rollout_id) VALUES ('fleet', 'mood', 'mood', '2', '${manifest('2')}', 'older');
    INSERT INTO myna.rollout (rollout_id, layer_id, plan, author, manifest, software_kind, software_name, software_version, state, step, wave)
      VALUES ('newer', 'fleet', '${PLAN}', 'operator:root', '${manifest('3')}', 'mood', 'mood', '3', 'running', 'publishing', 2)`);
  await member('newer');
  const told = await why('r1');
  assert.deepEqual([codes(told), told.current, told.rollout.id], [['refused', 'wave_not_open'], false, 'newer']);
  assert.match(told.reasons[0].text, /mood mood 2/);
  assert.deepEqual(told.software, [{kind: 'mood', name: 'mood', version: '2', layer: 'fleet', by: 'operator:root', has: '1', step: 'refused',
    reason: 'its counter is lower', coming: {rollout: 'newer', version: '3'}}]);
  const one = await why('r1', '?setting=volume');
  assert.deepEqual([codes(one), one.software, one.rollout], [[], [], null]);
  await stack.sql(`UPDATE myna.rollout SET state = 'paused', step = 'judging', cause = 'red' WHERE rollout_id = 'newer'`);
  assert.deepEqual(codes(await why('r1')), ['refused', 'gate_red']);
  await stack.sql(`DELETE FROM myna.layer_software; UPDATE myna.device_link SET packages = '[]' WHERE device_id = 'r1'`);
  const [bare] = (await why('r1')).software;
  assert.deepEqual([bare.version, bare.layer, bare.step, bare.coming], [null, null, null, {rollout: 'newer', version: '3'}]);
});

test('who waits for a vendor\'s next key is told so', async () => {
  await begin('rotate', 'key_vendor, key_number', `'dahan', 1`, "'running', 'publishing', NULL, 3");
  await member('rotate');
  const told = await why('r1');
  assert.deepEqual([codes(told), told.reasons[0].parameters], [['wave_not_open'], {rollout: 'rotate', wave: 3}]);
  assert.deepEqual((await why('r1', '?setting=volume')).reasons, []);
});

test('who waits until it has left a drained vendor is told so, and the rollout says how many wait', async () => {
  await begin('away', 'patch', `'{"routes": []}'`, "'running', 'publishing', NULL, 1");
  await member('away', 1);
  await stack.sql(`UPDATE myna.rollout SET plan = plan || '{"unreachable_after_s": 3600}';
    WITH d AS (INSERT INTO myna.vendor_drain (vendor_id, kind, state, author, from_at, started_at, created_at)
      VALUES ('dahan', 'emergency', 'active', 'operator:root', now(), now(), now()) RETURNING drain_id)
    INSERT INTO myna.vendor_drain_device (drain_id, device_id, is_kept, is_led) SELECT drain_id, 'r1', false, true FROM d`);
  const [reason] = (await why('r1')).reasons;
  assert.deepEqual([reason.code, reason.parameters], ['vendor_drained', {rollout: 'away', wave: 1, vendor: 'dahan'}]);
  assert.deepEqual((await admin.get('/rollouts/away')).body.drained, [{vendor: 'dahan', robots: 1}]);
  await stack.sql(`UPDATE myna.vendor_drain_device SET moved_at = now()`);
  assert.deepEqual([codes(await why('r1')), (await admin.get('/rollouts/away')).body.drained], [['rate_limited'], []]);
  await stack.sql('DELETE FROM myna.vendor_drain');
});

test('before a rollout has members it says what it waits for', async () => {
  for (const [state, reason, code] of [['preflight', '', 'looked_over'], ['approval', '3 robots', 'approval_missing'],
    ['waiting', 'rollout "spring" has 2 of its robots', 'waits_for_rollout']]) {
    await begin('next', 'patch, state_reason', `'{"volume": 3}', '${reason}'`, `'${state}', NULL, NULL, 0`);
    const told = await why('r1');
    assert.deepEqual([codes(told), told.rollout.id, told.rollout.device_state], [[code], 'next', null]);
    assert.equal(told.reasons[0].parameters.reason, reason || undefined);
  }
  assert.deepEqual(codes(await why('r1', '?setting=language')), [], 'of a setting that it does not change');
  await stack.sql('DELETE FROM myna.rollout');
  assert.deepEqual(codes(await why('r1')), []);
});
