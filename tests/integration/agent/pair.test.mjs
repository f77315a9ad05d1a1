// myna-agent pair against a real mynad: six digits that it speaks, typed by an operator.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from '../api/openapi.mjs';
import {fetchRoot, Pairing, Robot} from '../api/robot.mjs';

let stack;
let admin;
let folder;
const running = [];

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  folder = mkdtempSync(join(tmpdir(), 'myna-pair-'));
  await admin.post('/pairings/window', {});
});

after(async () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, {recursive: true, force: true});
  await stack?.end();
});

async function until(what, check) {
  for (let left = 600; left > 0; left--) {
    const found = await check();
    if (found) return found;
    await sleep(100);
  }
  throw new Error(`not within a minute: ${what}`);
}

// A robot that pairs: {digits(), done: {code, stdout, stderr}}.
function pair(id, ...more) {
  const url = more.includes('--url') ? [] : ['--url', `https://127.0.0.1:${stack.devicePort}`];
  const child = spawn(process.env.MYNA_AGENT, ['--state-dir', join(folder, id), 'pair', ...url, '--device-id', id, '--display', 'headless',
    '--audio', 'file', '--voice', process.env.MYNA_VOICE, ...(more.includes('--attended') ? [] : ['--unattended']), ...more.filter((word) => word !== '--attended')],
  {stdio: ['ignore', 'pipe', 'pipe']});
  const said = {stdout: '', stderr: ''};
  for (const name of Object.keys(said)) child[name].on('data', (data) => { said[name] += data; });
  running.push(child);
  const done = new Promise((end) => child.once('exit', (code) => end({code, ...said})));
  return {
    done,
    digits: () => until(`${id} speaks: ${said.stderr}`, () => /pairing digits: (\d{3} \d{3})\n/.exec(said.stdout)?.[1]),
  };
}

const waiting = (id) => until(`${id} waits`, async () =>
  (await admin.get('/pairings')).body.items.find(({device_id, state}) => device_id === id && state === 'waiting'));
const confirm = async (id, digits) => admin.post(`/pairings/${(await waiting(id)).id}/confirm`, {digits});
const other = (digits) => digits.replace(/\d$/, (last) => (Number(last) + 1) % 10);
const has = (id, name) => existsSync(join(folder, id, name));

// Ends the robot's TLS with a root of his own, and goes to the server with keys of his own.
class Thief {
  static async create() {
    const thief = new Thief();
    const file = (name) => join(folder, name);
    const openssl = (...words) => execFileSync('openssl', words, {stdio: 'ignore'});
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-subj', '/CN=Myna root', '-keyout', file('root.key'), '-out', file('root.pem'));
    openssl('req', ...key, '-subj', '/CN=robots', '-keyout', file('leaf.key'), '-out', file('leaf.csr'));
    writeFileSync(file('leaf.ext'), 'subjectAltName=IP:127.0.0.1\n');
    openssl('x509', '-req', '-in', file('leaf.csr'), '-CA', file('root.pem'), '-CAkey', file('root.key'), '-CAcreateserial',
      '-extfile', file('leaf.ext'), '-out', file('leaf.pem'));
    thief.root = readFileSync(file('root.pem'), 'utf8');
    thief.serverRoot = await fetchRoot(stack);
    thief.server = createServer({key: readFileSync(file('leaf.key')), cert: readFileSync(file('leaf.pem'))}, (request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => thief.answer(request.url, Buffer.concat(parts).toString(), response));
    });
    await new Promise((listening) => thief.server.listen(0, '127.0.0.1', listening));
    thief.url = `https://127.0.0.1:${thief.server.address().port}`;
    return thief;
  }

  ask(path, body) {
    return stack.send('POST', path, {device: true, ca: this.serverRoot, body});
  }

  async answer(path, text, response) {
    const send = (status, body) => response.writeHead(status, {'Content-Type': 'application/json'}).end(body);
    if (path === '/enrol/root') return send(200, this.root);
    const body = JSON.parse(text);
    if (path === '/enrol/pairings') {
      this.pairing = new Pairing(new Robot(body.device_id, body.serial), this.serverRoot);
      this.begun = (await this.ask(path, this.pairing.beginning())).body;
      return send(201, JSON.stringify(this.begun));
    }
    if (path.endsWith('/reveal')) body.nonce = this.pairing.nonce.toString('base64');
    const {status, bytes} = await this.ask(path, body);
    return send(status, bytes);
  }
}

