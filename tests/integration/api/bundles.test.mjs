// Robots' reports about themselves: who may ask for one and read it, and that each reading is told.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 1})).body;
  assert.equal((await new Robot('r1').enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const document = {at: '2026-11-23T03:45:37.944Z', device: 'r1', software: '0.1.0', health: {}, configuration: {}, journal: {},
  log: [{at: '2026-11-23T03:45:37.944Z', level: 'info', text: 'agent: ready'}]};

async function as(role) {
  const {body} = await admin.post('/api-keys', {name: role, role});
  return stack.as({Authorization: `Bearer ${body.key}`});
}

// As the robot's answer stores it.
const arrive = (id, at = 'now()') => stack.sql(`INSERT INTO myna.bundle (bundle_id, device_id, at, asked_by, document)
  VALUES ('${id}', 'r1', ${at}, 'operator:anna', convert_to('${JSON.stringify(document)}', 'UTF8'))`);

test('support asks for a report and reads it, and both are in the audit; a viewer does neither', async () => {
  const support = await as('support');
  const asked = await support.post('/devices/r1/commands', {kind: 'bundle'});
  assert.deepEqual([asked.status, asked.body.status], [201, 'waiting']);
  await arrive(asked.body.id);
  const {items} = (await support.get('/devices/r1/bundles')).body;
  assert.deepEqual(items.map(({id, device, asked_by}) => [id, device, asked_by]), [[asked.body.id, 'r1', 'operator:anna']]);
  const read = await support.get(`/bundles/${asked.body.id}`);
  assert.deepEqual([read.status, read.body], [200, document]);
  assert.equal(read.headers['content-disposition'], `attachment; filename="r1-${asked.body.id.slice(0, 8)}.json"`);
  const done = (await admin.get('/audit?subject=device/r1')).body.items.map(({action}) => action);
  assert.deepEqual(done.slice(0, 2), ['bundle.read', 'command.create']);

  const viewer = await as('viewer');
  assert.equal((await viewer.post('/devices/r1/commands', {kind: 'bundle'})).status, 403);
  assert.equal((await viewer.get('/devices/r1/bundles')).status, 403);
  assert.equal((await viewer.get(`/bundles/${asked.body.id}`)).status, 403);
});

test('a report that is not there is not found, and an old one is told until when it stays', async () => {
  assert.equal((await admin.get('/bundles/2012929c-81cf-4e8b-89a4-0ade80c93c4b')).status, 404);
  assert.equal((await admin.get('/bundles/none')).status, 404);
  await arrive('3012929c-81cf-4e8b-89a4-0ade80c93c4b', "'2026-11-01T10:00:00Z'");
  const {items} = (await admin.get('/devices/r1/bundles')).body;
  assert.equal(new Date(items.find(({id}) => id.startsWith('3012')).until).toISOString(), '2026-12-01T10:00:00.000Z');
});
