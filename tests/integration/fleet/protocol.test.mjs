// The protocol on the real broker: who may speak where, what forged and old boxes do, and that a
// changed setting reaches every robot.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Fleet, sleep, until} from '../../support/fleet.mjs';
import {Peer} from '../../support/broker.mjs';

const ROBOTS = 12;
const STALE_WINDOW_S = 2;

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

test('a robot cannot subscribe outside its subtree, nor join the servers\' shared subscription', async () => {
  const robot = Peer.robot(fleet, 'sim-0001');
  const group = 'a'.repeat(32);
  for (const topic of ['#', 'myna/#', 'myna/1/d/+/down/#', 'myna/1/d/sim-0002/down/#', 'myna/1/d/sim-0001/#',
    `$share/${group}/myna/1/d/+/up/#`, '$share/x/myna/1/d/sim-0001/down/#', '$SYS/#', '$CONTROL/#']) {
    const heard = await robot.listen(topic, 2);
    assert.deepEqual(heard.messages, [], `${topic} must deliver nothing`);
    assert.match(heard.text, /denied|Not authorized/i, `${topic} must be refused`);
  }
});

test('a robot cannot publish outside its subtree', async () => {
  const robot = Peer.robot(fleet, 'sim-0001');
  for (const topic of ['myna/1/d/sim-0002/up/hello', 'myna/1/d/sim-0002/down/config', 'myna/1/d/sim-0001/down/state',
    '$CONTROL/myna/v1', 'elsewhere']) {
    const before = await link('sim-0002');
    const {text} = await robot.publish(topic, 'x');
    assert.match(text, /Not authorized/i, topic);
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
  const heard = await elsewhere.listen('myna/1/d/sim-0001/down/#', 2);
  assert.deepEqual(heard.messages, []);
  assert.notEqual(heard.code, 27, 'the connection itself must fail, not time out'); // 27: mosquitto_sub -W
});

// Real boxes off the wire, one of each kind that robots send in these seconds.
let captured;
test('I3: repeated boxes change nothing; at first they are stale, later they raise an alert', async () => {
  await fleet.myna('ctl', 'device', 'report', 'sim-0004');
  const listening = server.listen('myna/1/d/+/up/#', 25, '-i', 'Mynad_probe');
  await sleep(1000);
  for (const id of ['sim-0004', 'sim-0005']) await fleet.myna('ctl', 'device', 'identify', id);
  await fleet.myna('ctl', 'device', 'report', 'sim-0004');
  fleet.kill('myna-robots'); // robots that come back say hello
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '6');
  captured = (await listening).messages.filter(({topic}) => !topic.endsWith('/presence'));
  const kinds = new Set(captured.map(({topic}) => topic.split('/').at(-1)));
  assert.ok(kinds.has('usage') && kinds.has('reply'), `captured ${[...kinds]}`);

  await sleep((STALE_WINDOW_S + 1) * 1000);
  for (const kind of kinds) {
    const {topic, payload} = captured.find((message) => message.topic.endsWith(`/${kind}`));
    const device = topic.split('/')[3];
    const before = await alerts('replayed_message', device);
    const rows = await one(`SELECT count(*) - count(DISTINCT (turn, attempt)) FROM myna.usage`);
    await server.publish(topic, payload, '-i', 'Mynad_probe');
    await until(10, () => `the repeated ${kind} raised no alert`, async () => (await alerts('replayed_message', device)) > before);
    assert.equal(await one(`SELECT count(*) - count(DISTINCT (turn, attempt)) FROM myna.usage`), rows);
  }
});

test('I3: forged, misaddressed and bit-flipped boxes of every kind change nothing and raise an alert', async () => {
  await fleet.myna('down'); // nothing else moves
  await fleet.up('--robots', '0');
  const victim = 'sim-0007';
  const before = await link(victim);
  for (const kind of ['hello', 'usage', 'report', 'reply']) {
    const sample = captured.find(({topic}) => topic.endsWith(`/${kind}`) && topic.split('/')[3] !== victim) ?? captured[0];
    const topic = `myna/1/d/${victim}/up/${kind}`;
    const raise = async (payload, what) => {
      const count = await alerts('forged_message', victim);
      await server.publish(topic, payload, '-i', 'Mynad_probe');
      await until(10, () => `${what} ${kind}: no alert`, async () => (await alerts('forged_message', victim)) > count);
    };
    await raise(sample.payload, 'another robot\'s');
    await raise(Buffer.from('not a box at all'), 'nonsense as');
    const own = captured.find((message) => message.topic.split('/')[3] === victim);
    if (own)
      for (const position of [0, 1, 5, 9, 40, 41, own.payload.length - 1]) {
        const flipped = Buffer.from(own.payload);
        flipped[position] ^= 0x10;
        await raise(flipped, `bit flipped at ${position} of`);
      }
  }
  assert.equal(await link(victim), before, 'nothing changed');
});

test('I3: boxes for robots that are forged or another\'s are ignored by the robot', async () => {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(60, () => 'not all robots are back', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  const listening = server.listen('myna/1/d/+/down/#', 6, '-i', 'Mynad_probe');
  await sleep(1000);
  await fleet.myna('ctl', 'config', 'set', 'device:sim-0001', 'volume=11');
  const down = (await listening).messages;
  const config = down.find(({topic}) => topic.endsWith('sim-0001/down/config'));
  assert.ok(config, 'the configuration was seen on the wire');
  const generation = () => one("SELECT reported_generation FROM myna.device_link WHERE device_id = 'sim-0002'");
  const before = await generation();
  await server.publish('myna/1/d/sim-0002/down/config', config.payload, '-i', 'Mynad_probe');
  const flipped = Buffer.from(config.payload);
  flipped[flipped.length - 1] ^= 1;
  await server.publish('myna/1/d/sim-0001/down/config', flipped, '-i', 'Mynad_probe');
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'screen_mark="after"');
  await until(20, () => 'robots do not follow any more',
    async () => (await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')) === '0');
  assert.equal(Number(await generation()), Number(before) + 1, 'only the real change was applied');
  const value = await one("SELECT value FROM myna.effective_setting WHERE device_id = 'sim-0002' AND name = 'volume'");
  assert.notEqual(value, '11');
});
