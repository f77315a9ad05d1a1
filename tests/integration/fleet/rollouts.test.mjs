// Rollouts of every kind on a fleet with two servers that are killed at every place there is (invariant
// I6): no step is lost, none happens twice, and each robot ends at what it should run.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {openSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = 23; // and the full one
const PLAN = {gates: 'off', soak_s: 1, control: {at_least: 2}, rate_per_minute: 600,
  waves: [{share: '20%', at_least: 2}, {share: '100%'}], confirm: {deadline_s: 120, retries: 2}};
// Each kind has robots of its own, so that one run kills servers in the states of all three.
const KINDS = ['settings', 'key', 'software'];
const EACH = 8;
// The table in server/fleet/rollout.c, so that a place which is added there is walked here.
const PLACES = [...readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../../server/fleet/rollout.c'), 'utf8')
  .matchAll(/^ {4}\[ROLLOUT_\w+\] = \{\{([^}]+)\}/gm)].map(([, name]) => name.split(', ').filter((part) => part !== 'NULL').map((part) => JSON.parse(part)).join('/'));
const walked = new Set(); // where a server was killed

let fleet;
let servers;

// One of two mynads on the stack's own configuration; the first listens where the stack's did.
class Server {
  constructor(instance) {
    this.words = ['--config', join(fleet.home, 'mynad.conf'), '--instance', String(instance), '--rollout-approval', String(2 * EACH),
      ...(instance === 1 ? [] : ['--listen', `127.0.0.1:${fleet.base + 5}`, '--device-listen', `127.0.0.1:${fleet.base + 6}`])];
    this.log = openSync(join(fleet.home, `log/mynad-own-${instance}.log`), 'a');
    this.kills = 0;
  }

  start() {
    this.process = spawn(join(fleet.env.MYNA_BUILD, 'mynad'), this.words,
      {env: fleet.env, stdio: ['ignore', this.log, this.log]});
    this.gone = new Promise((done) => { this.process.on('exit', done); });
  }

  async kill() {
    this.kills++;
    this.process.kill('SIGKILL');
    await this.gone;
  }

  async end() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    await this.gone;
  }
}

before(async () => {
  fleet = await Fleet.create();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  fleet.kill('mynad', 'SIGTERM');
  await until(20, () => 'the stack\'s own mynad does not stop',
    () => fetch(`${fleet.url}/healthz`).then(() => false, () => true));
  servers = [new Server(1), new Server(2)];
  for (const server of servers) server.start();
  await ready();
  const robots = (await fleet.sql('SELECT device_id FROM myna.device ORDER BY device_id')).flat();
  for (const [i, kind] of KINDS.entries()) {
    await ctl('group', 'set', kind, '--priority', String(200 + i));
    await ctl('group', 'add', kind, ...robots.slice(i * EACH, (i + 1) * EACH));
  }
  await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['manifest', 'keygen', join(fleet.home, 'company')]);
});

after(async () => {
  for (const server of servers ?? []) await server.end();
  await fleet?.end();
});

const ready = () => until(30, () => 'no server answers', () => fetch(`${fleet.url}/readyz`).then((answer) => answer.ok, () => false));
// ./myna ctl wants the stack's own server.
async function ctl(...words) {
  const {stdout} = await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['--json', ...words],
    {env: {...process.env, MYNACTL_CONFIG: join(fleet.home, 'ctl.json')}});
  return stdout && JSON.parse(stdout);
}

const one = async (query) => (await fleet.sql(query))[0]?.[0];
const places = async (ids) => (await fleet.sql(`SELECT rollout_id, concat_ws('/', state, step, cause), wave FROM myna.rollout
  WHERE rollout_id = ANY ('{${ids}}') ORDER BY 1`)).map(([id, place, wave]) => ({id, place, wave: Number(wave)}));
const generations = async () => new Map((await fleet.sql('SELECT device_id, desired_generation FROM myna.device_link'))
  .map(([id, n]) => [id, Number(n)]));

// kind null: of the fleet.
async function make(id, kind, words, plan = {}) {
  const file = join(fleet.home, `${id}.json`);
  writeFileSync(file, JSON.stringify({...PLAN, ...plan}));
  await ctl('rollout', 'create', id, ...words, ...(kind ? ['--group', kind] : []), '--plan', file);
}

