// Software by a signed manifest on a whole stack: a real robot fetches an avatar over HTTPS, tests
// itself with it, shows it, and goes back from what is bad.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {inflateSync} from 'node:zlib';
import {Fleet, until} from '../../support/fleet.mjs';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const template = readFileSync(join(root, 'agent/face/packs/template.svg'), 'utf8');
const PLAN = {gates: 'off', soak_s: 0, control: {share: '0%', at_least: 0}, waves: [{share: '100%'}],
  confirm: {deadline_s: 60, retries: 0, max_failed: '0%'}};

let fleet;
let folder;
let server;
let requests = [];
let robot; // that runs by the test's own link
let gone;

const files = new Map();
// The whole, or from where the robot left off; the first answer of a file breaks off in its middle.
function serve(request, response) {
  const file = files.get(request.url);
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);

  requests.push({url: request.url, from});
  if (!file) return response.writeHead(404).end();
  const rest = file.bytes.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {etag: '"1"', 'content-length': rest.length,
    ...(from > 0 ? {'content-range': `bytes ${from}-${file.bytes.length - 1}/${file.bytes.length}`} : {})});
  if (file.breaks-- > 0) return response.write(rest.subarray(0, rest.length >> 1), () => response.destroy());
  return response.end(rest);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myna-software-'));
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=files', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem')]);
  server = createServer({key: readFileSync(join(folder, 'tls.key')), cert: readFileSync(join(folder, 'tls.pem'))}, serve);
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  mkdirSync(join(folder, 'update.d'));
  cpSync(join(root, 'packaging/update.d/pack.sh'), join(folder, 'update.d/avatar'));
  // a kind of the test's own: it writes down what it is asked, and does not stay
  writeFileSync(join(folder, 'update.d/fickle'), `#!/bin/sh\necho "$1 $4" >>${folder}/asked\n[ "$1" = confirm ] && { echo "it does not hold"; exit 1; }\nexit 0\n`);
  chmodSync(join(folder, 'update.d/fickle'), 0o755);
  // the robot's own program is what a link names
  writeFileSync(join(folder, 'update.d/agent'), `#!/bin/sh
bin=${folder}/bin
case $1 in
install)
	[ "$(readlink $bin/myna-agent)" = "v-$4" ] || ln -sfn "$(readlink $bin/myna-agent)" $bin/former
	cp "$5" $bin/v-$4 && chmod 0755 $bin/v-$4 && ln -sfn v-$4 $bin/next && mv -T $bin/next $bin/myna-agent && exit 10 ;;
confirm) exit 0 ;;
revert)
	[ "$(readlink $bin/myna-agent)" = "v-$4" ] || exit 0
	ln -sfn "$(readlink $bin/former)" $bin/next && mv -T $bin/next $bin/myna-agent && exit 10 ;;
esac
exit 1
`);
  chmodSync(join(folder, 'update.d/agent'), 0o755);
  fleet = await Fleet.create();
  await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['manifest', 'keygen', join(folder, 'company')]);
  Object.assign(fleet.env, {MYNA_AGENT_UPDATE_KEYS: join(folder, 'company.pub'), MYNA_AGENT_UPDATE_DIR: join(folder, 'update.d'),
    MYNA_AGENT_UPDATE_CA: join(folder, 'tls.pem')});
  await fleet.up('--robots', '0');
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'avatar=friend');
});

after(async () => {
  robot?.kill('SIGTERM');
  await gone;
  await fleet?.end();
  server?.close();
  server?.closeAllConnections();
  rmSync(folder, {recursive: true, force: true});
});

async function sign(kind, name, version, counter, bytes, breaks = 0) {
  const url = `/${name}-${version}`;
  const path = join(folder, 'file');

  files.set(url, {bytes: Buffer.from(bytes), breaks});
  writeFileSync(path, bytes);
  const out = join(folder, `${name}-${version}.json`);
  await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['manifest', 'sign', path, '--key', join(folder, 'company.key'),
    '--kind', kind, '--name', name, '--version', version, '--counter', String(counter),
    '--url', `https://127.0.0.1:${server.address().port}${url}`, '--out', out]);
  return out;
}

