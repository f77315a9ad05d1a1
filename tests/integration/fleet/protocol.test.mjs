// The protocol on the real broker: who may speak where, what forged and old boxes do, and that a
// changed setting reaches every robot.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../../support/fleet.mjs';
import {Peer} from '../../support/broker.mjs';
import {dataKey} from '../../support/planted.mjs';
import {isModern} from '../../support/tls.mjs';

const ROBOTS = 12;
const STALE_WINDOW_S = 2;
const UP = ['hello', 'usage', 'report', 'reply'];
const DOWN = ['config', 'state', 'command'];
const VICTIM = 'sim-0007';

let fleet;
let server;

before(async () => {
  fleet = await Fleet.create();
  fleet.env.MYNAD_STALE_WINDOW_S = String(STALE_WINDOW_S);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '6');
  server = Peer.server(fleet);
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
});

after(() => fleet?.end());

// The true name of the servers' shared subscription, which robots cannot know.
async function sharedGroup() {
  return createHmac('sha256', await dataKey(fleet)).update('shared subscription').digest('hex').slice(0, 32);
}

// What topic's last word is, and whose it is.
const kindOf = ({topic}) => topic.split('/').at(-1);
const deviceOf = ({topic}) => topic.split('/')[3];

const one = async (query) => (await fleet.sql(query))[0]?.[0];
const alerts = async (kind, device) => Number(await one(
  `SELECT coalesce(sum(count), 0) FROM myna.alert WHERE kind = '${kind}' AND subject = 'device/${device}'`));
const link = (device) => one(`
  SELECT row(session_number, session_id, counter_top, reported_generation, reported_hash, software,
             (SELECT array_agg((journal_id, watermark_seq) ORDER BY 1) FROM myna.journal j WHERE j.device_id = l.device_id),
             (SELECT count(*) FROM myna.usage u WHERE u.device_id = l.device_id))
  FROM myna.device_link l WHERE device_id = '${device}'`);