async function begin(id, kind, words, plan) {
  await make(id, kind, words, plan);
  await ctl('rollout', 'start', id);
}

// A key that the vendor takes from now on beside the one that robots have.
async function nextKey(vendor) {
  const keys = join(fleet.home, 'vendors/keys');
  const file = join(fleet.home, `${vendor}.next`);
  writeFileSync(file, `sk-${vendor}-next-key-of-the-test`);
  writeFileSync(keys, `${readFileSync(keys, 'utf8')}sk-${vendor}-next-key-of-the-test\n`);
  await ctl('vendor', 'key', vendor, '--next-file', file);
}

async function manifest(version, counter) {
  const file = join(fleet.home, 'package');
  const out = join(fleet.home, `mood-${version}.json`);
  writeFileSync(file, version);
  await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['manifest', 'sign', file, '--key', join(fleet.home, 'company.key'),
    '--kind', 'mood', '--name', 'mood', '--version', version, '--counter', String(counter),
    '--url', 'https://files.example/mood', '--out', out]);
  return out;
}

// Of each kind one, named id-kind; what they bring, and what generations their robots had.
async function beginAll(id, {volume, vendor, version, counter, plan}) {
  await ready();
  await nextKey(vendor);
  const before = await generations();
  await begin(`${id}-settings`, 'settings', [`volume=${volume}`], plan);
  await begin(`${id}-key`, 'key', ['--key', vendor], plan);
  await begin(`${id}-software`, 'software', ['--manifest', await manifest(version, counter)], plan);
  return {before, ids: KINDS.map((kind) => `${id}-${kind}`)};
}

// Kills one server after the other, each time one of the rollouts is first seen at another place, or at
// one where none was killed yet; between them, whoever is left goes on. act does what people do there,
// or says it in mynactl's words, until it was done. When it returns a server answers.
async function killAtEach(ends, act, isFresh = (pair, seen) => !seen.has(pair)) {
  const ids = Object.keys(ends);
  const seen = new Set();
  let polls = 0;
  let kills = 0;
  const deadline = Date.now() + 240000;
  for (;;) {
    const at = await places(ids);
    const fresh = at.filter(({id, place}) => isFresh(`${id} ${place}`, seen, place));
    if (fresh.length > 0 || ++polls % 25 === 0) { // now and then also where they were seen before
      for (const {id, place} of fresh) seen.add(`${id} ${place}`);
      for (const {place} of fresh) walked.add(place);
      const server = servers[kills++ % 2];
      await server.kill();
      server.start();
    }
    if (at.every(({id, place}) => place === ends[id])) break;
    if (Date.now() > deadline) assert.fail(`they stay at ${JSON.stringify(at)}`);
    for (const {id, place, wave} of at) {
      const words = await act(id, place, wave);
      if (words) await ctl('rollout', ...words).catch(() => {});
    }
    await sleep(30);
  }
  await ready();
  return seen;
}

const allTo = (ids, end) => Object.fromEntries(ids.map((id) => [id, end]));

function met(seen, ids, wanted) {
  for (const id of ids) for (const place of wanted) assert.ok(seen.has(`${id} ${place}`), `${id} was not met ${place}: ${[...seen]}`);
}

// Each row of the audit goes on where the one before ended.
async function checkAudit(id) {
  const rows = (await fleet.sql(`SELECT action, before, after FROM myna.audit WHERE subject = 'rollout/${id}' ORDER BY seq`))
    .map(([action, was, is]) => ({action, was: was && JSON.parse(was), is: is && JSON.parse(is)}));
  let last = {state: 'draft'};
  for (const {action, was, is} of rows) {
    if (!was?.state) continue;
    assert.deepEqual([was.state, was.step], [last.state, last.step], `${id}: ${action}`);
    last = is;
  }
  const opened = rows.filter(({action}) => action === 'rollout.open').flatMap(({is}) => is.robots);
  assert.equal(new Set(opened).size, opened.length, `${id}: no robot was opened twice`);
  const waves = rows.filter(({action}) => action === 'rollout.wave').map(({is}) => is.wave);
  assert.deepEqual(waves, [...new Set(waves)].sort((a, b) => a - b), `${id}: each wave was opened once, in order`);
  return opened;
}

