// Keys that are replaced while the server runs.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

const path = () => join(stack.home, 'server/master.key');
const keys = () => readFileSync(path(), 'utf8').trim().split('\n');
const refused = (words) => stack.task(words).then(() => assert.fail('not refused'), (error) => `${error.code}: ${error.stderr}`);
const wrapped = async () => (await stack.sql("SELECT encode(wrapped, 'hex'), encode(master_id, 'hex') FROM myna.data_key"))[0];

// Whether what was wrapped before can still be read: an answer that is kept for its Idempotency-Key.
let asked = 0;
async function write() {
  const name = `before-${++asked}`;
  const headers = {'Idempotency-Key': name};
  const made = await admin.post('/api-keys', {name, role: 'viewer'}, headers);
  assert.equal(made.status, 201);
  return async () => {
    const again = await admin.post('/api-keys', {name, role: 'viewer'}, headers);
    assert.deepEqual([again.status, again.body.key], [201, made.body.key]);
    assert.equal(again.headers['idempotency-replayed'], 'true');
  };
}

test('I9: the master key is replaced while the server runs, and the one before opens nothing then', async () => {
  const [old] = keys();
  const before = await wrapped();
  const read = await write();
  const {stdout} = await stack.task(['rotate', 'master']);
  assert.match(stdout, /^master key [0-9a-f]{8} is in force; [0-9a-f]{8} stays in master\.key/);
  const [fresh, kept] = keys();
  assert.deepEqual([fresh.length, kept], [64, old]);
  assert.notEqual(fresh, old);
  assert.equal(statSync(path()).mode & 0o777, 0o600);
  assert.notDeepEqual(await wrapped(), before);
  await read();
  assert.match(await refused(['rotate', 'master']), /1: mynad: .*run "mynad retire master" first/);
  assert.match((await stack.task(['retire', 'master'])).stdout, /^master\.key holds [0-9a-f]{8} alone; dumps from before need/);
  assert.deepEqual(keys(), [fresh]);
  await stack.stop();
  await stack.start();
  await read();

  // who has the old one alone
  await stack.stop();
  writeFileSync(path(), `${old}\n`);
  assert.match(await refused(['run']), /secrets are under master key [0-9a-f]{8}, and the file master\.key has [0-9a-f]{8}: bring the key/);
  writeFileSync(path(), `${fresh}\n`);
  await stack.start();
  await read();
  const {body} = await admin.get('/audit?action=master_key.rotate');
  assert.deepEqual(body.items.map((row) => row.actor), ['mynad']);
  assert.doesNotMatch(JSON.stringify(body), new RegExp(`${old}|${fresh}`));
});

test('a rotation that was killed at any point leaves everything readable and goes on', async () => {
  for (let i = 0; i < 5; i++) {
    const read = await write();
    const child = spawn(process.env.MYNAD, ['--config', stack.config, 'rotate', 'master'], {stdio: 'ignore'});
    const gone = new Promise((done) => child.once('exit', done));
    await sleep(i * 40); // from before it opened anything to after its end
    child.kill('SIGKILL');
    await gone;
    assert.ok(keys().every((key) => /^[0-9a-f]{64}$/.test(key)));
    await stack.stop();
    await stack.start(); // with whatever is there
    await read();
    await stack.task(['retire', 'master']);
    assert.equal(keys().length, 1);
    await read();
  }
  // between the file and the database
  const [old] = keys();
  const [before] = await wrapped();
  writeFileSync(path(), `${'ab'.repeat(32)}\n${old}\n`);
  assert.match((await stack.task(['rotate', 'master'])).stdout, /is in force/);
  assert.notEqual((await wrapped())[0], before);
  assert.deepEqual(keys(), ['ab'.repeat(32), old]); // no third one
  await stack.task(['retire', 'master']);
});

test('I9: the master key may come from the service manager or the environment, which does not show it', async () => {
  const [key] = keys();
  const read = await write();
  await stack.stop();
  chmodSync(path(), 0o640);
  assert.match(await refused(['run']), /can be read or written by others: chmod 600/);
  unlinkSync(path());
  assert.match(await refused(['run']), /master\.key" is missing, and no master key is given: run "mynad init" first/);

  const folder = join(stack.home, 'credentials');
  mkdirSync(folder);
  writeFileSync(join(folder, 'master.key'), key);
  process.env.CREDENTIALS_DIRECTORY = folder;
  await stack.task('init'); // makes none beside it
  await stack.start();
  assert.match(stack.log(), /the master key comes from the service manager's credential/);
  await read();
  assert.match(await refused(['rotate', 'master']), /comes from the service manager's credential .*: put the new key there before/);
  await stack.stop();
  delete process.env.CREDENTIALS_DIRECTORY;

  // a new one before it, as an operator replaces it there
  process.env.MYNAD_MASTER_KEY = `${'cd'.repeat(32)},${key}`;
  await stack.start();
  process.env.MYNAD_MASTER_KEY = 'ef';
  assert.match(await refused(['run']), /2: mynad: the master key from the environment \(MYNAD_MASTER_KEY\) is not 1 to 3 keys/);
  delete process.env.MYNAD_MASTER_KEY;
  assert.match(stack.log(), /comes from the environment \(MYNAD_MASTER_KEY\); it is a new one, and the data key is wrapped by it now/);
  await read();
  const environ = () => readFileSync(`/proc/${stack.server.pid}/environ`, 'latin1');
  if (process.getuid() === 0) {
    assert.match(environ(), /PATH=/);
    assert.doesNotMatch(environ(), new RegExp(`${key}|cdcd`));
  } else assert.throws(environ, {code: 'EACCES'}); // it lets no other program of its user look
  await stack.stop();
  writeFileSync(path(), 'cd'.repeat(32), {mode: 0o600});
  await stack.start();
  await read();
});

test('a server that was cut off while another data key came into force ends, and has it when it is started again', async () => {
  const cut = "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity WHERE application_name = 'mynad'";
  stack.server.kill('SIGSTOP'); // so that it does not come back between the two
  await stack.sql(cut);
  assert.match((await stack.task(['rotate', 'data'])).stdout, /another data key is in force/);
  stack.server.kill('SIGCONT');
  await until(60, 'it goes on', () => stack.server.exitCode !== null);
  assert.equal(stack.server.exitCode, 1);
  assert.match(stack.log(), /another data key came into force while this server was cut off .*: it ends/);
  await stack.start();
  const read = await write();
  await stack.sql(cut); // cut off alone it goes on
  await until(30, 'it does not come back', async () => (await stack.send('GET', '/readyz')).status === 200);
  await read();
});

test('a server does not start with a folder of another installation, or one from before a CA was replaced', async () => {
  const [folder, before, aside] = ['server', 'before', 'aside'].map((name) => join(stack.home, name));
  const swap = () => {
    renameSync(folder, aside);
    renameSync(before, folder);
    renameSync(aside, before);
  };
  await stack.stop();
  for (const line of ['device', 'server']) {
    cpSync(folder, before, {recursive: true});
    await stack.task(['rotate', `${line}-ca`]);
    await stack.start();
    await stack.stop();
    swap();
    assert.match(await refused(['run']), new RegExp(`^1: [^]*the ${line} CA in state_dir was replaced.*: copy .* from the server that has the present one`));
    swap();
    rmSync(before, {recursive: true});
  }
  mkdirSync(before);
  copyFileSync(path(), join(before, 'master.key'));
  swap();
  await stack.task('init');
  assert.match(await refused(['run']), /^1: [^]*root\.pem is another one.*bring the state_dir that goes with this one/);
  swap();
  await stack.start();
});
