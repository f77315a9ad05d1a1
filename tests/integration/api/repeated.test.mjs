// What a flaky line repeats acts once: every POST that makes something, by one table. The description
// of the API says which there are, so that none can be forgotten.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold, openapi} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

const month = (back) => { const day = new Date(); day.setUTCDate(1); day.setUTCMonth(day.getUTCMonth() - back); return day.toISOString().slice(0, 7); };
const soon = (hours) => new Date(Date.now() + hours * 3600e3).toISOString();
const document = (contract) => ({contract, vendor: 'v1', currency: 'CNY', zone: 'UTC', grace_days: 0, term: {from: `${month(3)}-01`, to: `${month(-6)}-01`},
  charges: [{kind: 'unit', metric: 'output', per: 'month', price: '1', unit: 1}]});
const usage = (request_id) => ({contract: 'c1', usage: [{request_id, at: new Date().toISOString(), model: 'm', metrics: {output: 1, requests: 1}}]});
const line = (request_id) => JSON.stringify({request_id, model: 'm', status: 200, input: 50, cached: 0, output: 9, reasoning: 0});
const NDJSON = {'Content-Type': 'application/x-ndjson'};

// {what is asked, what another request asks by the same key}; path: where the description has a name
// for a part of it; headers and what makes room for it first, where that is needed.
const POSTS = [
  {of: '/devices/{id}/commands', path: '/devices/r1/commands', body: {kind: 'identify'}, other: {kind: 'report'}},
  {of: '/views', body: {name: 'mine', query: {state: 'online'}}, other: {name: 'other', query: {state: 'online'}}},
  {of: '/groups', body: {id: 'g1'}, other: {id: 'g2'}},
  {of: '/budgets', body: {id: 'b1', scope: 'fleet', metric: 'output', at_most: '1000', per: 'day', zone: 'UTC'},
    other: {id: 'b2', scope: 'fleet', metric: 'output', at_most: '1000', per: 'day', zone: 'UTC'}},
  {of: '/claims', body: {uses: 2}, other: {uses: 3}},
  {of: '/claims/import', body: 'serial\nA1\n', other: 'serial\nA2\n', headers: {'Content-Type': 'text/csv'}},
  {of: '/vendors', body: {id: 'v3', base_url: 'https://v.example/v1'}, other: {id: 'v4', base_url: 'https://v.example/v1'}},
  {of: '/devices/{id}/transfers', path: '/devices/r1/transfers', body: {name: 'hers'}, other: {name: 'his'}},
  {of: '/vendors/{id}/drain', path: '/vendors/v1/drain', body: {reason: 'down'}, other: {reason: 'up'}},
  {of: '/vendors/{id}/drill', path: '/vendors/v2/drill', body: {share: '100%', minutes: 1}, other: {share: '100%', minutes: 2}},
  {of: '/vendors/{id}/maintenance', path: '/vendors/v2/maintenance', body: {from: soon(1), until: soon(2)}, other: {from: soon(3), until: soon(4)}},
  {of: '/vendors/{id}/usage-imports', path: '/vendors/v1/usage-imports', body: line('22222222-2222-4222-8222-222222222222-1'),
    other: line('22222222-2222-4222-8222-222222222222-2'), headers: NDJSON},
  {of: '/vendors/{id}/usage', path: '/vendors/v1/usage', body: usage('u1'), other: usage('u2')},
  {of: '/vendors/{id}/invoices', path: '/vendors/v1/invoices', body: 'request_id,output\nq1,5\n', other: 'request_id,output\nq1,6\n',
    headers: {'Content-Type': 'text/csv'}},
  {of: '/contracts', body: document('c2'), other: document('c3')},
  {of: '/contracts/{id}/versions', path: '/contracts/c1/versions', body: {effective_from: soon(48), document: document('c1')},
    other: {effective_from: soon(72), document: document('c1')}},
  {of: '/contracts/{id}/statements', path: '/contracts/c1/statements', body: {month: month(3)}, other: {month: month(2)}},
  {of: '/rollouts', body: {id: 'louder', patch: {volume: 60}}, other: {id: 'lower', patch: {volume: 20}}},
  {of: '/blackouts', body: {from: soon(1), until: soon(2), reason: 'fair'}, other: {from: soon(3), until: soon(4), reason: 'fair'}},
  {of: '/channels', body: {id: 'h1', kind: 'webhook', url: 'https://127.0.0.1:1/x', secret: 'a secret of 16 bytes'},
    other: {id: 'h2', kind: 'webhook', url: 'https://127.0.0.1:1/x', secret: 'a secret of 16 bytes'}},
  {of: '/channels/{id}/test', path: '/channels/h0/test', body: {}, other: {again: true}},
  {of: '/operators', body: {id: 'berta', role: 'viewer', password: 'long enough'}, other: {id: 'bruno', role: 'viewer', password: 'long enough'}},
  {of: '/roles', body: {id: 'desk', may: {devices: 'support'}}, other: {id: 'front', may: {devices: 'support'}}},
  {of: '/api-keys', body: {name: 'dump', role: 'viewer'}, other: {name: 'load', role: 'viewer'}},
  {of: '/me/api-keys', body: {name: 'mine', role: 'viewer'}, other: {name: 'more', role: 'viewer'}},
  {of: '/keys', body: {purpose: 'sealing'}, other: {purpose: 'sealing', per_minute: 10}},
];

