// The full robot in a whole fleet: what the server can tell it, and what a copied disk does.
import assert from 'node:assert/strict';
import {execFile, execFileSync, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {blocks} from '../../docs/walk.mjs';
import {Fleet, sleep, until} from '../../support/fleet.mjs';

let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up('--robots', '0');
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'max_output_tokens=16'); // it speaks no faster than people
});

after(() => fleet?.end());

const newest = async () => (await fleet.ctl('device', 'commands', 'myna-1')).items[0];

// Tells the robot something and waits for its answer.
async function tell(...words) {
  await fleet.myna('ctl', 'device', ...words);
  await until(30, newest, async () => !['waiting', 'sent'].includes((await newest()).status));
  return newest();
}

async function stopRobot() {
  const pid = fleet.pid('myna-agent');
  fleet.kill('myna-agent', 'SIGTERM');
  await until(60, () => 'the robot still runs', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

const records = () => fleet.sql(
  "SELECT turn, attempt, provenance FROM myna.usage WHERE device_id = 'myna-1' AND provenance <> 5 ORDER BY arrived_at");

test('the robot shows itself, speaks for the company and sends its picture', async () => {
  assert.equal((await tell('identify', 'myna-1')).status, 'done');
  assert.equal((await tell('say', 'myna-1', 'Lunch is ready.')).status, 'done');
  assert.equal((await tell('take-picture', 'myna-1')).status, 'done');
  const [[png]] = await fleet.sql("SELECT substr(png, 1, 4) FROM myna.face_picture WHERE device_id = 'myna-1'");
  assert.equal(png, '\\x89504e47');
});

test('a route is probed in silence, and metered', async () => {
  const before = fleet.ledger().length;

  assert.deepEqual((({status, reason}) => [status, /^first token after \d+ ms$/.test(reason)])(await tell('probe', 'myna-1', 'dahan/dahan-chat')), ['done', true]);
  assert.equal(fleet.ledger().length, before + 1);
  assert.equal((await tell('probe', 'myna-1', 'dahan/none')).status, 'refused');
});

test('I8: a robot forgets what was talked about when another owner is to have it', async () => {
  const kept = join(fleet.home, 'agent/conversation');

  await fleet.say('Who are you?');
  await until(15, () => 'nothing of the conversation is kept', () => existsSync(kept));
  assert.equal((await tell('forget', 'myna-1')).status, 'done');
  assert.equal(existsSync(kept), false);
});

const agent = (...words) => execFileSync(join(fleet.env.MYNA_BUILD, 'myna-agent'), ['--socket', join(fleet.home, 'agent/agent.sock'), ...words], {encoding: 'utf8'});

test('I8, I9: a report about the robot leaves it once its owner agreed, without speech and keys', async () => {
  const file = join(fleet.home, 'report.json');
  const underWay = async () => (await newest()).kind === 'bundle' && (await newest()).status === 'sent';
  const asked = () => fleet.log('myna-agent').match(/command "bundle" from the server/g)?.length ?? 0;

  await fleet.say('My planted word is rhododendron.');
  assert.throws(() => agent('consent', 'yes'), /nobody asks for a report/);
  const declined = fleet.myna('ctl', 'device', 'bundle', 'myna-1', file).catch((error) => error);
  await until(20, newest, async () => await underWay() && asked() === 1);
  assert.equal(agent('consent', 'no').trim(), 'declined');
  assert.match((await declined).message, /its owner declined \(refused\)/);
  assert.deepEqual(await fleet.sql('SELECT * FROM myna.bundle'), []);

  const given = fleet.myna('ctl', 'device', 'bundle', 'myna-1', file);
  await until(20, newest, async () => await underWay() && asked() === 2);
  assert.equal(agent('consent', 'yes').trim(), 'given');
  await given;
  const text = readFileSync(file, 'utf8');
  const report = JSON.parse(text);
  assert.equal(report.device, 'myna-1');
  assert.ok(report.log.some((line) => line.text.includes('the owner agreed')));
  const key = readFileSync(join(fleet.home, 'vendors/dahan.key'), 'utf8').trim();
  for (const secret of ['rhododendron', key]) assert.ok(key && !text.includes(secret), secret);
});

test('I7, I8: a robot gets another owner once somebody at it agrees, forgets, and proves its key; who declines leaves all as it was', async () => {
  const kept = join(fleet.home, 'agent/conversation');
  const asked = () => fleet.log('myna-agent').match(/command "transfer" from the server/g)?.length ?? 0;
  const device = () => fleet.ctl('device', 'get', 'myna-1');
  const last = async () => (await fleet.ctl('device', 'transfers', 'myna-1')).items[0];
  const ended = () => until(40, last, async () => (await last()).state !== 'waiting');

  for (const group of ['first-owner', 'resold']) await fleet.myna('ctl', 'group', 'set', group);
  await fleet.myna('ctl', 'device', 'set', 'myna-1', 'name=Anna', 'label.owner=anna');
  await fleet.myna('ctl', 'group', 'add', 'first-owner', 'myna-1');
  await fleet.myna('ctl', 'config', 'set', 'device:myna-1', 'screen_mark=Anna');
  const before = (await device()).groups;
  assert.ok(before.includes('first-owner'));
  await fleet.say('My planted word is hydrangea.');
  await until(15, () => 'nothing of the conversation is kept', () => existsSync(kept));

  await fleet.myna('ctl', 'device', 'transfer', 'myna-1', 'owner=bob', '--name', 'Bob', '--group', 'resold');
  await until(30, newest, async () => (await newest()).status === 'sent' && asked() === 1);
  assert.match(await fleet.myna('ctl', 'why', 'myna-1'), /gets another owner as soon as somebody at the robot agrees/);
  await assert.rejects(fleet.myna('ctl', 'device', 'transfer', 'myna-1'), /is asked already/);
  assert.equal(agent('consent', 'no').trim(), 'declined');
  await ended();
  assert.deepEqual((({state, reason}) => [state, reason])(await last()), ['declined', 'its owner declined']);
  assert.equal(existsSync(kept), true);
  assert.deepEqual((({name, labels, groups, transfer}) => [name, labels, groups, transfer])(await device()), ['Anna', {owner: 'anna'}, before, null]);
  assert.match(await fleet.myna('ctl', 'alert', 'list'), /not handed to another owner: its owner declined/);

  // asked for while it is switched off: told when it comes back
  await stopRobot();
  await fleet.myna('ctl', 'device', 'transfer', 'myna-1', 'owner=bob', '--name', 'Bob', '--group', 'resold');
  assert.equal((await last()).state, 'waiting');
  await fleet.up('--robots', '0');
  await until(60, newest, () => {
    try {
      return agent('consent', 'yes').trim() === 'given';
    } catch {
      return false; // not asked yet
    }
  });
  await ended();
  assert.equal((await last()).state, 'done', JSON.stringify(await last()));
  assert.equal(existsSync(kept), false);
  const now = await device();
  assert.deepEqual([now.name, now.labels], ['Bob', {owner: 'bob'}]);
  assert.ok(now.groups.includes('resold') && !now.groups.includes('first-owner'), now.groups.join());
  assert.deepEqual(await fleet.sql("SELECT settings FROM myna.layer WHERE device_id = 'myna-1' UNION ALL SELECT settings FROM myna.layer_revision WHERE layer_id = 'device:myna-1'"), []);
  assert.deepEqual(await fleet.sql("SELECT 1 FROM myna.face_picture WHERE device_id = 'myna-1'"), []);
  const [row] = (await fleet.ctl('audit', 'list', '--subject', 'device/myna-1')).items.filter(({action}) => action === 'device.transfer');
  assert.deepEqual([row.actor, row.before.name, row.after.name, row.after.group], ['device:myna-1', 'Anna', 'Bob', 'resold']);
  assert.doesNotMatch(await fleet.myna('ctl', 'alert', 'list'), /not handed to another owner/);
});

test('I9: neither the server nor the robot leaves a core, wherever cores go', () => {
  for (const name of ['mynad', 'myna-agent']) {
    const limits = readFileSync(`/proc/${fleet.pid(name)}/limits`, 'utf8');
    assert.match(limits, /Max core file size +1 +1 /, name); // core(5): 1 also stops pipes
  }
});

test('a mark on the screen is in force without a restart', async () => {
  const mark = async () => (await fleet.ctl('device', 'effective', 'myna-1')).items.find(({name}) => name === 'screen_mark');

  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="kitchen"');
  await until(15, mark, async () => (await mark()).value === 'kitchen' && (await mark()).outcome === 'applied');
});

test('another avatar is put on without a restart', async () => {
  const avatar = async () => (await fleet.ctl('device', 'effective', 'myna-1')).items.find(({name}) => name === 'avatar');

  await fleet.myna('ctl', 'config', 'set', 'fleet', 'avatar=mochi');
  await until(15, avatar, async () => (await avatar()).value === 'mochi' && (await avatar()).outcome === 'applied');
  assert.doesNotMatch(fleet.log('myna-agent'), /the avatar .* is not worn/);
});

test('vendors of other dialects answer by configuration alone, minted credentials included', async () => {
  const robot = async () => (await fleet.ctl('device', 'get', 'myna-1'));
  const secret = join(fleet.home, 'vendors/glm.key');
  writeFileSync(secret, 'id-of-glm.secret-of-glm\n', {mode: 0o600});
  appendFileSync(join(fleet.home, 'vendors/keys'), 'id-of-glm.secret-of-glm\n');
  const become = async (dialect, base, ...more) => {
    await fleet.myna('ctl', 'vendor', 'set', 'dahan', '--dialect', dialect, '--base-url', `${fleet.vendors}${base}`, ...more);
    await until(20, robot, async () => {
      const {desired_generation, reported_generation} = await robot();
      return reported_generation === desired_generation;
    });
  };
  const speak = async (words) => {
    assert.match(await fleet.say(words), /[a-z]/);
    const {status, finished, model, key} = fleet.ledger().at(-1);
    assert.deepEqual([status, finished, model], [200, true, 'dahan-chat']);
    return key;
  };

  await become('anthropic', '');
  await speak('Who are you?');
  await become('glm', '/glm/v4', '--credential', 'minted', '--key-file', secret);
  // the robot showed a token, not the key (I9)
  const nameOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8);
  assert.notEqual(await speak('And now?'), nameOf('id-of-glm.secret-of-glm'));
  await become('openai', '/v1', '--credential', 'shared', '--key-file', join(fleet.home, 'vendors/dahan.key'));
});

// As a rollout opens it, before anybody looks how it goes.
async function open(rollout, vendor, model, contract) {
  const patch = JSON.stringify({routes: [{vendor, model, contract}]});
  await fleet.sql(`INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, author, state, cause, step, has_open)
    VALUES ('${rollout}', 'fleet', '${patch}', '{"confirm": {"test": true, "deadline_s": 600}}', 'test', 'paused',
      'operator', 'confirming', true);
    INSERT INTO myna.rollout_device (rollout_id, device_id, place, state, is_open)
    VALUES ('${rollout}', 'myna-1', 1, 'opened', true);
    SELECT myna.touch_devices(ARRAY['myna-1'])`);
}

async function close(rollout) {
  await fleet.sql(`DELETE FROM myna.rollout WHERE rollout_id = '${rollout}'; SELECT myna.touch_devices(ARRAY['myna-1'])`);
  await until(60, standing, async () => (await standing()).isCurrent);
}

async function standing() {
  const {desired_generation, reported_generation, trial} = await fleet.ctl('device', 'get', 'myna-1');
  return {isCurrent: desired_generation === reported_generation, desired_generation, trial};
}

const purposes = async () => (await fleet.sql(
  "SELECT vendor_id, purpose FROM myna.usage WHERE device_id = 'myna-1' ORDER BY seq")).map((row) => row.join(' '));

test('a robot tries another vendor in silence, and moves to it when every step went well', async () => {
  const told = async () => (await standing()).trial;
  const before = fleet.ledger().length;

  await open('to-erxian', 'erxian', 'erxian-mini', 'erxian-2026');
  await until(60, told, async () => (await told())?.verdict === 'passed');
  const trial = await told();
  assert.equal(trial.step, 'usage');
  assert.equal(trial.step_ms.length, 6);
  assert.equal((await standing()).isCurrent, true);
  assert.equal(trial.generation, (await standing()).desired_generation);
  assert.equal(fleet.ledger().length, before + 1); // the vendor billed it,
  await until(15, purposes, async () => (await purposes()).at(-1) === 'erxian 1'); // and so it is counted
  await fleet.say('Who are you?');
  await until(15, purposes, async () => (await purposes()).at(-1) === 'erxian 0');
  await close('to-erxian');
});

test('a robot whose new vendor fails goes back by itself, and serves its owner by the old one meanwhile', async () => {
  const told = async () => (await standing()).trial;
  const set = (url) => fleet.myna('ctl', 'vendor', 'set', 'changhe', '--base-url', url);

  await set('http://127.0.0.1:1/v1'); // nobody answers there: that may pass
  await open('to-changhe', 'changhe', 'changhe-8k', 'changhe-2024');
  await until(30, told, async () => (await told())?.verdict === 'running');
  const before = fleet.ledger().length;
  assert.match(await fleet.say('Who are you?'), /[a-z]/);
  assert.equal(fleet.ledger().length, before + 1);
  await tell('report', 'myna-1');
  assert.deepEqual([(await told()).verdict, (await told()).error_class, (await told()).step], ['running', 'net', 'held']);

  await set(`${fleet.vendors}/v1`); // there it shows no key: that cannot pass
  await until(30, told, async () => (await told())?.verdict === 'failed');
  const trial = await told();
  assert.deepEqual([trial.step, trial.error_class, trial.retryable], ['connected', 'auth', false]);
  assert.match(trial.reason, /^changhe\/changhe-8k: .*http=401/);
  assert.equal((await standing()).isCurrent, false); // it runs what it ran
  assert.ok((await purposes()).includes('changhe 1'));
  assert.ok(!(await purposes()).includes('changhe 0'));
  await close('to-changhe');
  assert.match(await fleet.say('And now?'), /[a-z]/);
});

test('a robot that is blocked asks no vendor, and answers as the company has it say', async () => {
  const outcomes = async () => (await fleet.ctl('device', 'effective', 'myna-1')).items
    .filter(({name}) => name.startsWith('limit_') || name === 'canned_persona').map(({name, value, outcome}) => `${name} ${value} ${outcome}`);
  const set = async (value) => {
    await fleet.myna('ctl', 'config', 'set', 'fleet', value);
    const [name, word] = [value.split('=')[0], JSON.parse(value.slice(value.indexOf('=') + 1))];
    await until(15, outcomes, async () => (await outcomes()).includes(`${name} ${word} applied`));
  };

  await set('canned_persona="I sing again tomorrow."');
  await set('limit_mode="canned"');
  const before = fleet.ledger().length;
  assert.match(await fleet.say('Who are you?'), /I sing again tomorrow\./);
  await set('limit_text="Please ask in the shop."');
  await set('limit_mode="blocked"');
  await assert.rejects(fleet.say('Who are you?'), ({stdout, stderr}) => {
    assert.match(stdout + stderr, /limit_mode/);
    return true;
  });
  assert.equal(fleet.ledger().length, before);
  await set('limit_mode="none"');
  await fleet.say('Who are you?');
  assert.equal(fleet.ledger().length, before + 1);
});

test('a robot too busy to feed its speaker says so in its report', async () => {
  const health = async () => (await fleet.ctl('device', 'get', 'myna-1')).health;

  fleet.kill('myna-agent', 'SIGSTOP');
  await sleep(700);
  fleet.kill('myna-agent', 'SIGCONT');
  await tell('report', 'myna-1');
  await until(15, health, async () => (await health())?.audio_underruns > 0);
});

test('a restart is carried out exactly once, and takes what waits for one', async () => {
  const why = () => fleet.ctl('why', 'myna-1', 'window_size');
  const size = async () => (await fleet.ctl('device', 'effective', 'myna-1')).items.find(({name}) => name === 'window_size');
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'window_size="640x400"');
  await until(15, size, async () => (await size()).outcome === 'needs_restart');
  assert.deepEqual((await why()).reasons.map(({code, text}) => [code, text]), [['needs_restart', 'it takes window_size at its next restart']]);
  assert.doesNotMatch(fleet.log('myna-agent'), /window is 640x400/);

  const pid = fleet.pid('myna-agent');
  const session = async () => (await fleet.ctl('device', 'get', 'myna-1')).session.number;
  const before = await session();

  assert.equal((await tell('restart', 'myna-1')).status, 'done');
  await until(20, session, async () => (await session()) > before);
  const after = await session();
  await sleep(6000); // longer than the server waits before it sends a command again
  assert.equal(fleet.pid('myna-agent'), pid);
  assert.equal(await session(), after);
  assert.deepEqual([(await size()).outcome, (await size()).value, (await why()).reasons], ['applied', '640x400', []]);
  assert.match(fleet.log('myna-agent'), /the face's window is 640x400 by the setting window_size/);
});

test('I1: a disk put back from a copy loses nothing and counts nothing twice', async () => {
  const journal = join(fleet.home, 'agent/journal');
  const copy = join(fleet.home, 'journal.copy');

  await fleet.say('The first question.');
  await stopRobot();
  copyFileSync(journal, copy);
  await fleet.up('--robots', '0');
  await fleet.say('The second question.');
  const before = fleet.ledger().length;
  await until(15, records, async () => (await records()).length === before);

  await stopRobot();
  copyFileSync(copy, journal);
  await fleet.up('--robots', '0');
  await fleet.say('The third question.');
  const ledger = fleet.ledger();
  await until(15, records, async () => (await records()).length === ledger.length);
  const ids = (await records()).map(([turn, attempt]) => `${turn}-${attempt}`);
  assert.deepEqual(ids.sort(), ledger.map((row) => row.request_id).sort());
  const alerts = (await fleet.ctl('alert', 'list')).items.map((alert) => alert.kind);
  assert.ok(alerts.includes('journal_forked'), alerts.join());
});

test('a robot that is stopped in mid-sentence ends cleanly', async () => {
  await fleet.myna('ctl', 'config', 'unset', 'fleet', 'max_output_tokens');
  await until(60, standing, async () => (await standing()).isCurrent);
  const cut = fleet.say('Tell me about the sea.').catch(() => 'cut');

  await sleep(2000);
  await stopRobot();
  await cut;
  assert.doesNotMatch(fleet.log('myna-agent'), /Sanitizer|runtime error/);
});

test('a robot without a claim code enrols by the digits that it speaks, then talks', async () => {
  const program = join(fleet.env.MYNA_BUILD, 'myna-agent');
  const config = join(fleet.home, 'paired.conf');
  const socket = join(fleet.home, 'paired.sock');
  writeFileSync(config, readFileSync(join(fleet.home, 'myna-agent.conf'), 'utf8').replaceAll(join(fleet.home, 'agent'), join(fleet.home, 'paired')));
  const {url} = JSON.parse(readFileSync(join(fleet.home, 'agent/device.json'), 'utf8'));
  const options = ['--config', config, '--socket', socket, '--display', 'headless', '--audio', 'file'];
  const said = {pair: '', run: ''};
  const start = (name, ...words) => {
    const child = spawn(program, [...options, ...words], {stdio: ['ignore', 'pipe', 'pipe']});
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { said[name] += data; });
    return {child, ended: new Promise((end) => child.once('exit', end))};
  };

  await fleet.myna('ctl', 'pairing', 'open', '--for', '5m');
  const pairing = start('pair', 'pair', '--url', url, '--device-id', 'paired-1', '--unattended');
  let robot;
  try {
    await until(60, () => said.pair, () => /pairing digits: \d{3} \d{3}\n/.test(said.pair));
    const [, digits] = /pairing digits: (\d{3} \d{3})\n/.exec(said.pair);
    let waits;
    await until(20, () => said.pair, async () => {
      waits = (await fleet.ctl('pairing', 'list')).items.find(({device_id}) => device_id === 'paired-1');
      return waits?.state === 'waiting';
    });
    await fleet.myna('ctl', 'pairing', 'confirm', String(waits.id), digits);
    assert.equal(await pairing.ended, 0, said.pair);

    robot = start('run');
    const device = () => fleet.ctl('device', 'get', 'paired-1');
    await until(30, () => said.run, async () => (await device()).reported_generation >= 1);
    const answer = execFileSync(program, ['--socket', socket, 'ask', 'Who are you?'], {encoding: 'utf8', timeout: 60000});
    assert.ok(answer.trim().length > 0);
    await until(30, () => said.run, async () => (await fleet.sql("SELECT 1 FROM myna.usage WHERE device_id = 'paired-1' AND provenance <> 5")).length === 1);
  } finally {
    pairing.child.kill('SIGKILL');
    robot?.child.kill('SIGTERM');
    await robot?.ended;
  }
});

// The last one: it leaves settings and a budget behind.
test('what the README says to try on a running fleet works as it stands there', async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const own = blocks(join(root, 'README.md')).filter(({marks}) => marks.some(([, value]) => value.endsWith('/robot.test.mjs')));
  const said = [];
  await fleet.up('--robots', '0'); // the tests before stop it here and there
  await until(60, () => 'the robot is not online', async () => (await fleet.ctl('device', 'get', 'myna-1')).online);
  for (const {text} of own)
    said.push((await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], {cwd: root, env: fleet.env, timeout: 60000})).stdout);
  assert.equal(said.length, 2);
  assert.match(said[0], /[a-z][^]*dahan/, 'an answer, and who was asked');
  assert.match(said[1], /trial[^]*500/, 'the budget and its account');
});
