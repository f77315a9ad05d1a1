// Rollouts of software as operators meet them. There are no robots here: the test answers for them.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const ROBOTS = ['r0', 'r1', 'r2', 'r3'];
const PLAN = {gates: 'off', soak_s: 0, control: {share: '0%', at_least: 0}, rate_per_minute: 0,
  waves: [{share: '50%', at_least: 2}, {share: '100%'}], confirm: {retries: 0, max_failed: '0%'}};

let stack;
let admin;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myna-manifests-'));
  for (const name of ['company', 'other']) await run(process.env.MYNACTL, ['manifest', 'keygen', join(folder, name)]);
  stack = hold(await Stack.create({update_keys: join(folder, 'company.pub')}));
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length + 1})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await stack.sql("UPDATE myna.device_link SET capabilities = '[\"software\"]', last_seen = now()");
});

after(async () => {
  await stack?.end();
  rmSync(folder, {recursive: true, force: true});
});

async function sign(version, counter, ...more) {
  const file = join(folder, 'file');
  writeFileSync(file, version);
  const key = more.includes('other') ? 'other' : 'company';
  const {stdout} = await run(process.env.MYNACTL, ['manifest', 'sign', file, '--key', join(folder, `${key}.key`), '--kind', 'avatar',
    '--name', 'friend', '--version', version, '--counter', String(counter), '--url', 'https://files.example/friend',
    ...more.filter((word) => word !== 'other')]);
  return JSON.parse(stdout);
}

const make = (id, manifest, more = {}) => admin.post('/rollouts', {id, manifest, plan: PLAN, start: true, ...more});
const get = async (id) => (await admin.get(`/rollouts/${id}`)).body;
const packages = (version, step = 'confirmed') => JSON.stringify(version
  ? [{kind: 'avatar', name: 'friend', version, counter: 1, wanted: '', step, done: 0, reason: ''}] : []);

// Robots run what they are told; has: and these have the version, others what they had.
async function answer(has = null, ids = ROBOTS) {
  await stack.sql(`UPDATE myna.device_link SET session_number = 1, session_hello = true, ended_session = 0, last_seen = now(),
    held_generation = desired_generation, reported_generation = desired_generation WHERE device_id = ANY ('{${ROBOTS}}')`);
  if (has !== null) await stack.sql(`UPDATE myna.device_link l SET packages = '${packages(has)}' WHERE device_id = ANY ('{${ids}}')
    AND EXISTS (SELECT FROM myna.device_software s WHERE s.device_id = l.device_id AND s.withdrawn = ${has === ''})`);
}

async function reaches(id, state, act = () => answer()) {
  const end = Date.now() + 60000;
  for (;;) {
    await act();
    const rollout = await get(id);
    if (rollout.state === state) return rollout;
    if (Date.now() > end) assert.fail(`${state}: ${JSON.stringify(rollout)}`);
    await sleep(100);
  }
}

// What the robots are told of software: [robot, version, withdrawn].
const told = async () => (await stack.sql(`SELECT device_id || ' ' || version || CASE WHEN withdrawn THEN ' back' ELSE '' END
  FROM myna.device_software ORDER BY 1`)).map((row) => (Array.isArray(row) ? row[0] : Object.values(row)[0]));

test('what no robot would take is refused where it is wrong', async () => {
  const good = await sign('1.0', 1);
  const changed = {...good, document: good.document.replace('"1.0"', '"1.1"')};
  for (const [manifest, place] of [
    [{document: good.document}, '/manifest'],
    [{...good, signature: 'no'}, '/manifest/signature'],
    [{...good, document: '{}'}, '/manifest/document/manifest'],
    [{...good, document: good.document.replace('https', 'http')}, '/manifest/document/url'],
    [changed, '/manifest/signature'],
    [await sign('1.0', 1, 'other'), '/manifest/signature'],
  ]) {
    const {status, body} = await make('bad', manifest);
    assert.equal(status, 422, JSON.stringify(body));
    assert.equal(body.errors[0].pointer, place);
  }
  assert.equal((await make('both', good, {patch: {volume: 3}})).status, 400);
  assert.equal((await admin.get('/rollouts/bad')).status, 404);
  assert.equal((await make('dry', good, {dry_run: true})).body.devices, 4);
});

