// The list of revoked robots outside the database: what a restore forgets, it does not.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const pgBin = process.env.PG_BIN ?? '/usr/lib/postgresql/15/bin';
let stack;
let admin;
let file;
let dump;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  file = join(stack.home, 'server/revocations.jsonl');
  dump = join(stack.home, 'dump');
});

after(() => stack?.end());

async function enrolled(id) {
  const robot = new Robot(id);
  const {body: {code}} = await admin.post('/claims');
  const {status, body} = await robot.enrol(stack, code);
  assert.equal(status, 200);
  return {robot, certificate: body.certificate};
}

const lines = () => readFileSync(file, 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
const statusOf = async (id) => (await admin.get(`/devices/${id}`)).body.status;

async function until(check, what) {
  for (let i = 0; i < 600; i++) {
    if (await check()) return;
    await sleep(50);
  }
  assert.fail(what());
}

const written = (id, status) => until(() => lines().some((line) => line.device === id && line.status === status), () => `${id} is not in the list: ${readFileSync(file)}`);

const pg = (program, ...words) => execFileSync(join(pgBin, program), ['-h', stack.cluster.folder, '-U', 'myna', ...words], {stdio: ['ignore', 'ignore', 'pipe']});

async function restore() {
  await stack.stop();
  pg('dropdb', 'myna');
  pg('createdb', 'myna');
  pg('pg_restore', '-d', 'myna', dump);
  await stack.task('restored');
  await stack.start();
  admin = await stack.login();
}

let thief;
let latecomer;

test('who was revoked after the backup is refused when the database is restored', async () => {
  thief = await enrolled('thief');
  await enrolled('old');
  await enrolled('honest');
  pg('pg_dump', '-Fc', '-f', dump, 'myna');
  latecomer = await enrolled('latecomer');
  for (const id of ['thief', 'latecomer']) assert.equal((await admin.post(`/devices/${id}/revoke`)).status, 200);
  assert.equal((await admin.post('/devices/old/retire')).status, 200);
  await written('thief', 'revoked');
  await written('latecomer', 'revoked');
  await written('old', 'retired');

  await restore();
  assert.deepEqual([await statusOf('thief'), await statusOf('old'), await statusOf('honest')], ['revoked', 'retired', 'active']);
  assert.equal((await thief.robot.renew(stack, thief.certificate)).status, 403);
  const {body} = await admin.get('/audit?subject=device/thief');
  assert.deepEqual([body.items[0].actor, body.items[0].action, body.items[0].after.because], ['mynad', 'device.revoke', 'of the list outside the database']);
  assert.match(stack.log(), /the database had forgotten who is revoked or retired, as a restored one does: they are refused again count=3/);
  assert.equal(lines().length, 3, 'nobody is written twice');
});

test('a robot that the restored database never knew stays out, and its id taken', async () => {
  assert.equal((await admin.get('/devices/latecomer')).status, 404);
  assert.equal((await latecomer.robot.renew(stack, latecomer.certificate)).status, 403);
  assert.equal((await admin.get('/devices/latecomer')).status, 404);
  const {body: {code}} = await admin.post('/claims');
  assert.equal((await new Robot('latecomer').enrol(stack, code)).status, 409);
  assert.equal((await new Robot('newcomer').enrol(stack, code)).status, 200, 'the claim is not spent');
});

test('whoever writes the database lets no revoked robot in again', async () => {
  await stack.sql("UPDATE myna.device SET status = 'active' WHERE device_id = 'thief'");
  await until(async () => await statusOf('thief') === 'revoked', () => 'it is in again');
  assert.equal((await thief.robot.renew(stack, thief.certificate)).status, 403);
});

test('a line that somebody changed, wrote or moved counts for nothing and is told; one that a crash cut off is the last', async () => {
  await stack.stop();
  const good = readFileSync(file, 'utf8');
  const [first, second, third] = good.trimEnd().split('\n');
  const begin = async (text) => {
    writeFileSync(file, text);
    await stack.start();
    await stack.stop();
  };
  const told = (pattern) => assert.match(stack.log().split('listening').at(-2), pattern);

  await begin([first, third.replace('"device":"', '"device":"honest-'), second].join('\n') + '\n');
  told(/line 2 of ".*revocations\.jsonl" is forged and does not count/);
  await begin(good + first.replace(/"device":"[^"]*"/, '"device":"honest"') + '\n');
  told(/line 4 of .* is forged/);
  await begin(`${good}{"at":"20`);
  told(/line 4 of .* is damaged/);
  await stack.start();
  admin = await stack.login();
  assert.equal(await statusOf('honest'), 'active');
  await admin.post('/devices/newcomer/revoke');
  await written('newcomer', 'revoked');
  await stack.stop();
  const last = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1);
  assert.equal(JSON.parse(last).device, 'newcomer', 'on a line of its own');
  await stack.start();
});

test('what was erased is not told to the database again', async () => {
  const {robot, certificate} = await enrolled('private');
  await admin.post('/devices/private/revoke');
  await written('private', 'revoked');
  assert.equal((await admin.post('/devices/private/erase', {confirm: 'private'})).status, 200);
  await stack.stop();
  await stack.start();
  assert.deepEqual(await stack.sql("SELECT device_id FROM myna.revoked_before WHERE device_id = 'private'"), []);
  assert.equal((await robot.renew(stack, certificate)).status, 403, 'and it is refused all the same');
});