// These make something, too, of what many steps led to: rollouts.test.mjs repeats it.
const ELSEWHERE = ['/rollouts/{id}/roll-back'];
// Robots ask these, with keys of their own and no Idempotency-Key: pairings.test.mjs.
const BY_ROBOTS = ['/enrol/pairings'];

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  for (const id of ['v1', 'v2']) assert.equal((await admin.post('/vendors', {id, base_url: 'https://v.example/v1', key: 'k'})).status, 201);
  assert.equal((await admin.post('/contracts', document('c1'))).status, 201);
  assert.equal((await admin.post('/contracts', {...document('c0'), vendor: 'v2'})).status, 201);
  assert.equal((await admin.post('/channels', {id: 'h0', kind: 'webhook', url: 'https://127.0.0.1:1/x', secret: 'a secret of 16 bytes'})).status, 201);
  assert.equal((await new Robot('r1').enrol(stack, (await admin.post('/claims')).body.code)).status, 200);
  const {headers} = await admin.get('/layers/fleet');
  const route = (vendor, contract) => ({vendor, model: 'm', contract});
  assert.equal((await admin.put('/layers/fleet', {settings: {routes: [route('v2', 'c0'), route('v1', 'c1')]}}, {'If-Match': headers.etag})).status, 200);
});

after(() => stack?.end());

// I7: there is no change without its row; the server's own jobs make some as well.
const changes = async () => Number((await stack.sql("SELECT count(*) FROM myna.audit WHERE actor = 'operator:root'"))[0][0]);

test('every post that makes something is in this table', () => {
  const making = Object.entries(openapi.paths).filter(([, {post}]) => post?.responses['201']).map(([path]) => path.replace('/api/v1', ''));
  assert.deepEqual([...POSTS.map(({of}) => of), ...ELSEWHERE, ...BY_ROBOTS].sort(), making.sort());
});

for (const {of, path = of, body, other, headers = {}} of POSTS) {
  test(`POST ${of} acts once by one Idempotency-Key, and another request by it is refused`, async () => {
    const key = {...headers, 'Idempotency-Key': `once ${of}`};
    const before_ = await changes();
    const first = await admin.post(path, body, key);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    const made = await changes();
    assert.equal(made, before_ + 1);
    const again = await admin.post(path, body, key);
    assert.deepEqual([again.status, again.body, again.headers['idempotency-replayed']], [201, first.body, 'true']);
    const differs = await admin.post(path, other, key);
    assert.equal(differs.status, 422);
    assert.match(differs.body.detail, /this Idempotency-Key was used for another request/);
    assert.equal(await changes(), made);
  });
}

test('what was only checked by a key is not taken for what was done', async () => {
  const key = {'Idempotency-Key': 'checked'};
  assert.equal((await admin.post('/contracts?dry_run=true', document('c9'), key)).status, 204);
  assert.equal((await admin.post('/contracts', document('c9'), key)).status, 422);
  assert.equal((await admin.get('/contracts/c9')).status, 404);
  const again = await admin.post('/contracts?dry_run=true', document('c9'), key);
  assert.deepEqual([again.status, again.headers['idempotency-replayed']], [204, 'true']);
});

test('a query without a value has its key as well', async () => {
  const key = {'Idempotency-Key': 'bare'};
  assert.equal((await admin.post('/claims?bare', {uses: 5}, key)).status, 201);
  assert.equal((await admin.post('/claims?bare', {uses: 5}, key)).headers['idempotency-replayed'], 'true');
  assert.equal((await admin.post('/claims', {uses: 5}, key)).status, 422);
});
