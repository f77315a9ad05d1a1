// Several mynads on one database and broker: each takes its part, one may die at any time, and what
// they know is one.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = 12;
const TALK = ['--robots', String(ROBOTS), '--talk-rate', '40'];
const QUIET = ['--robots', String(ROBOTS), '--talk-rate', '0'];

let fleet;
let second;

// The stack's own configuration; another certificate and other listeners.
class Second {
  constructor() {
    this.url = `http://127.0.0.1:${fleet.base + 5}`;
  }

  async start() {
    const log = openSync(join(fleet.home, 'log/mynad-2.log'), 'a');
    this.process = spawn(join(fleet.env.MYNA_BUILD, 'mynad'), ['--config', join(fleet.home, 'mynad.conf'), '--instance', '2',
      '--listen', `127.0.0.1:${fleet.base + 5}`, '--device-listen', `127.0.0.1:${fleet.base + 6}`],
    {env: fleet.env, stdio: ['ignore', log, log]});
    this.gone = new Promise((done) => { this.process.on('exit', done); });
    await until(15, () => `the second mynad is not ready:\n${fleet.log('mynad-2')}`,
      () => fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false));
  }

  async kill(signal) {
    this.process.kill(signal);
    await this.gone;
  }

  async login() {
    const password = readFileSync(join(fleet.home, 'login'), 'utf8').match(/^password: (.*)$/m)[1];
    const login = run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['login', '--url', this.url, '--name', 'admin'], {env: this.#env()});
    login.child.stdin.end(`${password}\n`);
    await login;
  }

  async ctl(...words) {
    const {stdout} = await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['--json', ...words], {env: this.#env()});
    return stdout;
  }

  #env() {
    return {...process.env, MYNACTL_CONFIG: join(fleet.home, 'ctl-2.json')};
  }
}

before(async () => {
  fleet = await Fleet.create();
  await fleet.up(...TALK);
  second = new Second();
  await second.start();
  await second.login();
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
});

after(async () => {
  if (second?.process.exitCode === null && second.process.signalCode === null) await second.kill('SIGTERM');
  await fleet?.end();
});

const one = async (query) => (await fleet.sql(query))[0]?.[0];

async function metric(url, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.match(new RegExp(`^myna_${name}_total (\\d+)$`, 'm'))[1]);
}

const booked = (url) => metric(url, 'usage_records');

// Until each of them has booked some more records.
async function bothBook(what) {
  const urls = [fleet.url, second.url];
  const start = await Promise.all(urls.map(booked));
  let now = start;
  await until(20, () => `${what}: the instances booked ${start} records, then ${now}`, async () => {
    now = await Promise.all(urls.map(booked));
    return now.every((count, i) => count >= start[i] + 5);
  });
}

async function everyRobotReports(what) {
  const behind = () => one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');
  await until(15, async () => `${what}: ${await behind()} robots are behind`, async () => (await behind()) === '0');
}

test('both instances take usage in, and no message reaches both', async () => {
  const late = () => Promise.all([fleet.url, second.url].map((url) => metric(url, 'messages_stale')));
  const before = await late();
  await bothBook('from the start');
  assert.deepEqual(await late(), before);
});

test('I1: with one of two killed every request is counted once', async () => {
  await second.kill('SIGKILL');
  await sleep(2000);
  const before = await booked(fleet.url);
  await until(20, () => 'the one left books nothing', async () => (await booked(fleet.url)) > before + ROBOTS);
  await second.start();
  await bothBook('after one came back');
  fleet.kill('mynad');
  await sleep(1000);
  await fleet.up(...QUIET);

  const missing = async () => {
    const counted = new Set((await fleet.sql("SELECT turn || '-' || attempt FROM myna.usage")).map(([request]) => request));
    return fleet.ledger().filter((row) => !counted.has(row.request_id));
  };
  await until(60, async () => `${(await missing()).length} requests are not counted`, async () => (await missing()).length === 0);
  assert.deepEqual(await fleet.sql('SELECT turn, attempt, count(*) FROM myna.usage GROUP BY 1, 2 HAVING count(*) > 1'), []);
  assert.ok(fleet.ledger().length > ROBOTS * 2, 'the robots did talk');
  assert.deepEqual(await fleet.sql("SELECT kind, subject, detail FROM myna.alert WHERE kind IN"
    + " ('forged_message', 'replayed_message', 'journal_forked', 'usage_quarantined', 'message_refused')"), []);
});

test('I4: a setting changed through either instance reaches every robot', async () => {
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await second.ctl('config', 'set', 'fleet', 'screen_mark="second"');
  await everyRobotReports('changed through the second');
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="first"');
  await everyRobotReports('changed through the first');
  assert.equal(await one("SELECT count(*) FROM myna.effective_setting WHERE name = 'screen_mark' AND value = '\"first\"'"),
    String(ROBOTS + 1));
});

test('I7: what both write at the same time is one chain', async () => {
  const rows = Number(await one('SELECT count(*) FROM myna.audit'));
  const changes = Array.from({length: 8}, (_, i) => ['config', 'set', `device:sim-${String(i + 1).padStart(4, '0')}`, `volume=${i + 10}`]);
  await Promise.all(changes.map((words, i) => i % 2 ? second.ctl(...words) : fleet.myna('ctl', ...words)));
  assert.equal(Number(await one('SELECT count(*) FROM myna.audit')), rows + changes.length);
  for (const verdict of [JSON.parse(await second.ctl('audit', 'verify')), await fleet.ctl('audit', 'verify')]) {
    assert.equal(verdict.ok, true);
    assert.equal(verdict.rows, rows + changes.length);
  }
  await everyRobotReports('changed through both');
});

test('revocations that two servers of one machine write down are one chain, each robot once', async () => {
  const file = join(fleet.home, 'server/revocations.jsonl');
  const told = () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).device);
  for (const id of ['sim-0011', 'sim-0012']) {
    await fleet.myna('ctl', 'device', 'revoke', id);
    await until(20, () => `${id} is not in the file: ${told()}`, () => told().includes(id));
  }
  await sleep(2500); // each server looks every second
  assert.deepEqual(told(), ['sim-0011', 'sim-0012']);
  assert.doesNotMatch(fleet.log('mynad') + fleet.log('mynad-2'), /does not count/);
});
