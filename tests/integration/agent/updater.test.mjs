// Software onto one robot, against a real HTTPS server that breaks off, lies and changes its mind, with
// the power going at each step: in the end it is there as it was signed, or what was before is.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const {MYNACTL, PROBE} = process.env;

let folder;
let server;
let key;
let keys;
let requests;
// What the server does with the next requests: a function each; the last one stays.
let plan;
let robots = 0;

const whole = (bytes, {etag = '"1"', from = true} = {}) => (request, response) => {
  const begin = from ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  if (begin > 0 && same) {
    response.writeHead(206, {etag, 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}`});
    return response.end(bytes.subarray(begin));
  }
  return response.writeHead(200, {etag}).end(bytes);
};

// Tells the whole length and breaks off after so many bytes.
const broken = (bytes, size, {etag = '"1"', then} = {}) => (request, response) => {
  const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(begin > 0 ? 206 : 200, {etag, 'content-length': bytes.length - begin,
    ...(begin > 0 ? {'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}`} : {})});
  response.write(bytes.subarray(begin, begin + size), () => setTimeout(() => { then?.(); response.destroy(); }, 50));
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myna-updater-'));
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=files', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem')]);
  server = createServer({key: readFileSync(join(folder, 'tls.key')), cert: readFileSync(join(folder, 'tls.pem'))}, (request, response) => {
    requests.push({range: request.headers.range ?? null, ifRange: request.headers['if-range'] ?? null});
    (plan.length > 1 ? plan.shift() : plan[0])(request, response);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  for (const name of ['company', 'other']) await run(MYNACTL, ['manifest', 'keygen', join(folder, name)]);
  key = join(folder, 'company.key');
  keys = join(folder, 'company.pub');
});

after(() => {
  server?.close();
  server?.closeAllConnections();
  if (!process.env.MYNA_KEEP) rmSync(folder, {recursive: true, force: true});
});

const drawing = (text) => Buffer.from(`<svg>${text}</svg>`);
const large = drawing('x'.repeat(300000));

async function sign(version, counter, bytes, ...more) {
  const path = join(folder, 'file');
  const out = join(folder, `${version}-${counter}-${more.length}.json`);
  writeFileSync(path, bytes);
  await run(MYNACTL, ['manifest', 'sign', path, '--key', key, '--kind', 'avatar', '--name', 'friend', '--version', version,
    '--counter', String(counter), '--url', `https://127.0.0.1:${server.address().port}/file`, '--out', out, ...more]);
  return out;
}

// A robot's disk. "cut" in its update.d takes the power away once: "before install", "after revert".
class Robot {
  constructor() {
    this.home = join(folder, `robot-${robots++}`);
    this.programs = join(this.home, 'update.d');
    mkdirSync(this.programs, {recursive: true});
    cpSync(join(root, 'packaging/update.d/pack.sh'), join(this.programs, 'pack'));
    this.program('avatar', `#!/bin/sh
cd "$(dirname "$0")"
echo "$1 $4" >>asked
cut() {
  [ "$(cat cut 2>/dev/null)" = "$1 $2" ] || return 0
  rm cut
  kill -9 $PPID
  exit 0
}
cut before "$1"
./pack "$@"
status=$?
cut after "$1"
exit $status
`);
    requests = [];
  }

  program(name, text) {
    writeFileSync(join(this.programs, name), text);
    chmodSync(join(this.programs, name), 0o755);
  }

  cut(when) {
    writeFileSync(join(this.programs, 'cut'), when);
  }

  words(manifest, mode, options) {
    return [join(this.home, 'software'), this.programs, options.keys ?? keys, join(folder, 'tls.pem'), manifest, mode,
      ...(options.max ? [String(options.max)] : [])];
  }

  // Null: it was killed.
  async turn(manifest, mode = 'bring', options = {}) {
    const child = spawn(PROBE, this.words(manifest, mode, options), {stdio: ['ignore', 'pipe', 'inherit']});
    let out = '';
    this.child = child;
    child.stdout.on('data', (data) => { out += data; });
    const code = await new Promise((done) => { child.on('close', (status, signal) => done(signal ?? status)); });
    if (code === 'SIGKILL') return null;
    assert.equal(code, 0, 'the probe ran');
    return JSON.parse(out);
  }

