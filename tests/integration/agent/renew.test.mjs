// myna-agent renews its certificate against a real mynad, whatever its clock says and wherever its
// power fails.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {createPrivateKey, createPublicKey, X509Certificate} from 'node:crypto';
import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from '../api/openapi.mjs';

const YEAR_S = 365 * 86400;
let stack;
let admin;
let folder;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  folder = mkdtempSync(join(tmpdir(), 'myna-renew-'));
});

after(async () => {
  rmSync(folder, {recursive: true, force: true});
  await stack?.end();
});

// {code, signal, stdout, stderr} of the robot's program; misfortune: what goes wrong for it.
function run(id, words, misfortune) {
  const preload = misfortune && {LD_PRELOAD: process.env.MISFORTUNE,
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`, ...misfortune};
  return new Promise((done) => {
    execFile(process.env.MYNA_AGENT, ['--state-dir', join(folder, id), ...words], {timeout: 60000, env: {...process.env, ...preload}},
      (error, stdout, stderr) => done({code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr}));
  });
}

const url = () => `https://127.0.0.1:${stack.devicePort}`;
const read = (id, name) => readFileSync(join(folder, id, name), 'utf8');
const serialOf = (id) => new X509Certificate(read(id, 'device.pem')).serialNumber;

async function enrol(id) {
  const {body: {code}} = await admin.post('/claims');
  const {stderr} = await run(id, ['enrol', '--url', url(), '--claim', code, '--device-id', id]);
  assert.equal(stderr, '');
}

// What is on disk belongs together, as openssl sees it too.
function isWhole(id) {
  const certificate = new X509Certificate(read(id, 'device.pem'));
  assert.ok(createPublicKey(createPrivateKey(read(id, 'device.key'))).equals(certificate.publicKey));
  const [leaf, ca] = read(id, 'device.pem').split(/(?<=-----END CERTIFICATE-----\n)/);
  writeFileSync(join(folder, 'leaf'), leaf);
  writeFileSync(join(folder, 'ca'), ca);
  assert.match(execFileSync('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', join(folder, id, 'root.pem'),
    '-untrusted', join(folder, 'ca'), join(folder, 'leaf')], {encoding: 'utf8'}), /: OK/);
}

test('a robot renews where it enrolled, and keeps its keys', async () => {
  await enrol('r1');
  const [first, keys] = [serialOf('r1'), [read('r1', 'device.key'), read('r1', 'sealing.key')]];
  const {code, stdout, stderr} = await run('r1', ['renew']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^renewed; the next time after 20\d\d-/);
  assert.notEqual(serialOf('r1'), first);
  assert.deepEqual([read('r1', 'device.key'), read('r1', 'sealing.key')], keys);
  assert.equal((await stack.sql("SELECT upper(certificate_serial) FROM myna.device WHERE device_id = 'r1'"))[0][0], serialOf('r1'));
  isWhole('r1');
});

for (const [name, years] of [['1970', -Math.floor(Date.now() / 1000 / YEAR_S)], ['three years ahead, when every certificate has expired', 3]])
  test(`with a clock that says ${name} it renews as well, and learns the time`, async () => {
    await enrol(`clock${years}`);
    const first = serialOf(`clock${years}`);
    const {code, stderr} = await run(`clock${years}`, ['renew'], {MISFORTUNE_CLOCK_S: String(years * YEAR_S)});
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the clock is wrong by days/);
    assert.notEqual(serialOf(`clock${years}`), first);
    assert.ok(Math.abs(Number(read(`clock${years}`, 'clock')) - Date.now()) < 60000);
  });

test('wherever the power fails, what is on disk works, and renews at the next start', async () => {
  await enrol('power');
  let deaths = 0;
  for (let nth = 1; ; nth++) {
    rmSync(join(folder, 'cut'), {recursive: true, force: true});
    cpSync(join(folder, 'power'), join(folder, 'cut'), {recursive: true});
    const {code, signal} = await run('cut', ['renew'], {MISFORTUNE_RENAME: String(nth)});
    isWhole('cut');
    if (!signal) {
      assert.equal(code, 0);
      break;
    }
    deaths++;
    assert.equal((await run('cut', ['renew'])).code, 0, `after the power failed at the ${nth}th write`);
  }
  assert.equal(deaths, 5, 'the day, root, server CA, certificate, facts');
});

test('a robot that was revoked is told so, and keeps what it has', async () => {
  await enrol('gone');
  const first = serialOf('gone');
  await admin.post('/devices/gone/revoke');
  const {code, stderr} = await run('gone', ['renew']);
  assert.equal(code, 1);
  assert.match(stderr, /^myna-agent: the server refused \(403\): robot "gone" was revoked or retired/);
  assert.equal(serialOf('gone'), first);
});

test('who does not hold the robot\'s root learns nothing and gives nothing', async () => {
  await enrol('astray');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=Another root',
    '-keyout', join(folder, 'another.key'), '-out', join(folder, 'astray/root.pem')], {stdio: 'ignore'});
  const first = serialOf('astray');
  const {code, stderr} = await run('astray', ['renew']);
  assert.equal(code, 1);
  assert.match(stderr, /cannot reach .*SSL/);
  assert.equal(serialOf('astray'), first);
  assert.equal((await stack.sql("SELECT count(*) FROM myna.audit WHERE subject = 'device/astray' AND action = 'device.renew'"))[0][0], '0');
});

test('a robot that enrolled before addresses were kept is told the address', async () => {
  await enrol('old');
  const {url: kept, renew_after_ms: after_, ...facts} = JSON.parse(read('old', 'device.json'));
  assert.ok(kept && after_ > Date.now());
  writeFileSync(join(folder, 'old/device.json'), JSON.stringify(facts));
  assert.match((await run('old', ['renew'])).stderr, /give the address by --url/);
  assert.equal((await run('old', ['--url', url(), 'renew'])).code, 0);
  assert.equal((await run('old', ['renew'])).code, 0, 'it is kept from then on');
});