// Nobody was told anything but by those tries, and by being taken back.
async function checkGenerations(ids, before) {
  const now = await generations();
  for (const [robot, tries, state] of await fleet.sql(`SELECT device_id, tries, state FROM myna.rollout_device
      WHERE rollout_id = ANY ('{${ids}}')`))
    assert.equal(now.get(robot), before.get(robot) + Number(tries) + (state === 'reverted' ? 1 : 0), `${robot}, ${state} after ${tries}`);
}

const running = (condition) => until(60, () => `not all robots run ${condition}`, async () =>
  Number(await one(`SELECT count(*) FROM myna.device_link l JOIN myna.group_member m USING (device_id)
    WHERE l.reported_generation = l.desired_generation AND ${condition}`)) === EACH);
const volume = (value) => running(`m.group_id = 'settings' AND EXISTS (SELECT FROM myna.effective_setting e
  WHERE e.device_id = l.device_id AND e.name = 'volume' AND e.value = '${value}')`);
const version = (value) => running(`m.group_id = 'software' AND l.packages @> '[{"name": "mood", "version": "${value}"}]'`);
const nextOf = async (vendor) => (await ctl('vendor', 'key', vendor)).next;

test('I6: killed in every state, rollouts of settings, a key and software lose no step and repeat none', async () => {
  const {ids, before} = await beginAll('through', {volume: 31, vendor: 'dahan', version: '1.0', counter: 1});
  const paused = new Set();
  const seen = await killAtEach(allTo(ids, 'completed'), (id, place) => {
    if (place.endsWith('/operator')) paused.add(id);
    if (place.endsWith('/operator')) return ['resume', id];
    return place === 'running/soaking' && !paused.has(id) ? ['pause', id] : null;
  });
  met(seen, ids, ['running/publishing', 'running/confirming', 'running/soaking']);
  for (const id of ids) assert.equal((await checkAudit(id)).length, EACH, id);
  await ready();
  await volume(31);
  await version('1.0');
  await running(`m.group_id = 'key' AND EXISTS (SELECT FROM myna.vendor_key_device k WHERE k.vendor_id = 'dahan'
    AND k.device_id = l.device_id AND k.generation <= l.reported_generation AND NOT k.is_kept_back)`);
  await checkGenerations(ids, before);
  assert.equal((await nextOf('dahan')).given, EACH);
  assert.equal(await one("SELECT settings ->> 'volume' FROM myna.layer WHERE layer_id = 'group:settings'"), '31');
  assert.deepEqual(await fleet.sql('SELECT layer_id, version FROM myna.layer_software'), [['group:software', '1.0']]);
  assert.ok(servers.every(({kills}) => kills > 0));
  assert.equal((await ctl('audit', 'verify')).ok, true);
});

test('I6: so are those by hand that are taken back from the middle', async () => {
  const {ids, before} = await beginAll('back', {volume: 57, vendor: 'erxian', version: '2.0', counter: 2, plan: {manual: true}});
  const seen = await killAtEach(allTo(ids, 'rolled_back'), (id, place, wave) => {
    if (place !== 'paused/judging/by_hand') return null;
    return wave === 1 ? ['next', id] : ['roll-back', id, '--rate', '240'];
  });
  met(seen, ids, ['paused/judging/by_hand', 'rolling_back']);
  for (const id of ids) assert.equal((await checkAudit(id)).length, EACH - PLAN.control.at_least, id);
  await volume(31);
  await version('1.0');
  await checkGenerations(ids, before);
  assert.equal((await nextOf('erxian')).given, 0);
  assert.equal(Number(await one('SELECT count(*) FROM myna.rollout_device WHERE is_open OR is_live')), 0);
  assert.equal((await ctl('audit', 'verify')).ok, true);
});

