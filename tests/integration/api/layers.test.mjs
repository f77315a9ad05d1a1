// Layers: what changed between revisions, and the way back.
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
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;
const etag = async (layer) => (await admin.get(`/layers/${layer}`)).headers.etag;
const put = async (layer, settings) => admin.put(`/layers/${layer}`, {settings}, {'If-Match': await etag(layer)});
const restore = async (layer, revision) => admin.post(`/layers/${layer}/restore`, {revision}, {'If-Match': await etag(layer)});
const diff = async (layer, query = '') => (await admin.get(`/layers/${layer}/diff${query}`)).body;

test('a difference names what was added, removed and changed', async () => {
  await put('fleet', {volume: 40, persona: 'Be kind.'});
  await put('fleet', {volume: 55, language: 'zh'});
  const items = [
    {name: 'language', change: 'added', from: null, to: 'zh'},
    {name: 'persona', change: 'removed', from: 'Be kind.', to: null},
    {name: 'volume', change: 'changed', from: 40, to: 55},
  ];
  assert.deepEqual(await diff('fleet'), {id: 'fleet', from: 2, to: 3, items}, 'the last change, unless told otherwise');
  assert.deepEqual((await diff('fleet', '?from=2&to=3')).items, items);
  assert.deepEqual((await diff('fleet', '?from=3&to=2')).items.map(({name, change}) => [name, change]),
    [['language', 'removed'], ['persona', 'added'], ['volume', 'changed']]);
  assert.deepEqual((await diff('fleet', '?from=0&to=2')).items.map(({change}) => change), ['added', 'added']);
  assert.deepEqual(await diff('device/r1'), {id: 'device:r1', from: 0, to: 0, items: []});
  assert.equal((await admin.get('/layers/fleet/diff?to=99')).status, 404);
  assert.equal((await admin.get('/layers/fleet/diff?from=x')).status, 400);
});

test('an older revision comes back as a new one, and the history says whose content it has', async () => {
  const before = await generation('r1');
  const {status, body} = await restore('fleet', 2);
  assert.deepEqual([status, body.revision, body.settings], [200, 4, {volume: 40, persona: 'Be kind.'}]);
  assert.equal(await generation('r1'), before + 1);
  const {items} = (await admin.get('/layers/fleet/revisions')).body;
  assert.deepEqual(items.map(({revision, restores, changed_by: by}) => [revision, restores, by]),
    [[4, 2, 'operator:root'], [3, null, 'operator:root'], [2, null, 'operator:root'], [1, null, 'installation']]);
  const [row] = (await admin.get('/audit?limit=1')).body.items;
  assert.deepEqual([row.action, row.subject, row.before, row.after],
    ['layer.restore', 'layer/fleet', {volume: 55, language: 'zh'}, {volume: 40, persona: 'Be kind.'}]);
  assert.equal((await restore('fleet', 4)).body.revision, 4, 'what is there already is no new revision');
  assert.equal((await restore('fleet', 0)).body.revision, 5);
  assert.deepEqual((await admin.get('/layers/fleet')).body.settings, {});
});

test('no revision is changed behind its layer\'s back', async () => {
  await assert.rejects(stack.sql("UPDATE myna.layer_revision SET settings = '{}' WHERE layer_id = 'fleet' AND revision = 1"), /revision 1 of layer fleet is kept as it was/);
});

test('what is brought back is checked like anything new', async () => {
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://dahan.example/v1', region: 'cn'});
  await admin.post('/contracts', {contract: 'dahan-2026', vendor: 'dahan', currency: 'CNY', zone: 'Asia/Shanghai',
    term: {from: '2026-01-01', to: '2027-01-01'}, charges: [{kind: 'unit', metric: 'output', models: ['*'], price: '2.00', unit: 1000000}]});
  const revision = (await put('device/r2', {routes: [{vendor: 'dahan', model: 'm', contract: 'dahan-2026'}]})).body.revision;
  await put('device/r2', {});
  await admin.patch('/devices/r2', {region: 'eu'});
  const {status, body} = await restore('device/r2', revision);
  assert.deepEqual([status, body.errors[0].pointer], [422, '/settings/routes/0']);
  await stack.sql(`INSERT INTO myna.layer_revision VALUES ('device:r2', 90, '{"hat": 1}', now(), 'operator:old')`);
  assert.equal((await restore('device/r2', 90)).body.errors[0].pointer, '/settings/hat');
  assert.equal((await restore('device/r2', 77)).status, 404);
  assert.equal((await admin.post('/layers/device/none/restore', {revision: 0}, {'If-Match': '"0"'})).status, 404);
});

test('nobody restores over what somebody else did meanwhile', async () => {
  const old = await etag('device/r1');
  await put('device/r1', {volume: 3});
  assert.equal((await admin.post('/layers/device/r1/restore', {revision: 0}, {'If-Match': old})).status, 412);
  assert.equal((await admin.post('/layers/device/r1/restore', {revision: 0})).status, 428);
  assert.deepEqual((await admin.get('/layers/device/r1')).body.settings, {volume: 3});
});
