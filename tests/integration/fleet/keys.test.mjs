// The server's keys are replaced while robots talk: simulated ones, and one real robot.
import assert from 'node:assert/strict';
import {execFile, spawnSync} from 'node:child_process';
import {copyFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Peer} from '../../support/broker.mjs';
import {Fleet, sleep, until} from '../../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = 8;
const TALK = ['--robots', String(ROBOTS), '--talk-rate', '40'];

let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up(...TALK);
  await fleet.ctl('config', 'set', 'fleet', 'report_interval_s=10');
  await online();
});

after(() => fleet?.end());

const online = () => until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
const one = async (query) => (await fleet.sql(query))[0]?.[0];
const keys = async (state) => (await fleet.ctl('key', 'list')).items.filter((key) => key.purpose === 'sealing' && key.state === state);
const key = async (id) => (await fleet.ctl('key', 'list')).items.find((item) => item.id === id);
const alerts = () => fleet.sql("SELECT kind, subject, detail FROM myna.alert WHERE kind IN ('forged_message', 'replayed_message',"
  + " 'journal_forked', 'usage_quarantined', 'message_refused')");
const nobodyHas = (id) => until(90, async () => `these have only ${id}: ${JSON.stringify((await fleet.ctl('key', 'robots', id)).items)}`,
  async () => (await key(id)).robots === 0);
const fails = async (pattern, ...words) => assert.rejects(fleet.myna('ctl', ...words), ({stderr}) => pattern.test(stderr) || assert.fail(stderr));

async function everythingIsCounted() {
  const missing = async () => {
    const counted = new Set((await fleet.sql("SELECT turn || '-' || attempt FROM myna.usage")).map(([request]) => request));
    return fleet.ledger().filter((row) => !counted.has(row.request_id));
  };
  await until(60, async () => `${(await missing()).length} requests are not counted`, async () => (await missing()).length < ROBOTS);
  assert.deepEqual(await fleet.sql('SELECT turn, attempt, count(*) FROM myna.usage GROUP BY 1, 2 HAVING count(*) > 1'), []);
}

test('I6: robots come to a new sealing key while they talk, and mynad is killed in the middle', async () => {
  const [{id: old}] = await keys('current');
  const fresh = await fleet.ctl('key', 'rotate', 'sealing', '--per-minute', '12');
  assert.deepEqual([(await keys('current')).map(({id}) => id), (await keys('retiring')).map(({id}) => id)], [[fresh.id], [old]]);
  await fails(/the key before the present one is still in use/, 'key', 'rotate', 'sealing');
  await fails(/\d+ robots have only key/, 'key', 'retire', old);

  await until(30, () => 'nobody came to it', async () => (await key(fresh.id)).robots > 0);
  assert.ok((await key(old)).robots > 0, 'they come one after the other');
  fleet.kill('mynad');
  await sleep(1000);
  await fleet.sql('UPDATE myna.key_list SET per_minute = 1000'); // the rest need not be waited for
  await fleet.up(...TALK);
  await nobodyHas(old);
  await until(10, () => 'secrets stay kept for the old one', async () => await one(`SELECT count(*) FROM myna.device WHERE
    'sealing-' || encode(server_key_id, 'hex') = '${old}'`) === '0');

  assert.equal((await fleet.ctl('key', 'retire', old)).state, 'retired');
  assert.deepEqual(await fleet.sql(`SELECT length(private_wrapped) FROM myna.sealing_key WHERE retired_at IS NOT NULL`), [['0']]);
  await until(90, () => 'robots are not told of its end', async () => (await key(fresh.id)).untold === 0
    && await one('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation') === '0');
  await until(10, () => 'the replacement does not end', async () => await one('SELECT is_settled FROM myna.key_list') === 't');
  await fleet.say('myna-1', 'still there?');
  await everythingIsCounted();
  assert.deepEqual(await alerts(), []);
  const trail = await fleet.sql("SELECT action, subject, after ->> 'robots' FROM myna.audit WHERE action LIKE 'sealing_key.%' ORDER BY seq");
  assert.deepEqual(trail.map(([action, subject]) => [action, subject]), [['sealing_key.create', `sealing-key/${old.slice(8)}`],
    ['sealing_key.rotate', `key/${fresh.id}`], ['sealing_key.retire', `key/${old}`]]);
});

test('I4: a robot that was away comes to the new key when it is back; one that stays away is named', async () => {
  const [{id: old}] = await keys('current');
  fleet.kill('myna-agent', 'SIGTERM');
  const fresh = await fleet.ctl('key', 'rotate', 'sealing', '--per-minute', '10000');
  await until(90, async () => JSON.stringify(await fleet.ctl('key', 'list')), async () => (await key(old)).robots === 1);
  assert.deepEqual((await fleet.ctl('key', 'robots', old)).items.map(({id, online: isOnline}) => [id, isOnline]), [['myna-1', false]]);
  await fails(/1 robots have only key/, 'key', 'retire', old);
  await fleet.up(...TALK);
  await nobodyHas(old);
  await fleet.ctl('key', 'retire', old);
  await fleet.say('myna-1', 'and now?');
  assert.equal((await key(fresh.id)).state, 'current');
  assert.deepEqual(await alerts(), []);
});

