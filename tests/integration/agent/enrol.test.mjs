// myna-agent enrol against a real mynad.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from '../api/openapi.mjs';

const agent = process.env.MYNA_AGENT;
let stack;
let admin;
let folder;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  folder = mkdtempSync(join(tmpdir(), 'myna-enrol-'));
});

after(async () => {
  rmSync(folder, {recursive: true, force: true});
  await stack?.end();
});

// {code, stdout, stderr} of one enrolment; the robot may be another than the folder's.
function enrolAs(other, id, claim, url = `https://127.0.0.1:${stack.devicePort}`) {
  const words = ['--state-dir', join(folder, id), 'enrol', '--url', url, '--claim', claim, '--device-id', other];
  return new Promise((done) => {
    execFile(agent, words, {timeout: 30000}, (error, stdout, stderr) => done({code: error?.code ?? 0, stdout, stderr}));
  });
}

function enrol(id, claim, url = `https://127.0.0.1:${stack.devicePort}`) {
  return enrolAs(id, id, claim, url);
}

async function claim(order = {}) {
  const {body} = await admin.post('/claims', order);
  return body.code;
}

const uses = async () => Number((await stack.sql('SELECT coalesce(sum(uses), 0) FROM myna.claim'))[0][0]);
const read = (id, name) => readFileSync(join(folder, id, name), 'utf8');

test('a robot enrols once; again is harmless', async () => {
  const code = await claim();

  assert.deepEqual(await enrol('r1', code), {code: 0, stdout: 'enrolled\n', stderr: ''});
  const facts = read('r1', 'device.json');
  assert.deepEqual(JSON.parse(facts).brokers, ['127.0.0.1:1', '127.0.0.1:2']);
  assert.deepEqual(await enrol('r1', code), {code: 0, stdout: 'enrolled already\n', stderr: ''});
  assert.equal(read('r1', 'device.json'), facts);
  const {body} = await admin.get('/devices/r1');
  assert.equal(body.id, 'r1');
  const other = await enrolAs('r2', 'r1', code);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /holds the robot "r1"/);
  assert.equal(read('r1', 'device.json'), facts);
});

test('I9: private keys are made on the device and are its owner\'s alone', async () => {
  for (const name of ['device.key', 'sealing.key'])
    assert.equal(statSync(join(folder, 'r1', name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'r1')).mode & 0o777, 0o700);
});

test('what a label holds is taken for claim and address', async () => {
  const {body} = await admin.post('/claims/import', 'serial\nlabelled\nlabelled-2\n', {'Content-Type': 'text/csv'});
  const [first, second] = body.items.map(({uri}) => uri.replace(/url=.*/, `url=https://127.0.0.1:${stack.devicePort}`));
  const bare = (uri, id) => new Promise((done) => {
    execFile(agent, ['--state-dir', join(folder, id), 'enrol', '--claim', uri, '--device-id', id], {timeout: 30000},
      (error, stdout, stderr) => done({code: error?.code ?? 0, stdout, stderr}));
  });
  assert.deepEqual(await bare(first, 'labelled'), {code: 0, stdout: 'enrolled\n', stderr: ''});
  assert.equal((await admin.get('/devices/labelled')).body.serial, 'labelled');
  // the address that is given wins
  assert.match((await enrol('labelled-2', second, 'https://127.0.0.1:1')).stderr, /cannot reach "https:\/\/127.0.0.1:1"/);
  assert.match((await bare('myna:enrol?claim=x', 'labelled-2')).stderr, /neither a code nor what a label says/);
  assert.match((await bare(await claim(), 'labelled-2')).stderr, /needs --url, --claim/);
});

test('an enrolment whose answer was lost is repeated with the same keys', async () => {
  const code = await claim();
  await enrol('r2', code);
  const key = read('r2', 'device.key');
  rmSync(join(folder, 'r2', 'device.json'));
  assert.equal((await enrol('r2', code)).code, 0);
  assert.equal(read('r2', 'device.key'), key);
});

test('what an earlier owner left is wiped when the robot is enrolled anew', async () => {
  const paths = ['conversation', 'conversation.new', 'care', 'media/7.mp4', 'media/latest.mp4']
    .map((name) => join(folder, 'sold', name));

  mkdirSync(join(folder, 'sold/media'), {mode: 0o700, recursive: true});
  for (const path of paths) writeFileSync(path, 'what was talked about');
  assert.deepEqual(await enrol('sold', await claim()), {code: 0, stdout: 'enrolled\n', stderr: ''});
  for (const path of paths) assert.equal(existsSync(path), false);
});

test('a claim that is used up is refused in the server\'s words, and nothing is left enrolled', async () => {
  const code = await claim();
  await enrol('r3', code);
  const refused = await enrol('r4', code);

  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^myna-agent: the server refused \(403\): .+\n$/);
  assert.ok(!readdirSync(join(folder, 'r4')).includes('device.json'));
});

test('a server that is not the one of the claim code learns nothing', async () => {
  const [secret, fingerprint] = (await claim()).split('-');
  const other = (fingerprint[0] === '0' ? '1' : '0') + fingerprint.slice(1);
  const before = await uses();
  const refused = await enrol('r5', `${secret}-${other}`);

  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not the one that this claim code is from/);
  assert.equal(await uses(), before);
});

test('what is wrong is said in one line', async () => {
  const cases = [
    [await enrol('r6', 'short'), /claim code is incomplete/],
    [await enrol('R 6', await claim()), /device id must be/],
    [await enrol('r6', await claim(), 'http://127.0.0.1:1'), /must start with https/],
    [await enrol('r6', await claim(), 'https://127.0.0.1:1'), /cannot reach "https:\/\/127.0.0.1:1"/],
  ];
  for (const [{code, stderr}, why] of cases) {
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.equal(stderr.split('\n').length, 2);
  }
});