test('the manifest is kept as it was signed, its plan is patient, and pre-flight counts who would refuse', async () => {
  await stack.sql("UPDATE myna.device_link SET capabilities = '[]' WHERE device_id = 'r0'");
  await stack.sql(`UPDATE myna.device_link SET packages = '${packages('0.9')}' WHERE device_id = 'r1'`);
  const manifest = await sign('1.0', 1, '--from', 'none');
  const {body} = await make('draft', manifest, {start: false, plan: {}});

  assert.deepEqual(body.manifest, manifest);
  assert.deepEqual(body.software, {kind: 'avatar', name: 'friend', version: '1.0', withdrawn: false});
  assert.deepEqual([body.plan.confirm.test, body.plan.confirm.deadline_s, body.plan.soak_s], [true, 7200, 86400]);
  const found = (await admin.post('/rollouts/draft/preflight')).body;
  assert.deepEqual(found.findings.map(({code, text}) => [code, Number.parseInt(text, 10) || text]),
    [['software_unable', 1], ['software_from', 1], ['software_size', 'each robot fetches 3 bytes; 4 MiB by all of them']]);
  await stack.sql("UPDATE myna.device_link SET capabilities = '[]'");
  assert.equal((await admin.post('/rollouts/draft/start')).status, 200);
  const end = Date.now() + 60000;
  while (!(await get('draft')).reason && Date.now() < end) await sleep(100);
  const refused = await get('draft');
  assert.deepEqual([refused.state, refused.reason], ['draft', 'none of its 4 robots would install it']);
  await stack.sql("UPDATE myna.device_link SET capabilities = '[\"software\"]', packages = '[]'");
});

test('a robot is confirmed when it runs the configuration and has the software', async () => {
  await make('one', await sign('1.0', 1));
  await reaches('one', 'running', () => answer());
  for (let i = 0; i < 10; i++) { await answer(); await sleep(100); }
  const waiting = await get('one');
  assert.deepEqual([waiting.counts.confirmed, waiting.counts.opened], [0, 2], 'the configuration alone is not enough');
  assert.equal((await told()).length, 2, 'only who was opened is told');
  await reaches('one', 'completed', () => answer('1.0'));
  assert.deepEqual(await told(), ROBOTS.map((id) => `${id} 1.0`));
  const {items} = (await admin.get('/rollouts/one/devices')).body;
  assert.deepEqual(items.map(({package: {step}}) => step), Array(4).fill('confirmed'));
  assert.equal((await admin.get('/devices/r0')).body.packages[0].version, '1.0');
});

test('whoever comes later is told what the layer has', async () => {
  const {code} = (await admin.post('/claims', {uses: 1})).body;
  await new Robot('late', 'SN-late').enrol(stack, code);
  assert.ok((await told()).includes('late 1.0'));
  await stack.sql("UPDATE myna.device SET status = 'retired' WHERE device_id = 'late'");
});

test('what is taken back under way leads to what the layer had', async () => {
  await make('two', await sign('2.0', 2), {plan: {...PLAN, manual: true}});
  await reaches('two', 'paused', () => answer('2.0'));
  assert.deepEqual((await told()).filter((row) => row.includes('2.0')).length, 2);
  await admin.post('/rollouts/two/roll-back');
  for (let i = 0; i < 600 && (await get('two')).counts.reverted < 2; i++) await sleep(100);
  for (let i = 0; i < 25; i++) { await answer(); await sleep(100); }
  assert.equal((await get('two')).state, 'rolling_back', 'not over while they have it');
  await reaches('two', 'rolled_back', () => answer('1.0'));
  assert.ok((await told()).every((row) => row.endsWith(' 1.0')));
});

test('a completed one is taken back to what was before', async () => {
  await make('three', await sign('3.0', 3));
  await reaches('three', 'completed', () => answer('3.0'));
  assert.equal((await admin.post('/rollouts/three/roll-back')).body.software.version, '1.0');
  await reaches('three-back', 'completed', () => answer('1.0'));
  assert.ok((await told()).every((row) => row.endsWith(' 1.0')));
  assert.equal((await admin.get('/audit/verify')).body?.ok ?? true, true);
});

test('a robot that failed keeps what it had when the others get the new', async () => {
  await make('four', await sign('4.0', 4), {plan: {...PLAN, confirm: {retries: 0, max_failed: '100%'}}});
  const [failing] = ROBOTS;
  await reaches('four', 'completed', async () => {
    await answer('4.0', ROBOTS.slice(1));
    await stack.sql(`UPDATE myna.device_link l SET trial = jsonb_build_object('generation', desired_generation, 'verdict', 'failed',
      'step', 'held', 'error_class', 'none', 'retryable', false, 'tries', 1, 'step_ms', '[]'::jsonb, 'reason', 'it does not fit')
      WHERE device_id = '${failing}' AND EXISTS (SELECT FROM myna.rollout_device o WHERE o.device_id = l.device_id AND o.is_open)`);
    await stack.sql(`UPDATE myna.device_link SET reported_generation = desired_generation - 1 WHERE device_id = '${failing}'
      AND EXISTS (SELECT FROM myna.rollout_device o WHERE o.device_id = '${failing}' AND o.is_open)`);
  });
  const rows = (await stack.sql(`SELECT manifest ->> 'document' FROM myna.device_software WHERE device_id = '${failing}'`))
    .map((row) => (Array.isArray(row) ? row[0] : Object.values(row)[0]));
  assert.equal(JSON.parse(rows[0]).version, '1.0');
});