test('I3: a robot whose key was retired by force is not heard, is told of, and renews itself', async () => {
  const [{id: old}] = await keys('current');
  fleet.kill('myna-agent', 'SIGTERM');
  await fleet.ctl('key', 'rotate', 'sealing', '--per-minute', '10000');
  await until(90, async () => JSON.stringify(await fleet.ctl('key', 'list')), async () => (await key(old)).robots === 1);
  await fails(/must say why/, 'key', 'retire', old, '--force');
  await fleet.ctl('key', 'retire', old, '--force', '--reason', 'it was stolen');
  const heard = () => one("SELECT last_seen FROM myna.device_link WHERE device_id = 'myna-1'");
  const before = await heard();
  await fleet.up(...TALK);
  const [alert] = await until(60, () => 'no alert', async () => {
    const {items} = await fleet.ctl('alert', 'list');
    const found = items.filter(({kind}) => kind === 'key_left_behind');
    return found.length > 0 && found;
  });
  assert.equal(alert.subject, 'device/myna-1');
  assert.match(alert.cure, /myna-agent renew/);
  assert.equal(await heard(), before);

  fleet.kill('myna-agent', 'SIGTERM');
  await run(join(fleet.env.MYNA_BUILD, 'myna-agent'), ['--state-dir', join(fleet.home, 'agent'), 'renew'], {env: fleet.env});
  await fleet.up(...TALK);
  await online();
  await fleet.say('myna-1', 'are you back?');
  await until(20, () => 'the alert stays', async () => (await fleet.ctl('alert', 'list')).items.every(({kind}) => kind !== 'key_left_behind'));
  assert.equal((await key(old)).robots, 0);
  assert.deepEqual(await alerts(), []);
  assert.equal((await fleet.ctl('audit', 'verify')).ok, true);
});

test('I4: robots renew under another device CA and server CA, and what those before signed is refused once they are retired', async () => {
  const task = async (...words) => (await run(join(fleet.env.MYNA_BUILD, 'mynad'), ['--config', join(fleet.home, 'mynad.conf'), ...words], {env: fleet.env})).stdout;
  const ca = async (state, purpose = 'device-ca') => (await fleet.ctl('key', 'list')).items.find((item) => item.purpose === purpose && item.state === state);
  const restart = async () => {
    for (const name of ['mosquitto', 'mynad']) fleet.kill(name, 'SIGTERM');
    await until(20, () => 'they do not stop', () => ['mosquitto', 'mynad'].every((name) => {
      try {
        return !fleet.pid(name);
      } catch {
        return true;
      }
    }));
    await fleet.up(...TALK);
  };
  const old = join(fleet.home, 'before.pem');
  copyFileSync(join(fleet.home, 'agent/device.pem'), old);
  const {id} = await ca('current');
  for (const name of ['mynad-9.pem', 'mynad-9.key', 'broker.pem']) copyFileSync(join(fleet.home, 'server', name), join(fleet.home, `before-${name}`));
  const pems = (path) => readFileSync(join(fleet.home, path), 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/);
  const known = () => pems('agent/server-ca.pem');
  const [oldServerCa] = known();
  const trusts = (path) => spawnSync('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', join(fleet.home, 'agent/broker-ca.pem'), join(fleet.home, path)]).status === 0;

  await task('rotate', 'device-ca');
  await task('rotate', 'server-ca');
  await restart();
  const of = async (purpose) => (await fleet.ctl('key', 'robots', (await ca('current', purpose)).id)).items.map((robot) => robot.id);
  for (const purpose of ['device-ca', 'server-ca'])
    await until(90, async () => JSON.stringify(await fleet.ctl('key', 'list')), async () => (await of(purpose)).includes('myna-1'));
  assert.deepEqual(known(), [oldServerCa, ...pems('server/server-ca-2.pem')]);
  assert.deepEqual([(await ca('retiring', 'server-ca')).robots, await of('server-ca')], [ROBOTS, ['myna-1']]);
  await assert.rejects(task('retire', 'server-ca'), ({stderr}) => /8 robots know only the one before/.test(stderr) || assert.fail(stderr));
  assert.deepEqual([(await ca('retiring')).id, (await ca('retiring')).robots], [id, ROBOTS], 'simulated robots do not renew');
  await fails(/mynad retire device-ca/, 'key', 'retire', id);
  const as = (cert) => new Peer(fleet, {...Peer.robot(fleet, 'myna-1').who, cert});
  const may = async (peer) => (await peer.publish('myna/1/d/myna-1/up/presence', 'x', '-i', 'myna-1-other')).code === 0;
  assert.deepEqual([await may(as(old)), await may(Peer.robot(fleet, 'myna-1'))], [true, true], 'both are trusted');
  const server = (prefix) => may(new Peer(fleet, {...Peer.server(fleet).who, cert: join(fleet.home, `${prefix}mynad-9.pem`), key: join(fleet.home, `${prefix}mynad-9.key`)}));
  assert.deepEqual([await server('before-'), trusts('before-broker.pem')], [true, true]);

  await task('retire', 'device-ca', '--force', '--reason', 'stolen');
  await task('retire', 'server-ca', '--force', '--reason', 'stolen as well');
  await restart();
  assert.deepEqual([await may(as(old)), await may(Peer.robot(fleet, 'myna-1'))], [false, true]);
  await until(60, () => 'the robot does not come back', async () => (await fleet.ctl('device', 'get', 'myna-1')).online);
  await until(60, () => `it knows ${known().length}`, async () => known().length === 1);
  assert.deepEqual(known(), pems('server/server-ca-2.pem'));
  assert.deepEqual([await server('before-'), await server('server/')], [false, true]);
  assert.deepEqual([trusts('before-broker.pem'), trusts('server/broker.pem')], [false, true], 'the robot takes the broker for what it is');
  await fleet.say('myna-1', 'by another hand?');
  assert.equal((await fleet.ctl('audit', 'verify')).ok, true);
});