// Each speaks in its own time: they do so beside each other.
describe('robots before an open window', {concurrency: true}, () => {
  test('a robot is let in by the digits that it speaks, and only once', async () => {
    const robot = pair('p1', '--serial', 'SN-1');
    const digits = await robot.digits();
    const shown = await waiting('p1');
    assert.deepEqual([shown.serial, shown.address], ['SN-1', '127.0.0.1']);
    assert.ok(shown.software.length > 0);
    assert.equal((await confirm('p1', digits)).status, 200);
    const {code, stdout, stderr} = await robot.done;
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /\npaired: this robot is "[a-z0-9-]+" now; start its agent \(systemctl start myna-agent\)\n$/);
    assert.equal((await admin.get('/devices/p1')).body.serial, 'SN-1');
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'p1/device.json'), 'utf8')).brokers, ['127.0.0.1:1', '127.0.0.1:2']);
    assert.deepEqual(await pair('p1').done, {code: 0, stdout: 'enrolled already\n', stderr: ''});
    assert.match((await pair('p2', '--state-dir', join(folder, 'p1')).done).stderr, /holds the robot "p1"/);
  });

  test('wrong digits three times send a robot away, and it comes again with other keys', async () => {
    const robot = pair('p3');
    const digits = await robot.digits();
    const key = readFileSync(join(folder, 'p3/device.key'), 'utf8');
    for (let n = 0; n < 3; n++) assert.equal((await confirm('p3', other(digits))).status, 422);
    const {code, stderr} = await robot.done;
    assert.equal(code, 1);
    assert.match(stderr, /^myna-agent: the server refused \(403\): the digits were wrong too often.*\n$/);
    assert.ok(!has('p3', 'device.json') && !has('p3', 'device.key') && !has('p3', 'sealing.key'));

    const again = pair('p3');
    assert.equal((await confirm('p3', await again.digits())).status, 200);
    assert.equal((await again.done).code, 0);
    assert.notEqual(readFileSync(join(folder, 'p3/device.key'), 'utf8'), key);
  });

  test('a thief between robot and server swaps the keys: the digits that the robot speaks are refused', async () => {
    const thief = await Thief.create();
    try {
      const robot = pair('p4', '--url', thief.url);
      const spoken = (await robot.digits()).replace(' ', '');
      assert.notEqual(spoken, thief.pairing.digits(thief.begun.nonce));
      for (let n = 0; n < 3; n++) assert.equal((await confirm('p4', spoken)).status, 422);
      assert.equal((await robot.done).code, 1);
      assert.ok(!has('p4', 'device.json'));
      assert.equal((await admin.get('/devices/p4')).status, 404);
    } finally {
      thief.server.close();
    }
  });
});

test('a closed window is told at once and costs no keys; what is missing is said in one line', async () => {
  await admin.remove('/pairings/window');
  const {code, stderr} = await pair('p5').done;
  assert.equal(code, 1);
  assert.match(stderr, /pairing is closed: an operator opens it/);
  assert.ok(has('p5', 'device.key'));
  const cases = [
    [pair('P 6'), /device id must be/],
    [pair('p6', '--url', 'http://127.0.0.1:1'), /must start with https/],
    [pair('p6', '--url', 'https://127.0.0.1:1'), /cannot reach "https:\/\/127.0.0.1:1"/],
    [pair('p6', '--attended'), /nobody could agree at this robot/],
  ];
  for (const [robot, why] of cases) {
    const said = await robot.done;
    assert.ok(said.code > 0);
    assert.match(said.stderr, why);
    assert.equal(said.stderr.split('\n').length, 2);
  }
});