  get asked() {
    const path = join(this.programs, 'asked');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }

  // The drawing in force; null: none.
  get shown() {
    const path = join(this.home, 'software/avatar/friend/current/friend.svg');
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  }

  // Nothing is left lying about.
  get files() {
    return readdirSync(join(this.home, 'software')).sort();
  }
}

const versions = (turn) => turn.packages.map(({version, wanted, step}) => `${version}/${wanted}/${step}`);
const confirmed = (version) => [`${version}//confirmed`];

test('a download goes on where it was cut, over breaks and restarts', async () => {
  const robot = new Robot();
  const manifest = await sign('1.0', 1, large);
  plan = [broken(large, 100000), broken(large, 50000), whole(large)];

  const first = await robot.turn(manifest);
  assert.deepEqual([first.may_pass, robot.shown], [true, null]);
  assert.equal((await robot.turn(manifest)).may_pass, true);
  const last = await robot.turn(manifest);
  assert.deepEqual([last.status, robot.shown === large.toString()], ['ok', true]);
  assert.deepEqual(versions(last), confirmed('1.0'));
  assert.deepEqual(requests.map(({range}) => range), [null, 'bytes=100000-', 'bytes=150000-']);
  assert.deepEqual(requests.map(({ifRange}) => ifRange), [null, '"1"', '"1"']);
  assert.deepEqual(robot.files, ['avatar', 'shelf'], 'its file is gone');
});

test('when the server has another file meanwhile, the robot begins anew', async () => {
  const robot = new Robot();
  plan = [broken(large, 100000, {etag: '"0"'}), whole(large)];
  const manifest = await sign('1.0', 1, large);

  assert.equal((await robot.turn(manifest)).may_pass, true);
  assert.equal((await robot.turn(manifest)).status, 'ok');
  assert.equal(robot.shown, large.toString());
});

test('a file with other bytes is thrown away, and the third one refused for good', async () => {
  const robot = new Robot();
  const manifest = await sign('1.0', 1, drawing('good'));
  plan = [whole(drawing('evil'))];

  const turns = [await robot.turn(manifest), await robot.turn(manifest), await robot.turn(manifest)];
  assert.deepEqual(turns.map(({may_pass: mayPass}) => mayPass), [true, true, false]);
  assert.equal(turns[2].reason, 'the file is not the one that was signed');
  assert.deepEqual([robot.asked, robot.shown], [[], null], 'no installer ever saw it');
  assert.deepEqual(versions(turns[2]), ['/1.0/refused']);
  await robot.turn(manifest, 'keep');
  assert.equal(requests.length, 3, 'a settled configuration does not try it again');
});

test('a file of another size is not taken, however it is told', async () => {
  const manifest = await sign('1.0', 1, large);
  for (const bytes of [Buffer.concat([large, large]), large.subarray(0, 1000)]) {
    const robot = new Robot();
    plan = [whole(bytes)];
    const turn = await robot.turn(manifest);
    assert.match(turn.reason, /(larger|shorter) than was signed/);
    assert.deepEqual(robot.files, ['shelf']);
  }
  const robot = new Robot();
  plan = [broken(large, 1000), broken(Buffer.concat([large, large]), 1000)];
  await robot.turn(manifest);
  assert.match((await robot.turn(manifest)).reason, /another size/);
});

test('a server that fails is asked again, one that says nothing is given up for now', async () => {
  const robot = new Robot();
  const manifest = await sign('1.0', 1, drawing('late'));
  plan = [(request, response) => response.writeHead(404).end('no'), () => {}, whole(drawing('late'))];

  const missing = await robot.turn(manifest);
  assert.deepEqual([missing.reason, missing.may_pass], ['the server answered 404', true]);
  assert.equal((await robot.turn(manifest)).may_pass, true);
  assert.equal((await robot.turn(manifest)).status, 'ok');
});

