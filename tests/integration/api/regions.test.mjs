// Borders (I13): whose vendors a region's robots may use, and where a model needs a filing number.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const route = {vendor: 'dahan', model: 'big', contract: 'dahan-2026'};
let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await admin.patch('/devices/r1', {region: 'eu'});
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://dahan.example/v1', region: 'cn'});
  assert.equal((await admin.post('/contracts', {contract: 'dahan-2026', vendor: 'dahan', currency: 'CNY', zone: 'Asia/Shanghai',
    term: {from: '2026-01-01', to: '2027-01-01'}, charges: [{kind: 'unit', metric: 'output', models: ['*'], price: '2.00', unit: 1000000}]})).status, 201);
});

after(() => stack?.end());

const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;
const put = async (layer, settings) => {
  const {headers} = await admin.get(`/layers/${layer}`);
  return admin.put(`/layers/${layer}`, {settings}, {'If-Match': headers.etag});
};

test('regions that somebody names are listed before anybody wrote them down', async () => {
  const {items} = (await admin.get('/regions')).body;
  assert.deepEqual(items.map(({id, devices, vendors, allows, version}) => [id, devices, vendors, allows, version]),
    [['cn', 0, ['dahan'], [], 0], ['eu', 1, [], [], 0]]);
  assert.equal((await admin.get('/regions/eu')).status, 404);
});

test('I13: a layer takes a route abroad when the operator has opened that border, and no sooner', async () => {
  const refused = await put('device/r1', {routes: [route]});
  assert.equal(refused.status, 422);
  assert.match(refused.body.detail, /vendor "dahan" serves region "cn", which region "eu" does not allow: device "r1" lives in "eu"/);

  const before = [await generation('r1'), await generation('r2')];
  const opened = await admin.put('/regions/eu', {name: 'Europe', allows: ['cn'], note: 'agreed in May'});
  assert.deepEqual([opened.status, opened.body.allows, opened.body.version], [200, ['cn'], 1]);
  assert.deepEqual([await generation('r1'), await generation('r2')], [before[0] + 1, before[1]], 'who lives there hears of it');
  assert.equal((await put('device/r1', {routes: [route]})).status, 200);
  assert.equal((await put('fleet', {routes: [route]})).status, 200);
});

test('I13: where filings are asked for a model without one is refused, and its number lets it in', async () => {
  await admin.put('/regions/eu', {allows: ['cn'], needs_filing: true});
  const refused = await put('device/r1', {routes: [{...route, model: 'small'}]});
  assert.match(refused.body.detail, /model "small" of vendor "dahan" has no filing number, which region "eu" asks for/);
  const before = await generation('r1');
  const filings = [{model: 'small', region: 'eu', number: 'EU-17'}];
  assert.deepEqual((await admin.patch('/vendors/dahan', {filings})).body.filings, filings);
  assert.equal(await generation('r1'), before + 1);
  assert.equal((await put('device/r1', {routes: [{...route, model: 'small'}]})).status, 200);
  assert.equal((await put('device/r1', {routes: [route]})).status, 422);
  for (const bad of [[{model: 'm'}], [{model: 'm', region: 'eu', number: ''}], {}, [{model: 'm', region: 'eu', number: '1', x: 1}]])
    assert.equal((await admin.patch('/vendors/dahan', {filings: bad})).body.errors[0].pointer, '/filings');
});

test('borders are drawn by admins, whole, and by one at a time', async () => {
  const {headers} = await admin.get('/regions/eu');
  assert.equal((await admin.put('/regions/eu', {}, {'If-Match': headers.etag})).status, 200);
  assert.equal((await admin.put('/regions/eu', {}, {'If-Match': headers.etag})).status, 412);
  assert.deepEqual((await admin.get('/regions/eu')).body, {id: 'eu', name: '', note: '', needs_filing: false, allows: [], devices: 1, vendors: [], version: 3});
  assert.equal((await admin.put('/regions/eu', {allows: ['']})).body.errors[0].pointer, '/allows');
  assert.equal((await admin.put(`/regions/${'x'.repeat(25)}`, {})).status, 422);
  const {items} = (await admin.get('/audit?limit=1')).body;
  assert.deepEqual([items[0].action, items[0].subject, items[0].before.allows, items[0].after.allows], ['region.set', 'region/eu', ['cn'], []]);
  assert.equal((await admin.remove('/regions/eu')).status, 204);
  assert.equal((await admin.remove('/regions/eu')).status, 404);
  await admin.post('/operators', {id: 'olga', role: 'operator', password: 'a password of the tests'});
  const olga = await stack.login('olga', 'a password of the tests');
  assert.equal((await olga.put('/regions/eu', {})).status, 403);
});