// Pre-flight and judging are over in a moment: no server looks at the rollout there until it may.
const standStill = (id) => fleet.sql(`CREATE OR REPLACE FUNCTION public.stand_still() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.due_at := now() + interval '1 hour'; RETURN NEW; END $$;
  CREATE OR REPLACE TRIGGER stand_still BEFORE UPDATE ON myna.rollout FOR EACH ROW
    WHEN (NEW.rollout_id = '${id}' AND (NEW.state = 'preflight' OR NEW.state = 'running' AND NEW.step = 'judging'))
    EXECUTE FUNCTION public.stand_still()`);
const goOn = (id) => fleet.sql(`DROP TRIGGER stand_still ON myna.rollout;
  UPDATE myna.rollout SET due_at = now() WHERE rollout_id = '${id}'`);

// Stories are what is done where, in this order: by mynactl's words or as it pleases. A server is killed
// at each place before anything is done there, if none was at that place yet.
async function tellStories(ends, stories) {
  const done = {};
  await killAtEach(ends, async (id, place) => {
    const [where, what] = stories[id][done[id] ?? 0] ?? [];
    if (where !== place) return;
    try {
      await (Array.isArray(what) ? ctl('rollout', ...what) : what());
      done[id] = (done[id] ?? 0) + 1;
    } catch (error) {
      if (!error.stderr) throw error; // no server was there: once more
    }
  }, (pair, seen, place) => !walked.has(place));
  for (const [id, acts] of Object.entries(stories)) assert.equal(done[id] ?? 0, acts.length, `${id} did not come to ${acts[done[id] ?? 0]?.[0]}`);
}

test('I6: there is no place at which no server was killed', async (t) => {
  const capable = (list) => fleet.sql(`UPDATE myna.device_link SET capabilities = '${list}' WHERE device_id IN
    (SELECT device_id FROM myna.group_member WHERE group_id = 'software')`);
  await ready();
  await ctl('vendor', 'key', 'erxian', '--drop-next');
  const bad = join(fleet.home, 'erxian.bad');
  writeFileSync(bad, 'sk-that-the-vendor-does-not-know');
  await ctl('vendor', 'key', 'erxian', '--next-file', bad);

  const robots = (await fleet.sql('SELECT device_id FROM myna.device ORDER BY device_id')).flat();
  await ctl('group', 'set', 'grown', '--priority', '100');
  await ctl('group', 'add', 'grown', ...robots.slice(0, EACH));
  await begin('grown', 'grown', ['screen_mark=walk'], {manual: true});
  await tellStories({grown: 'rolled_back'}, {grown: [
    ['paused/judging/by_hand', async () => { // more than a rollout may open whom nobody approved
      await ctl('group', 'add', 'grown', ...robots.slice(EACH));
      await ctl('rollout', 'next', 'grown');
    }],
    ['paused/publishing/approval', ['roll-back', 'grown']]]});
  const before = await generations();

  await make('undecided', 'settings', ['volume=63'], {gates: {}, waves: [{share: '100%'}]});
  await begin('red', 'key', ['--key', 'erxian'], {waves: [{share: '100%'}], confirm: {deadline_s: 120, retries: 0, max_failed: '0%'}});
  await begin('refused', 'software', ['--manifest', await manifest('3.0', 3)], {manual: true});
  await make('last', null, ['screen_mark=walk'], {queue: true});
  await tellStories({undecided: 'completed', red: 'rolled_back', refused: 'completed', last: 'aborted'}, {
    undecided: [
      ['draft', async () => {
        await standStill('undecided');
        await ctl('rollout', 'start', 'undecided');
      }],
      ['preflight', () => goOn('undecided')],
      ['running/soaking', () => standStill('undecided')],
      ['running/judging', ['pause', 'undecided']],
      ['paused/soaking/operator', ['resume', 'undecided']],
      ['running/judging', () => goOn('undecided')],
      ['paused/judging/no_verdict', ['force', 'undecided', '--reason', 'nobody talks here']]],
    red: [['paused/judging/red', ['roll-back', 'red']]],
    refused: [
      ['paused/judging/by_hand', async () => {
        await capable('[]');
        await ctl('rollout', 'next', 'refused');
      }],
      ['paused/publishing/refused', async () => {
        await capable('["software"]');
        await ctl('rollout', 'resume', 'refused');
      }],
      ['paused/judging/by_hand', ['next', 'refused']]],
    last: [['draft', ['start', 'last']], ['approval', ['abort', 'last']]],
  });

  const mute = fleet.pid('myna-robots'); // for a while
  process.kill(mute, 'SIGSTOP');
  t.after(() => process.kill(mute, 'SIGCONT'));
  await begin('mute', 'settings', ['volume=64'], {waves: [{share: '100%'}], rate_per_minute: 60, confirm: {deadline_s: 604800}});
  await tellStories({mute: 'completed'}, {mute: [
    ['running/publishing', ['pause', 'mute']],
    ['paused/publishing/operator', ['resume', 'mute']],
    ['running/confirming', ['pause', 'mute']],
    ['paused/confirming/operator', ['resume', 'mute']],
    ['running/confirming', () => fleet.sql(`UPDATE myna.rollout_device SET opened_at = opened_at - interval '4 days' WHERE rollout_id = 'mute';
      UPDATE myna.rollout SET step_since = step_since - interval '4 days', due_at = now() WHERE rollout_id = 'mute'`)],
    ['paused/publishing/stalled', async () => {
      process.kill(mute, 'SIGCONT');
      await ctl('rollout', 'resume', 'mute');
    }]]});

  assert.ok(PLACES.length >= 21, 'the table is not read');
  assert.deepEqual(PLACES.filter((place) => !walked.has(place)), [], 'no server was killed there');
  const members = {undecided: EACH, red: EACH - PLAN.control.at_least, refused: EACH, last: 0, mute: EACH};
  for (const [id, count] of Object.entries(members)) assert.equal((await checkAudit(id)).length, count, id);
  await ready();
  await volume(64);
  await version('3.0');
  assert.equal((await nextOf('erxian')).given, 0);
  const now = await generations();
  for (const [robot, n] of now) { // told by each try, and once more by whatever took it back
    const tries = await one(`SELECT coalesce(sum(tries + (state IN ('failed', 'reverted'))::int), 0) FROM myna.rollout_device
      WHERE device_id = '${robot}' AND rollout_id IN ('undecided', 'red', 'refused', 'mute')`);
    assert.equal(n, before.get(robot) + Number(tries), robot);
  }
  assert.equal(Number(await one('SELECT count(*) FROM myna.rollout_device WHERE is_open OR is_live')), 0);
  assert.equal((await ctl('audit', 'verify')).ok, true);
});