test('what another key signed, or nobody, is refused before anything is fetched', async () => {
  const manifest = await sign('1.0', 1, drawing('good'));
  const forged = join(folder, 'forged.json');
  const envelope = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(forged, JSON.stringify({...envelope, document: envelope.document.replace('"1.0"', '"1.1"')}));
  plan = [whole(drawing('good'))];

  for (const [file, options, reason] of [
    [manifest, {keys: join(folder, 'other.pub')}, "it was signed by none of this robot's keys"],
    [forged, {}, "it was signed by none of this robot's keys"],
    [manifest, {keys: '/dev/null'}, 'this robot has no keys to check software by'],
    [manifest, {max: 5}, 'it is larger than this robot takes'],
  ]) {
    const turn = await new Robot().turn(file, 'bring', options);
    assert.deepEqual([turn.reason, turn.may_pass, requests], [reason, false, []]);
  }
});

test('a disk without room takes nothing, and says so', {skip: process.getuid() !== 0}, async (t) => {
  const robot = new Robot();
  const manifest = await sign('1.0', 1, drawing('good'));
  const words = robot.words(manifest, 'bring', {});
  plan = [whole(drawing('good'))];
  const script = `mkdir -p '${words[0]}' && mount -t tmpfs -o size=8m none '${words[0]}' && exec '${PROBE}' "$@"`;
  const result = await run('unshare', ['-m', 'sh', '-c', script, 'sh', ...words]).catch((error) => error);

  if (!result.stdout) return t.skip('no file system of its own could be made');
  const turn = JSON.parse(result.stdout);
  assert.deepEqual([turn.reason, turn.may_pass, requests], ['the disk has no room', true, []]);
  return undefined;
});

test('nothing older comes unless that is signed, nor what may not follow', async () => {
  const robot = new Robot();
  plan = [whole(drawing('two'))];
  assert.equal((await robot.turn(await sign('2.0', 5, drawing('two')))).status, 'ok');

  plan = [whole(drawing('one'))];
  const old = await robot.turn(await sign('1.0', 4, drawing('one')));
  assert.deepEqual([old.reason, old.may_pass], ['its counter 4 is not above 5, which this robot has', false]);
  assert.equal((await robot.turn(await sign('1.0', 5, drawing('one')))).may_pass, false, 'nor of the same counter');
  const from = await robot.turn(await sign('3.0', 6, drawing('one'), '--from', '1.0,none'));
  assert.equal(from.reason, 'it may not follow 2.0, which this robot has');
  assert.equal(robot.shown, drawing('two').toString());
  const allowed = await robot.turn(await sign('1.0', 4, drawing('one'), '--allow-downgrade'));
  assert.deepEqual([allowed.status, robot.shown], ['ok', drawing('one').toString()]);
});

test('what the installer refuses changes nothing, what fails its test goes back', async () => {
  const robot = new Robot();
  plan = [whole(drawing('one'))];
  assert.equal((await robot.turn(await sign('1.0', 1, drawing('one')))).status, 'ok');

  plan = [whole(Buffer.from('no drawing'))];
  const refused = await robot.turn(await sign('1.1', 2, Buffer.from('no drawing')));
  assert.deepEqual([refused.reason, refused.may_pass], ['it is no drawing', false]);
  plan = [whole(drawing('two'))];
  const rejected = await robot.turn(await sign('2.0', 3, drawing('two')), 'reject');
  assert.deepEqual(versions(rejected), ['1.0/2.0/reverted']);
  assert.equal(rejected.packages[0].reason, 'its test failed');
  assert.equal(robot.shown, drawing('one').toString());
  assert.deepEqual(robot.asked, ['install 1.0', 'confirm 1.0', 'install 1.1', 'install 2.0', 'revert 2.0']);
});

test('what was confirmed is taken back to what was before it, or to nothing', async () => {
  const robot = new Robot();
  const one = await sign('1.0', 1, drawing('one'));
  const two = await sign('2.0', 2, drawing('two'));
  plan = [whole(drawing('one')), whole(drawing('two')), () => assert.fail('the network was asked')];

  await robot.turn(one);
  await robot.turn(two);
  assert.equal(robot.shown, drawing('two').toString());
  assert.deepEqual(versions(await robot.turn(two, 'withdraw')), confirmed('1.0'));
  assert.equal(robot.shown, drawing('one').toString());
  assert.deepEqual(versions(await robot.turn(two, 'withdraw')), confirmed('1.0'), 'a second time there is nothing to do');
  const last = await new Robot();
  plan = [whole(drawing('one'))];
  await last.turn(one);
  assert.deepEqual([versions(await last.turn(one, 'withdraw')), last.shown], [[], null]);
});