async function roll(id, manifest, end) {
  const plan = join(folder, 'plan.json');

  writeFileSync(plan, JSON.stringify(PLAN));
  await fleet.myna('ctl', 'rollout', 'create', id, '--manifest', manifest, '--plan', plan, '--start');
  await reaches(id, end);
}

const rollout = (id) => fleet.ctl('rollout', 'get', id);
const reaches = (id, end) => until(60, async () => JSON.stringify([await rollout(id), await packages()]),
  async () => (await rollout(id)).state === end);
const packages = async () => (await fleet.ctl('device', 'get', 'myna-1')).packages;

// The colour of the wall behind the face: the picture's first pixel stands as it is in its bytes.
async function wall() {
  await fleet.myna('ctl', 'device', 'take-picture', 'myna-1');
  await until(30, () => 'no picture came', async () =>
    (await fleet.ctl('device', 'commands', 'myna-1')).items[0].status === 'done');
  const [[hex]] = await fleet.sql("SELECT encode(png, 'hex') FROM myna.face_picture WHERE device_id = 'myna-1'");
  const png = Buffer.from(hex, 'hex');
  const data = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  return inflateSync(Buffer.concat(data)).toString('hex', 1, 4);
}

const face = (color) => template.replace('#7f93a3', color);

test('a robot fetches an avatar with a broken line, tests itself with it and shows it', async () => {
  const plain = await wall();
  await roll('friend-1', await sign('avatar', 'friend', '1.0', 1, face('#ff0000'), 1), 'completed');

  assert.deepEqual(requests.map(({from}) => from > 0), [false, true], 'the second request goes on where the first broke off');
  assert.deepEqual(await packages(), [{kind: 'avatar', name: 'friend', version: '1.0', counter: 1, wanted: '', step: 'confirmed', done: 0, reason: ''}]);
  assert.equal(await wall(), 'ff0000');
  assert.notEqual(plain, 'ff0000');
  const tests = await fleet.sql("SELECT count(*) FROM myna.usage WHERE device_id = 'myna-1' AND purpose = 1");
  assert.deepEqual(tests, [['1']], 'it asked its own question with it');
});

test('what cannot be drawn is refused, and the robot keeps what it has', async () => {
  await roll('friend-bad', await sign('avatar', 'friend', '1.1', 2, '<svg>no face</svg>'), 'paused');

  const [device] = (await fleet.ctl('rollout', 'devices', 'friend-bad')).items;
  assert.equal(device.state, 'failed');
  assert.equal(device.final, true);
  assert.equal(device.package.version, '1.0');
  assert.equal(device.package.step, 'refused');
  assert.equal(device.reason, device.package.reason);
  assert.equal(await wall(), 'ff0000');
  await fleet.myna('ctl', 'rollout', 'roll-back', 'friend-bad');
  await reaches('friend-bad', 'rolled_back');
});

