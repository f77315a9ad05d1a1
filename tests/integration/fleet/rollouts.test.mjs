// A rollout on a fleet with two servers that are killed in every state (invariant I6): no step is
// lost, none happens twice, and each robot ends at what it should run.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {openSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = 24;
const PLAN = {gates: 'off', soak_s: 1, control: {at_least: 3}, rate_per_minute: 600,
  waves: [{share: '10%', at_least: 3}, {share: '40%'}, {share: '100%'}], confirm: {deadline_s: 60}};

let fleet;
let servers;

// One of two mynads on the stack's own configuration; the first listens where the stack's did.
class Server {
  constructor(instance) {
    this.words = ['--config', join(fleet.home, 'mynad.conf'), '--instance', String(instance),
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
  return JSON.parse(stdout);
}

const one = async (query) => (await fleet.sql(query))[0]?.[0];
const place = (id) => one(`SELECT concat_ws('/', state, step, cause) FROM myna.rollout WHERE rollout_id = '${id}'`);

async function begin(id, volume, plan = {}) {
  const file = join(fleet.home, `${id}.json`);
  writeFileSync(file, JSON.stringify({...PLAN, ...plan}));
  await ready();
  await ctl('rollout', 'create', id, `volume=${volume}`, '--plan', file, '--start');
}

// Kills one server after the other, each time the rollout is first seen at another place; between
// them, whoever is left goes on. Where something waits for people, they act.
async function killAtEach(id, end, acts = {}) {
  const seen = new Set();
  let turn = 0;
  const deadline = Date.now() + 180000;
  for (;;) {
    const at = await place(id);
    if (at === end) return seen;
    if (Date.now() > deadline) assert.fail(`it stays at ${at}`);
    if (!seen.has(at) || turn % 7 === 6) {
      seen.add(at);
      const server = servers[turn++ % 2];
      await server.kill();
      server.start();
    } else {
      turn += seen.size > 3 ? 1 : 0; // now and then also where it was seen before
    }
    if (acts[at]) await ctl('rollout', acts[at], id).catch(() => {});
    await sleep(30);
  }
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
  assert.equal(new Set(opened).size, opened.length, 'no robot was opened twice');
  const waves = rows.filter(({action}) => action === 'rollout.wave').map(({is}) => is.wave);
  assert.deepEqual(waves, [...new Set(waves)].sort((a, b) => a - b), 'each wave was opened once, in order');
  assert.equal((await ctl('audit', 'verify')).ok, true);
  return {rows, opened};
}

const converged = async (volume) => until(60, () => `not all robots run volume ${volume}`, async () =>
  Number(await one(`SELECT count(*) FROM myna.device_link l JOIN myna.effective_setting e USING (device_id)
    WHERE e.name = 'volume' AND e.value = '${volume}' AND l.reported_generation = l.desired_generation`)) === ROBOTS + 1);

test('I6: killed in every state, a rollout loses no step and repeats none', async () => {
  await begin('through', 31);
  const seen = await killAtEach('through', 'completed');
  for (const at of ['running/publishing', 'running/confirming', 'running/soaking']) assert.ok(seen.has(at), `${at} was not met: ${[...seen]}`);
  const {opened} = await checkAudit('through');
  assert.equal(opened.length, ROBOTS + 1);
  await ready();
  await converged(31);
  assert.equal(await one('SELECT settings ->> \'volume\' FROM myna.layer WHERE layer_id = \'fleet\''), '31');
  assert.ok(servers.every(({kills}) => kills > 0));
});

test('I6: so is one by hand that is taken back from the middle', async () => {
  await begin('back', 57, {manual: true});
  let waves = 0;
  const seen = await killAtEach('back', 'paused/judging/by_hand');
  await until(30, () => 'the next wave cannot be started', () => ctl('rollout', 'next', 'back').then(() => true, () => ++waves > 50));
  await until(60, () => 'the second wave does not end', async () => (await place('back')) === 'paused/judging/by_hand');
  await until(30, () => 'it cannot be taken back', () => ctl('rollout', 'roll-back', 'back', '--rate', '240').then(() => true, () => false));
  for (const at of await killAtEach('back', 'rolled_back')) seen.add(at);
  assert.ok(seen.has('rolling_back'), [...seen].join());
  await checkAudit('back');
  await ready();
  await converged(31);
  assert.equal(Number(await one('SELECT count(*) FROM myna.rollout_device WHERE is_open OR is_live')), 0);
});

// The window opens and closes by whichever server is there; each is killed again and again around both.
test('I6: killed while a maintenance window opens and closes, all robots leave and come back once', async () => {
  const generations = async () => new Map((await fleet.sql('SELECT device_id, desired_generation FROM myna.device_link')).map(([id, n]) => [id, Number(n)]));
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
