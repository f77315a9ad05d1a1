// A robot that gets another owner: what the server takes for a proof, and what it makes of one.
import assert from 'node:assert/strict';
import {createPrivateKey, sign} from 'node:crypto';
import {after, before, test} from 'node:test';
import {Stack, sleep} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  assert.equal((await admin.post('/groups', {id: 'resold'})).status, 201);
  assert.equal((await admin.post('/groups', {id: 'all-bobs', filter: 'labels.owner = bob'})).status, 201);
});

after(() => stack?.end());

async function enrolled(id) {
  const robot = new Robot(id);
  const {status, body} = await robot.enrol(stack, (await admin.post('/claims')).body.code);
  assert.equal(status, 200);
  return {robot, certificate: body.certificate};
}

const device = async (id) => (await admin.get(`/devices/${id}`)).body;
const last = async (id) => (await admin.get(`/devices/${id}/transfers`)).body.items[0];

async function ended(id) {
  for (let i = 0; i < 200 && (await last(id)).state === 'waiting'; i++) await sleep(100);
  return last(id);
}

function statement(robot, transfer) {
  return Buffer.concat([Buffer.from('myna transfer 1'), Buffer.from(robot.id), Buffer.from([0]), Buffer.from(transfer.replaceAll('-', ''), 'hex')]);
}

const signature = (robot, text) => sign('sha256', text, createPrivateKey(robot.key.export({type: 'sec1', format: 'pem'}))).toString('base64');

// What the ingest does with the robot's answer to the command.
async function answer(id, proof, status = 'done', reason = '') {
  const text = proof ? `convert_to('${JSON.stringify(proof).replaceAll("'", "''")}', 'UTF8')` : 'NULL';
  await stack.sql(`UPDATE myna.transfer SET answer = ${text} WHERE transfer_id = '${id}';
    UPDATE myna.command SET status = '${status}', reason = '${reason}', replied_at = now(), send_due = NULL WHERE command_id = '${id}'`);
}

test('a robot is the new owner\'s for a proof of this very transfer by the key of its certificate, and for no other', async () => {
  const mine = await enrolled('t1');
  const other = await enrolled('t2');
  await admin.patch('/devices/t1', {name: 'Anna', labels: {owner: 'anna'}});
  const old = (await admin.post('/devices/t1/transfers', {name: 'Bob'})).body.id;
  assert.equal((await admin.remove('/devices/t1/transfers')).status, 204);
  assert.equal((await last('t1')).state, 'withdrawn');
  const forged = [
    null,
    {},
    {certificate: mine.certificate, signature: 'AAAA'},
    {certificate: mine.certificate, signature: signature(mine.robot, statement(mine.robot, old))},
    {certificate: other.certificate, signature: (id) => signature(other.robot, statement(mine.robot, id))},
    {certificate: mine.certificate, signature: (id) => signature(other.robot, statement(mine.robot, id))},
    {certificate: mine.certificate, signature: (id) => signature(mine.robot, statement(other.robot, id))},
  ];
  for (const proof of forged) {
    const {status, body: {id}} = await admin.post('/devices/t1/transfers', {name: 'Bob', labels: {owner: 'bob'}, group: 'resold'});
    assert.equal(status, 201);
    await answer(id, proof && {...proof, ...(typeof proof.signature === 'function' && {signature: proof.signature(id)})});
    const {state, reason} = await ended('t1');
    assert.deepEqual([state, reason], ['failed', 'its proof does not fit the key of its certificate'], JSON.stringify(proof));
    assert.deepEqual([(await device('t1')).name, (await device('t1')).labels], ['Anna', {owner: 'anna'}]);
  }
  const alerts = (await admin.get('/alerts?state=current')).body.items;
  assert.deepEqual(alerts.filter(({kind}) => kind === 'transfer_ended').map(({subject}) => subject), ['device/t1']);

  const generation = (await device('t1')).desired_generation;
  const {body: {id}} = await admin.post('/devices/t1/transfers', {name: 'Bob', labels: {owner: 'bob'}, group: 'resold'});
  await answer(id, {certificate: mine.certificate, signature: signature(mine.robot, statement(mine.robot, id))});
  assert.equal((await ended('t1')).state, 'done');
  const now = await device('t1');
  assert.deepEqual([now.name, now.labels, now.groups.sort(), now.transfer], ['Bob', {owner: 'bob'}, ['all-bobs', 'resold'], null]);
  assert.ok(now.desired_generation > generation);
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
});

test('who is revoked, in quarantine or asked already is not asked', async () => {
  await enrolled('t3');
  await admin.post('/devices/t3/quarantine', {reason: 'odd'});
  assert.equal((await admin.post('/devices/t3/transfers', {})).status, 409);
  await admin.post('/devices/t3/release');
  assert.equal((await admin.post('/devices/t3/transfers', {group: 'all-bobs'})).body.errors[0].pointer, '/group');
  assert.equal((await admin.post('/devices/t3/transfers', {labels: {a: 1}})).body.errors[0].pointer, '/labels');
  assert.equal((await admin.post('/devices/t3/transfers', {})).status, 201);
  assert.match((await admin.post('/devices/t3/transfers', {})).body.detail, /is asked already/);
  const {reasons} = (await admin.get('/devices/t3/why')).body;
  assert.deepEqual(reasons.map(({code}) => code), ['offline_since', 'transfer_waits']);
  assert.ok((await device('t3')).transfer.asked_at);
  await admin.post('/devices/t3/revoke');
  assert.deepEqual((({state, reason}) => [state, reason])(await ended('t3')), ['withdrawn', 'the robot is not in use any more']);
  assert.equal((await admin.post('/devices/t3/transfers', {})).status, 409);
  assert.equal((await admin.remove('/devices/t3/transfers')).status, 404);
  assert.equal((await admin.post('/devices/nobody/transfers', {})).status, 404);
});

test('nobody at the robot, or no robot in time, ends it, and both are told apart', async () => {
  await enrolled('t4');
  let {body: {id}} = await admin.post('/devices/t4/transfers', {});
  await answer(id, null, 'expired', 'nobody answered at the robot');
  assert.deepEqual((({state, reason}) => [state, reason])(await ended('t4')), ['unanswered', 'nobody answered at the robot']);
  ({body: {id}} = await admin.post('/devices/t4/transfers', {days: 1}));
  await stack.sql(`UPDATE myna.command SET expires_at = now() WHERE command_id = '${id}'`);
  assert.deepEqual((({state, reason}) => [state, reason])(await ended('t4')), ['expired', 'the robot did not connect in time']);
});