test('what does not stay goes back by itself', async () => {
  await roll('fickle', await sign('fickle', 'mood', '3', 1, 'anything'), 'paused');

  assert.deepEqual(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n'), ['install 3', 'confirm 3', 'revert 3']);
  const [device] = (await fleet.ctl('rollout', 'devices', 'fickle')).items;
  assert.deepEqual([device.state, device.reason, device.package.version, device.package.step],
    ['failed', 'it does not hold', '', 'reverted']);
  await fleet.myna('ctl', 'rollout', 'roll-back', 'fickle');
  await reaches('fickle', 'rolled_back');
});

test('a newer one follows, and a roll-back brings the one before without the network', async () => {
  await roll('friend-2', await sign('avatar', 'friend', '2.0', 3, face('#00ff00')), 'completed');
  assert.equal(await wall(), '00ff00');

  requests = [];
  files.clear();
  await fleet.myna('ctl', 'rollout', 'roll-back', 'friend-2');
  await reaches('friend-2-back', 'completed');
  assert.equal(await wall(), 'ff0000');
  assert.deepEqual(requests, []);
  assert.deepEqual((await packages()).filter(({kind}) => kind === 'avatar').map(({version}) => version), ['1.0']);
});

test('what was signed by another key does not get beyond the robot', async () => {
  await run(join(fleet.env.MYNA_BUILD, 'mynactl'), ['manifest', 'keygen', join(folder, 'other')]);
  const manifest = await sign('avatar', 'friend', '9', 9, face('#0000ff'));
  const envelope = JSON.parse(readFileSync(manifest, 'utf8'));
  envelope.document = envelope.document.replace('"counter":9', '"counter":8');
  writeFileSync(manifest, JSON.stringify(envelope));
  await roll('forged', manifest, 'paused');
  const [device] = (await fleet.ctl('rollout', 'devices', 'forged')).items;
  assert.equal(device.reason, "it was signed by none of this robot's keys");
  assert.deepEqual(requests, []);
  assert.equal((await fleet.ctl('audit', 'verify')).ok, true);
  await fleet.myna('ctl', 'rollout', 'roll-back', 'forged');
  await reaches('forged', 'rolled_back');
});

// The same program by another name for itself: it says its version in few places.
const program = (version) => Buffer.from(readFileSync(join(fleet.env.MYNA_BUILD, 'myna-agent'), 'latin1')
  .replaceAll('0.1.0\0', `${version}\0`), 'latin1');
const software = async () => (await fleet.ctl('device', 'get', 'myna-1')).software;

// Instead of the stack's own robot the same one by a link that an installer may turn.
async function runByLink() {
  const bin = join(folder, 'bin');
  const pid = fleet.pid('myna-agent');

  mkdirSync(bin);
  cpSync(join(fleet.env.MYNA_BUILD, 'myna-agent'), join(bin, 'v-first'));
  symlinkSync('v-first', join(bin, 'myna-agent'));
  process.kill(pid, 'SIGTERM');
  await until(30, () => 'the stack\'s own robot does not stop', () => !existsSync(`/proc/${pid}`));
  const log = openSync(join(fleet.home, 'log/myna-agent-own.log'), 'a');
  robot = spawn(join(bin, 'myna-agent'), ['--config', join(fleet.home, 'myna-agent.conf')], {env: fleet.env, stdio: ['ignore', log, log]});
  gone = new Promise((done) => { robot.on('exit', done); });
  const session = async () => (await fleet.ctl('device', 'get', 'myna-1')).session.number;
  const before = await session();
  await until(60, () => 'the robot does not come back', async () => (await session()) > before);
}

test('the robot\'s own program replaces itself, comes back as the newer one, and goes back when told to', async () => {
  await runByLink();
  const was = await software();
  await roll('self-1', await sign('agent', 'myna-agent', '0.1.9', 1, program('0.1.9')), 'completed');
  assert.equal(await software(), was.replace('0.1.0', '0.1.9'));
  assert.equal(robot.exitCode, null, 'it is the same process');
  const [own] = (await packages()).filter(({kind}) => kind === 'agent');
  assert.deepEqual([own.version, own.step], ['0.1.9', 'confirmed']);

  assert.ok((await rollout('self-1')).acts.includes('roll-back'));
  await fleet.myna('ctl', 'rollout', 'roll-back', 'self-1');
  await reaches('self-1-back', 'completed');
  await until(60, software, async () => (await software()) === was);
});

test('a program that is not what its manifest says goes back by itself', async () => {
  const was = await software();
  await roll('self-2', await sign('agent', 'myna-agent', '0.2.0', 2, program('0.1.8')), 'paused');
  const [device] = (await fleet.ctl('rollout', 'devices', 'self-2')).items;
  assert.deepEqual([device.state, device.package.step], ['failed', 'reverted']);
  assert.match(device.reason, /0\.1\.8/);
  await until(60, software, async () => (await software()) === was);
  assert.equal(robot.exitCode, null);
  await fleet.myna('ctl', 'rollout', 'roll-back', 'self-2');
  await reaches('self-2', 'rolled_back');
});