// The window opens and closes by whichever server is there; each is killed again and again around both.
test('I6: killed while a maintenance window opens and closes, all robots leave and come back once', async () => {
  const state = () => one("SELECT state FROM myna.vendor_drain WHERE vendor_id = 'dahan'");
  await ready();
  const before = await generations();
  const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
  await ctl('vendor', 'maintenance', 'dahan', '--from', at(3), '--until', at(12));
  const seen = [];
  const kills = {};
  const deadline = Date.now() + 120000;
  for (let turn = 0; ; turn++) {
    const is = await state();
    if (seen.at(-1) !== is) seen.push(is);
    if (is === 'ended' || Date.now() > deadline) break;
    if ((kills[is] = (kills[is] ?? 0) + 1) > 8) { // robots answer now, which takes a server that lives
      await sleep(500);
      continue;
    }
    const server = servers[turn % 2];
    await server.kill();
    server.start();
    await sleep(500); // a server looks twice a second once it is up
  }
  assert.deepEqual(seen.slice(-1), ['ended'], seen.join());
  assert.ok(seen.includes('active'), seen.join());
  await ready();
  const steps = await fleet.sql("SELECT action FROM myna.audit WHERE subject = 'vendor/dahan' AND action IN ('vendor.drain', 'vendor.return') ORDER BY seq");
  assert.deepEqual(steps, [['vendor.drain'], ['vendor.return']]);
  for (const [id, generation] of await generations()) assert.equal(generation, before.get(id) + 2, `${id} was led away and back once`);
  const [[robots, back]] = await fleet.sql('SELECT count(*), count(back_at) FROM myna.vendor_drain_device WHERE is_led');
  assert.deepEqual([robots, back], [String(ROBOTS + 1), robots]);
  assert.equal(Number(await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')), 0);
  assert.equal((await ctl('audit', 'verify')).ok, true);
});
