// The parts of the fleet: each count opens the list of exactly its robots.
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
  const {code} = (await admin.post('/claims', {uses: 9})).body;
  for (let i = 1; i <= 8; i++) assert.equal((await new Robot(`r${i}`, `SN-${i}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const link = (id, change) => stack.sql(`UPDATE myna.device_link SET ${change} WHERE device_id = '${id}'`);
const ONLINE = `session_number = 5, session_id = '\\x00', session_hello = true, last_seen = now()`;

test('each count opens the list of exactly its robots', async () => {
  await link('r1', `${ONLINE}, reported_generation = desired_generation, software = '0.9'`);
  await link('r2', `${ONLINE}, software = 'myna-robots 0.9.0 "beta\\'`);
  await link('r2', `health = '{"trouble": 31}'`);
  await link('r3', `software = 'nightly "x\\'`);
  await admin.post('/devices/r4/revoke');
  await admin.patch('/devices/r5', {region: 'cn'});
  await admin.post('/groups', {id: 'lobby'});
  for (const id of ['r6', 'r7']) await admin.put(`/groups/lobby/devices/${id}`);
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('dahan', 'http://127.0.0.1:1');
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES ('c1', 'dahan', 'CNY', 'Asia/Shanghai');
    INSERT INTO myna.layer (layer_id, device_id, settings, changed_by) VALUES ('device:r8', 'r8',
      '{"routes": [{"vendor": "dahan", "model": "ear", "contract": "c1", "use": "transcription"}, {"vendor": "dahan", "model": "m \\"1\\"", "contract": "c1"}]}', 'x')`);
  const {body} = await admin.get('/fleet/parts');
  const counts = Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'as_of')
    .map(([name, parts]) => [name, Object.fromEntries(parts.map(({value, devices}) => [value, devices]))]));
  assert.deepEqual(counts.states, {offline: 5, online: 1, silent: 1, revoked: 1});
  assert.deepEqual(counts.troubles, {M31: 1});
  assert.deepEqual(counts.versions, {'': 4, '0.9': 2, 'nightly "x\\': 1});
  assert.deepEqual(counts.groups, {lobby: 2});
  assert.deepEqual(counts.routes, {'': 6, 'dahan / m "1"': 1});
  assert.deepEqual(counts.regions, {'': 6, cn: 1});
  for (const [name, parts] of Object.entries(body)) {
    for (const {filter, devices, value} of name === 'as_of' ? [] : parts) {
      const {status, body: list} = await admin.get(`/devices?filter=${encodeURIComponent(filter)}`);
      assert.equal(status, 200, `${name} ${value}: ${filter}`);
      assert.equal(list.items.length, devices, `${name} ${value}: ${filter}`);
    }
  }
});

test('what a filter is compared with is offered, the most common first', async () => {
  for (const [id, labels] of [['r1', {floor: '7', shop: 'North'}], ['r2', {floor: '7'}], ['r3', {floor: '12'}]]) {
    assert.equal((await admin.patch(`/devices/${id}`, {labels})).status, 200);
  }
  const values = async (field, part = '') => (await admin.get(`/filters/values?field=${field}&part=${part}`)).body.items.map(({value}) => value);
  assert.deepEqual(await values('labels'), ['floor', 'shop']);
  assert.deepEqual(await values('labels', 'SH'), ['shop']);
  assert.deepEqual(await values('labels.floor'), ['7', '12']);
  assert.deepEqual(await values('group'), ['lobby']);
  assert.deepEqual(await values('vendor'), ['dahan']);
  assert.deepEqual(await values('region'), ['cn']);
  assert.deepEqual(await values('attempts_today'), []);
  assert.equal((await admin.get('/filters/values')).body.errors[0].pointer, '?field');
});

test('a view is its owner\'s, others see it once it is shared, and admins may change it', async () => {
  const sign = async (id, role) => {
    await admin.post('/operators', {id, role, password: `password of ${id}`});
    return stack.login(id, `password of ${id}`);
  };
  const [anna, ben] = [await sign('anna', 'viewer'), await sign('ben', 'operator')];
  const names = async (who) => (await who.get('/views')).body.items.map(({name}) => name);
  const made = (await anna.post('/views', {name: 'mine', query: {filter: 'not online', state: ''}})).body;
  assert.deepEqual([made.owner, made.shared, made.query.filter], ['operator:anna', false, 'not online']);
  assert.equal((await anna.post('/views', {name: 'mine', query: {}})).status, 409);
  assert.deepEqual([await names(anna), await names(ben)], [['mine'], []]);
  assert.equal((await ben.patch(`/views/${made.id}`, {name: 'his'})).status, 404, 'what is not shared does not exist');
  assert.equal((await anna.patch(`/views/${made.id}`, {shared: true})).body.shared, true);
  assert.deepEqual(await names(ben), ['mine']);
  for (const answer of [await ben.patch(`/views/${made.id}`, {name: 'his'}), await ben.remove(`/views/${made.id}`)]) assert.equal(answer.status, 403);
  assert.equal((await anna.post('/views', {query: {}})).body.errors[0].pointer, '/name');
  assert.equal((await anna.post('/views', {name: 'x', query: {a: {}}})).body.errors[0].pointer, '/query');
  assert.equal((await admin.patch(`/views/${made.id}`, {name: 'ours'})).body.name, 'ours');
  assert.equal((await anna.remove(`/views/${made.id}`)).status, 204);
  assert.deepEqual(await names(ben), []);
  const actions = (await admin.get(`/audit?subject=view/${made.id}`)).body.items.map(({action}) => action);
  assert.deepEqual(actions, ['view.delete', 'view.update', 'view.update', 'view.create']);
});