test('I4: a changed setting is reported by every connected robot', async () => {
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="hello"');
  await until(10, async () => `${await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')} robots are behind`,
    async () => (await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')) === '0');
  const applied = await one(`SELECT count(*) FROM myna.device_link
    WHERE setting_status @> '[{"name": "screen_mark", "outcome": "applied"}]'`);
  assert.equal(Number(applied), ROBOTS + 1);
});

const behind = () => one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');

// What the outbox sends while settings are changed and until all robots run them. A robot that needs
// longer for its answer is sent both again.
async function sentBy(change) {
  const read = async () => {
    const text = await (await fetch(`${fleet.url}/metrics`)).text();
    const of = (name) => Number(new RegExp(`^myna_${name} (\\d+)$`, 'm').exec(text)[1]);
    return {configs: of('configs_sent_total'), states: of('states_sent_total')};
  };
  await until(60, async () => `${await behind()} robots are behind`, async () => await behind() === '0');
  const before = await read();
  await fleet.myna('ctl', 'config', 'set', 'fleet', change);
  await until(60, async () => `${await behind()} robots are behind`, async () => await behind() === '0');
  const now = await read();
  return {configs: now.configs - before.configs, states: now.states - before.states};
}

test('a state goes before a configuration only where that changes the credit lines', async () => {
  const [[routes]] = await fleet.sql(`SELECT settings ->> 'routes' FROM myna.layer WHERE layer_id = 'fleet'`);
  const same = await sentBy('screen_mark="the same routes"');
  assert.ok(same.configs >= ROBOTS + 1, JSON.stringify(same));
  assert.ok(same.states <= same.configs - (ROBOTS + 1), JSON.stringify(same));
  const other = await sentBy(`routes=${JSON.stringify(JSON.parse(routes).slice(0, 1))}`);
  assert.ok(other.states >= ROBOTS + 1, JSON.stringify(other));
  await sentBy(`routes=${routes}`);
});

// The robot itself comes back when somebody takes its name, and may take it again before the refusal.
test('a robot cannot subscribe outside its subtree, nor join the servers\' shared subscription', async () => {
  const robot = Peer.robot(fleet, 'sim-0001');
  const group = await sharedGroup();
  for (const topic of ['#', 'myna/#', 'myna/1/d/+/down/#', 'myna/1/d/sim-0002/down/#', 'myna/1/d/sim-0001/#',
    `$share/${group}/myna/1/d/+/up/#`, '$share/x/myna/1/d/sim-0001/down/#', '$SYS/#', '$CONTROL/#']) {
    await until(60, () => `${topic} must be refused`, async () => {
      const heard = await robot.listen(topic, 20); // who is refused ends at once
      assert.deepEqual(heard.messages, [], `${topic} must deliver nothing`);
      return /denied|Not authorized/i.test(heard.text);
    });
  }
});

test('a robot cannot publish outside its subtree', async () => {
  const robot = Peer.robot(fleet, 'sim-0001');
  for (const topic of ['myna/1/d/sim-0002/up/hello', 'myna/1/d/sim-0002/down/config', 'myna/1/d/sim-0001/down/state',
    '$CONTROL/myna/v1', 'elsewhere']) {
    const before = await link('sim-0002');
    let last = '';
    await until(60, () => `${topic}: ${last}`, async () => /Not authorized/i.test(last = (await robot.publish(topic, 'x')).text));
    if (topic.includes('sim-0002')) assert.equal((await alerts('forged_message', 'sim-0002')), 0, before);
  }
});

test('a robot cannot take another\'s client id', async () => {
  const session = () => one("SELECT session_number FROM myna.device_link WHERE device_id = 'sim-0003'");
  const before = await session();
  const heard = await Peer.robot(fleet, 'sim-0001').listen('myna/1/d/sim-0003/down/#', 3, '-i', 'sim-0003');
  assert.deepEqual(heard.messages, []);
  await sleep(1500);
  assert.equal(await session(), before, 'sim-0003 was not thrown out');
});

test('a robot\'s certificate opens nothing at the servers\' listener', async () => {
  const robot = Peer.robot(fleet, 'sim-0001');
  const elsewhere = new Peer(fleet, {...robot.who, port: fleet.base + 3});
  const heard = await elsewhere.listen('myna/1/d/sim-0001/down/#', 20);
  assert.deepEqual(heard.messages, []);
  assert.notEqual(heard.code, 27, 'the connection itself must fail, not time out'); // 27: mosquitto_sub -W
});

test('the broker speaks TLS 1.2 and 1.3 with modern ciphers, to robots and to servers', async () => {
  for (const {who} of [Peer.robot(fleet, 'sim-0001'), Peer.server(fleet)])
    await isModern(who.port, {cert: readFileSync(who.cert), key: readFileSync(who.key)});
});

const received = async () => Number(/^myna_bus_received_total (\d+)$/m.exec(await (await fetch(`${fleet.url}/metrics`)).text())[1]);

test('what is larger than a message may be, or has a topic without end, ends the connection and reaches nobody', async () => {
  const robot = Peer.robot(fleet, 'sim-0011');
  const heard = await server.capture('myna/1/d/sim-0011/up/usage');
  const old = ['-V', 'mqttv311']; // by the newer protocol the client itself keeps to the broker's limit
  try {
    for (const [what, topic, size] of [['payload', 'myna/1/d/sim-0011/up/usage', 70001], ['payload', 'myna/1/d/sim-0011/up/usage', 1 << 24],
      ['topic', `myna/1/d/sim-0011/up/usage${'/x'.repeat(250)}`, 1], ['topic', `myna/1/d/sim-0011/up/${'x'.repeat(65000)}`, 10000]]) {
      const {code, text} = await robot.publish(topic, Buffer.alloc(size, 0x41), ...old);
      assert.ok(code !== 0 || /refused|denied|not authorised|lost|too large|Invalid/i.test(text), `${what} of ${size}: ${code} ${text}`);
    }
    // The robot itself comes back after each of these connections, and then takes this one's name.
    let last = '';
    await until(20, () => `the largest that may be is refused: ${last}`, async () => {
      const {code, text} = await robot.publish('myna/1/d/sim-0011/up/usage', Buffer.alloc(65536, 0x42), ...old);
      last = text;
      return code === 0;
    });
    await until(20, () => 'the largest that may be does not arrive', () => heard.messages.some(({payload}) => payload[0] === 0x42));
  } finally {
    await heard.stop();
  }
  const messages = heard.messages.filter(({payload}) => payload[0] === 0x41 || payload[0] === 0x42);
  assert.deepEqual([...new Set(messages.map(({payload}) => payload.length))], [65536], 'the largest that may be arrives, and nothing larger');
});

test('I10: a robot that floods the broker with messages harms no other', async () => {
  const before = await received();
  // the robot itself takes its name back at the broker, which may cut one short
  const flood = until(60, async () => `${await received() - before} messages are no flood`, async () => {
    await Peer.robot(fleet, 'sim-0010').flood('myna/1/d/sim-0010/up/report', Array.from({length: 20000}, (_, n) => `${n} is no box`));
    return await received() - before > 1000;
  });
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="in a flood"');
  const others = () => one(`SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation AND device_id <> 'sim-0010'`);
  await until(60, async () => `${await others()} other robots are behind`, async () => await others() === '0');
  await flood;
  await until(60, async () => `${await behind()} robots are behind`, async () => await behind() === '0');
  assert.equal(await one("SELECT count(*) FROM myna.alert WHERE subject = 'device/sim-0010' AND state <> 'cleared'"), '1', 'one alert, not as many as there were messages');
  await fleet.sql("DELETE FROM myna.alert WHERE subject = 'device/sim-0010'");
});

// What the broker shows at a listener: its certificate's fingerprint.
const shownBy = ({who}) => new Promise((done, fail) => {
  const socket = connect({host: '127.0.0.1', port: who.port, cert: readFileSync(who.cert), key: readFileSync(who.key), rejectUnauthorized: false}, () => {
    done(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on('error', fail);
});

test('the broker takes another certificate at its reload, and connections stay', async () => {
  const peers = [Peer.robot(fleet, 'sim-0001'), server];
  const old = await Promise.all(peers.map(shownBy));
  const sessions = () => fleet.sql("SELECT device_id, session_number FROM myna.device_link WHERE device_id <> 'sim-0001' ORDER BY 1");
  const before = await sessions();
  await promisify(execFile)(join(fleet.env.MYNA_BUILD, 'mynad'), ['--config', join(fleet.home, 'mynad.conf'), '--broker-names', 'DNS:localhost,DNS:broker.example,IP:127.0.0.1', 'init']);
  fleet.kill('mosquitto', 'SIGHUP');
  await until(30, () => 'the broker shows its old certificate', async () => (await shownBy(peers[0])) !== old[0] && (await shownBy(peers[1])) !== old[1]);
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="after it"');
  await until(60, async () => `${await behind()} robots are behind`, async () => await behind() === '0');
  assert.deepEqual(await sessions(), before, 'nobody had to connect anew');
  assert.deepEqual((await Peer.robot(fleet, 'sim-0001').publish('myna/1/d/sim-0001/up/report', 'x')).code, 0, 'who connects now trusts it');
});

// Real boxes off the wire, of each kind that robots send.
let captured;
const boxOf = (device, kind) => captured.find((message) => kindOf(message) === kind && deviceOf(message) === device);

test('I3: repeated boxes, once they are old, raise an alert', async () => {
  const listening = server.listen('myna/1/d/+/up/#', 25, '-i', 'Mynad_probe');
  await sleep(1000);
  fleet.kill('myna-robots'); // robots that come back say hello
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '40');
  await sleep(8000);
  for (const id of ['sim-0004', VICTIM]) {
    await fleet.myna('ctl', 'device', 'identify', id);
    await fleet.myna('ctl', 'device', 'report', id);
  }
  captured = (await listening).messages;
  for (const id of ['sim-0004', VICTIM]) for (const kind of UP) assert.ok(boxOf(id, kind), `no ${kind} of ${id} was heard`);

  await sleep((STALE_WINDOW_S + 1) * 1000);
  for (const kind of UP) {
    const {topic, payload} = boxOf('sim-0004', kind);
    const before = await alerts('replayed_message', 'sim-0004');
    await server.publish(topic, payload, '-i', 'Mynad_probe');
    await until(10, () => `the repeated ${kind} raised no alert`, async () => (await alerts('replayed_message', 'sim-0004')) > before);
  }
});

test('I3: repeated, forged, misaddressed and bit-flipped boxes of every kind change nothing and raise an alert', async () => {
  await fleet.myna('down'); // nothing else moves
  await fleet.up('--robots', '0');
  const before = await link(VICTIM);
  for (const kind of UP) {
    const topic = `myna/1/d/${VICTIM}/up/${kind}`;
    const raise = async (alert, payload, what) => {
      const count = await alerts(alert, VICTIM);
      await server.publish(topic, payload, '-i', 'Mynad_probe');
      await until(10, () => `${what} ${kind}: no alert`, async () => (await alerts(alert, VICTIM)) > count);
    };
    const own = boxOf(VICTIM, kind).payload;
    await raise('replayed_message', own, 'repeated');
    await raise('forged_message', boxOf('sim-0004', kind).payload, 'another robot\'s');
    await raise('forged_message', boxOf(VICTIM, UP.find((other) => other !== kind)).payload, 'another kind as');
    await raise('forged_message', Buffer.from('not a box at all'), 'nonsense as');
    for (const position of [0, 1, 5, 9, 40, 41, own.length - 1]) {
      const flipped = Buffer.from(own);
      flipped[position] ^= 0x10;
      await raise('forged_message', flipped, `bit flipped at ${position} of`);
    }
  }
  assert.equal(await link(VICTIM), before, 'nothing changed');
});

test('I3: boxes for robots that are forged or another\'s change nothing there and raise an alert', async () => {
  const listening = server.listen('myna/1/d/+/down/#', 15, '-i', 'Mynad_probe');
  await sleep(1000);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(10, () => 'not all robots are back',
    async () => Number(await one("SELECT count(*) FROM myna.device_link WHERE last_seen > now() - interval '10 s'")) >= ROBOTS);
  await fleet.myna('ctl', 'config', 'set', 'device:sim-0001', 'volume=11');
  await fleet.myna('ctl', 'device', 'identify', 'sim-0001');
  captured = (await listening).messages;
  const generation = () => one("SELECT reported_generation FROM myna.device_link WHERE device_id = 'sim-0002'");
  const before = await generation();

  const alarms = Object.fromEntries(await Promise.all(['sim-0001', 'sim-0002']
    .map(async (device) => [device, await alerts('forged_message', device)])));

  const watching = server.listen('myna/1/d/+/up/#', 6, '-i', 'Mynad_watch');
  await sleep(1000);
  for (const kind of DOWN) {
    const box = boxOf('sim-0001', kind);
    assert.ok(box, `no ${kind} was heard`);
    await server.publish(`myna/1/d/sim-0002/down/${kind}`, box.payload, '-i', 'Mynad_probe');
    for (const position of [0, 1, 5, 9, 40, 41, box.payload.length - 1]) {
      const flipped = Buffer.from(box.payload);
      flipped[position] ^= 0x10;
      await server.publish(`myna/1/d/sim-0001/down/${kind}`, flipped, '-i', 'Mynad_probe');
    }
  }
  const answers = (await watching).messages.filter((message) => ['sim-0001', 'sim-0002'].includes(deviceOf(message)));
  assert.deepEqual(answers.map(({topic}) => topic).filter((topic) => !topic.endsWith('/report')), [], 'no robot obeyed or answered');
  for (const [device, before] of Object.entries(alarms))
    await until(10, () => `${device} did not tell what it refused`, async () => (await alerts('forged_message', device)) > before);

  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="after"');
  await until(20, () => 'robots do not follow any more',
    async () => (await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')) === '0');
  assert.equal(Number(await generation()), Number(before) + 1, 'only the real change was applied');
  const value = await one("SELECT value FROM myna.effective_setting WHERE device_id = 'sim-0002' AND name = 'volume'");
  assert.notEqual(value, '11');
});

// A robot of this test's own, whose clock says 1970: {folder, said (its log so far), end()}.
async function startRobot(id) {
  const folder = join(fleet.home, id);
  const agent = join(fleet.env.MYNA_BUILD, 'myna-agent');
  const {code} = await fleet.ctl('claim', 'create');
  await promisify(execFile)(agent, ['--state-dir', folder, 'enrol', '--url', `https://127.0.0.1:${fleet.base + 1}`, '--claim', code, '--device-id', id]);
  const robot = {folder, said: ''};
  const child = spawn(agent, ['--state-dir', folder, '--display', 'headless', '--audio', 'file', '--ear', 'off',
    '--voice', join(fleet.env.MYNA_BUILD, 'agent/voice/myna-voice')], {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env,
    LD_PRELOAD: join(fleet.env.MYNA_BUILD, 'tests/support/libmisfortune.so'), MISFORTUNE_CLOCK_S: String(-Math.floor(Date.now() / 1000)),
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`}});
  child.stderr.on('data', (data) => { robot.said += data; });
  robot.end = () => new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once('exit', done);
    child.kill();
  });
  return robot;
}

test('a robot whose clock says 1970 connects, and once it is revoked its session ends and its topics are closed', async (context) => {
  const robot = await startRobot('short-lived');
  try {
    await until(60, () => `it is not online:\n${robot.said}`, async () => (await fleet.ctl('device', 'get', 'short-lived')).online);
    assert.match(robot.said, /the clock is wrong by days/);
    assert.match(robot.said, /^1970-01-0\dT/m);
    const begun = Date.now();
    const before = robot.said.length; // it may have asked for a connection in vain before
    await fleet.myna('ctl', 'device', 'revoke', 'short-lived');
    const revoked = Date.now();
    await until(60, () => `it is still connected:\n${robot.said}`, () => /no connection to the broker/.test(robot.said.slice(before)));
    context.diagnostic(`thrown out ${Date.now() - revoked} ms after the answer to the revocation, ${Date.now() - begun} ms after it was asked for`);
    // it tries again and again, and gets nothing; nor does who has its keys
    const peer = new Peer(fleet, {name: 'short-lived', port: fleet.base + 2, cert: join(robot.folder, 'device.pem'), key: join(robot.folder, 'device.key')});
    await robot.end();
    await until(30, () => 'the broker does not refuse it', async () => {
      const heard = await peer.listen('myna/1/d/short-lived/down/#', 3);
      assert.deepEqual(heard.messages, []);
      return /denied|Not authorized|disconnect|lost/i.test(heard.text);
    });
    const {text} = await peer.publish('myna/1/d/short-lived/up/hello', 'x');
    assert.match(text, /Not authorized|denied|disconnect|lost/i);
  } finally {
    await robot.end();
  }
});