test('the power goes while the file comes: the next start goes on', async () => {
  const robot = new Robot();
  const manifest = await sign('1.0', 1, large);
  plan = [broken(large, 150000, {then: () => robot.child.kill('SIGKILL')}), whole(large)];

  assert.equal(await robot.turn(manifest), null);
  assert.equal((await robot.turn(manifest)).status, 'ok');
  assert.equal(robot.shown, large.toString());
  assert.equal(requests.length, 2);
});

for (const when of ['before install', 'after install', 'before confirm', 'after confirm']) {
  test(`the power goes ${when}: the next start goes on, and it is never taken for done`, async () => {
    const robot = new Robot();
    plan = [whole(drawing('one')), whole(drawing('two'))];
    await robot.turn(await sign('1.0', 1, drawing('one')));
    const manifest = await sign('2.0', 2, drawing('two'));

    robot.cut(when);
    assert.equal(await robot.turn(manifest), null, 'it was killed');
    const turn = await robot.turn(manifest, 'hold');
    assert.deepEqual(versions(turn), [`1.0/2.0/installed`], 'until it is confirmed it is not what runs');
    assert.deepEqual(versions(await robot.turn(manifest)), confirmed('2.0'));
    assert.equal(robot.shown, drawing('two').toString());
  });

  test(`the power goes ${when}, and it is not wanted any more: what was before is there`, async () => {
    const robot = new Robot();
    plan = [whole(drawing('one')), whole(drawing('two'))];
    const one = await sign('1.0', 1, drawing('one'));
    await robot.turn(one);

    robot.cut(when);
    await robot.turn(await sign('2.0', 2, drawing('two')));
    const turn = await robot.turn(one, 'keep');
    assert.deepEqual([turn.status, turn.packages[0].version, robot.shown], ['ok', '1.0', drawing('one').toString()]);
  });
}

for (const when of ['before revert', 'after revert']) {
  test(`the power goes ${when}: the next start ends it`, async () => {
    const robot = new Robot();
    plan = [whole(drawing('one')), whole(drawing('two'))];
    const one = await sign('1.0', 1, drawing('one'));
    await robot.turn(one);
    const two = await sign('2.0', 2, drawing('two'));

    robot.cut(when);
    assert.equal(await robot.turn(two, 'reject'), null);
    assert.deepEqual([(await robot.turn(one, 'keep')).status, robot.shown], ['ok', drawing('one').toString()]);
    assert.equal((await robot.turn(two)).status, 'ok');
    robot.cut(when);
    assert.equal(await robot.turn(two, 'withdraw'), null);
    assert.deepEqual([versions(await robot.turn(one, 'keep')), robot.shown], [confirmed('1.0'), drawing('one').toString()]);
  });
}

test('what stops the robot again and again while it is installed goes back for good', async () => {
  const robot = new Robot();
  plan = [whole(drawing('two'))];
  const manifest = await sign('2.0', 2, drawing('two'));

  for (let i = 0; i < 3; i++) {
    robot.cut('before install');
    assert.equal(await robot.turn(manifest), null);
  }
  const turn = await robot.turn(manifest);
  assert.deepEqual([turn.reason, turn.may_pass, robot.shown], ['the robot stopped 3 times while it was installed', false, null]);
  assert.deepEqual(versions(turn), ['/2.0/reverted']);
});

test('an installer may say later, and that the program has to start again', async () => {
  const robot = new Robot();
  robot.program('avatar', '#!/bin/sh\ncd "$(dirname "$0")"\n[ "$1" = install ] || exit 0\n[ -f busy ] && { rm busy; echo "the robot is busy"; exit 75; }\nexit 10\n');
  writeFileSync(join(robot.programs, 'busy'), '');
  plan = [whole(drawing('one'))];
  const manifest = await sign('1.0', 1, drawing('one'));

  const later = await robot.turn(manifest);
  assert.deepEqual([later.reason, later.may_pass], ['the robot is busy', true]);
  const restart = await robot.turn(manifest);
  assert.deepEqual([restart.restart, versions(restart)], [true, ['/1.0/installed']]);
  assert.deepEqual(versions(await robot.turn(manifest)), confirmed('1.0'));
  assert.equal(requests.length, 1, 'the file was fetched once');
});
