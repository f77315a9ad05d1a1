// What each role may do, route by route, and the second factor.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {codeOf} from '../../support/totp.mjs';
import {hold, openapi} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

async function operator(id, role) {
  assert.equal((await admin.post('/operators', {id, role, password: `password of ${id}`})).status, 201);
  return stack.login(id, `password of ${id}`);
}

// ---- the table ----

const ROLES = ['nobody', 'viewer', 'support', 'operator', 'approver', 'admin', 'helpdesk', 'lab', 'buyer', 'reader', 'billing', 'nook'];
// API keys with a scope; their owner is the admin.
const KEYS = {
  reader: {role: 'admin', scope: {may: {'*': 'viewer'}}},
  billing: {role: 'operator', scope: {may: {usage: 'viewer', attempts: 'viewer', vendors: 'approver'}}},
  nook: {role: 'operator', scope: {groups: ['lab']}},
};
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

// One line for each route: method, path, then a column for each role; "+" may, "-" may not.
const table = readFileSync(new URL('./rights.txt', import.meta.url), 'utf8').split('\n')
  .filter((line) => line && !line.startsWith('#')).map((line) => line.split(/\s+/));

// Its status, and what a refusal says; an answer is not read to its end, for events have none.
function knock(agent, method, path, proof) {
  return new Promise((done, fail) => {
    const asked = request({host: '127.0.0.1', port: stack.port, method, path, agent,
      headers: {...proof, 'If-Match': '"0"', 'Content-Type': 'application/json'}}, (response) => {
      if (response.statusCode !== 403 && response.statusCode !== 401) {
        response.destroy();
        return done({status: response.statusCode, detail: ''});
      }
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => done({status: response.statusCode, detail: JSON.parse(Buffer.concat(parts)).detail}));
      response.on('error', fail);
    });
    asked.on('error', fail);
    asked.end(method === 'GET' || method === 'DELETE' ? undefined : '{"x":1}');
  });
}

async function proofOf(order) {
  const {status, body} = await admin.post('/api-keys', order);
  assert.equal(status, 201, JSON.stringify(body));
  return {Authorization: `Bearer ${body.key}`};
}

const as = async (order) => stack.as(await proofOf({name: 'narrow', ...order}));

async function clientsByRole() {
  const own = [
    {id: 'helpdesk', may: {devices: 'support', commands: 'viewer', alerts: 'viewer'}},
    {id: 'lab', groups: ['lab'], may: {devices: 'operator', groups: 'operator', layers: 'operator', vendors: 'operator', fleet: 'viewer', bundles: 'support', commands: 'viewer'}},
    {id: 'buyer', vendors: ['dahan'], may: {vendors: 'operator', contracts: 'operator', layers: 'operator', invoices: 'viewer'}},
  ];
  for (const role of own) assert.equal((await admin.post('/roles', role)).status, 201, role.id);
  const clients = {nobody: {}, admin: admin.proof};
  for (const [name, key] of Object.entries(KEYS)) clients[name] = await proofOf({name, ...key});
  for (const role of ROLES) clients[role] ??= (await operator(`one-${role}`, role)).proof;
  return clients;
}

test('every role may do on every route what the table says, and nothing else', async () => {
  const clients = await clientsByRole();
  const agent = new Agent({keepAlive: true, maxSockets: 4});
  const described = new Set();
  for (const [path, methods] of Object.entries(openapi.paths))
    for (const method of METHODS) if (methods[method] && !/^\/(enrol|renew)/.test(path)) described.add(`${method.toUpperCase()} ${path}`);
  assert.deepEqual(table.map(([method, path]) => `${method} ${path}`).sort(), [...described].sort(), 'rights.txt has other routes than openapi.yaml');

  const wrong = [];
  const check = async ([method, path, ...columns]) => {
    if (path === '/api/v1/logout') return; // would end the session that asks
    const concrete = path.replace('/layers/device/{id}', '/layers/device/x1').replaceAll(/\{\w+\}/g, 'x1');
    for (const [i, role] of ROLES.entries()) {
      const {status, detail} = await knock(agent, method, concrete, clients[role]);
      // a 403 of the handler's own (a password that is wrong) is no matter of roles
      const refused = status === 401 ? role === 'nobody' && path !== '/api/v1/login'
        : status === 403 && /needs the role|is bound to/.test(detail);
      if (refused === (columns[i] === '+')) wrong.push(`${method} ${path} as ${role}: ${status} ${detail}`);
    }
  };
  const queue = [...table];
  await Promise.all(Array.from({length: 4}, async () => {
    while (queue.length) await check(queue.shift());
  }));
  agent.destroy();
  assert.deepEqual(wrong, []);
});

test('the words of a refusal name the role that is needed and the one that asks', async () => {
  const helpdesk = await stack.login('one-helpdesk', 'password of one-helpdesk');
  assert.match((await helpdesk.get('/contracts')).body.detail, /needs the role viewer; you are helpdesk/);
  assert.match((await helpdesk.patch('/devices/x', {name: 'x'})).body.detail, /needs the role operator; you are helpdesk/);
  const {operator: me} = (await helpdesk.get('/me')).body;
  assert.deepEqual([me.role, me.may.devices, me.groups, me.vendors], ['helpdesk', 'support', null, null]);
});

// ---- what a role is bound to ----

test('who is bound to a group sees and directs its robots and no others', async () => {
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['mine', 'other']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  for (const id of ['lab', 'shop']) await admin.post('/groups', {id});
  assert.equal((await admin.put('/groups/lab/devices/mine')).status, 204);
  assert.equal((await admin.put('/groups/shop/devices/other')).status, 204);

  const lab = await stack.login('one-lab', 'password of one-lab');
  assert.deepEqual((await lab.get('/devices')).body.items.map(({id}) => id), ['mine']);
  assert.deepEqual((await lab.get('/devices?group=shop')).body.items, []);
  assert.deepEqual((await lab.get('/groups')).body.items.map(({id}) => id), ['lab']);
  for (const path of ['/devices/mine', '/devices/mine/effective', '/devices/mine/why', '/groups/lab', '/groups/lab/devices', '/layers/device/mine', '/layers/group/lab'])
    assert.equal((await lab.get(path)).status, 200, path);
  for (const path of ['/devices/other', '/devices/other/effective', '/devices/none', '/groups/shop', '/groups/shop/devices', '/layers/device/other', '/layers/group/shop', '/layers/fleet', '/fleet/parts'])
    assert.equal((await lab.get(path)).status, 403, path);
  assert.equal((await lab.post('/devices/other/commands', {kind: 'identify'})).status, 403);
  const made = await lab.post('/devices/mine/commands', {kind: 'identify'});
  assert.equal(made.status, 201);
  assert.equal((await lab.get(`/commands/${made.body.id}`)).status, 200);
  const others = await admin.post('/devices/other/commands', {kind: 'identify'});
  assert.equal((await lab.get(`/commands/${others.body.id}`)).status, 403);
  // a robot's labels and its groups decide what the role reaches: neither is the role's to change
  assert.equal((await lab.patch('/devices/mine', {labels: {a: 'b'}})).status, 403);
  assert.equal((await lab.put('/groups/lab/devices/other')).status, 403);

  assert.equal((await admin.patch('/roles/lab', {groups: ['shop']})).status, 200);
  assert.deepEqual((await lab.get('/devices')).body.items.map(({id}) => id), ['other'], 'at once');
});

test('who is bound to a vendor sees and changes it and no other', async () => {
  for (const id of ['dahan', 'erxian']) assert.equal((await admin.post('/vendors', {id, base_url: `https://${id}.example/v1`})).status, 201);
  const buyer = await stack.login('one-buyer', 'password of one-buyer');
  assert.deepEqual((await buyer.get('/vendors')).body.items.map(({id}) => id), ['dahan']);
  const vendor = await buyer.get('/vendors/dahan');
  assert.equal(vendor.status, 200);
  assert.equal((await buyer.patch('/vendors/dahan', {name: 'Dahan'}, {'If-Match': vendor.headers.etag})).status, 200);
  for (const path of ['/vendors/erxian', '/vendors/erxian/key', '/contracts', '/contracts/none']) assert.equal((await buyer.get(path)).status, 403, path);
  assert.equal((await buyer.patch('/vendors/erxian', {name: 'x'}, {'If-Match': '"1"'})).status, 403);
});

// What an event stream says, up to the first event of a kind.
function firstEvent(proof, kind, cause) {
  return new Promise((done, fail) => {
    const asked = request({host: '127.0.0.1', port: stack.port, path: '/api/v1/events', headers: proof, agent: false}, (response) => {
      let text = '';
      if (response.statusCode !== 200) return done({status: response.statusCode});
      response.on('data', (data) => {
        if (!text) cause();
        text += data;
        const found = new RegExp(`event: ${kind}\ndata: (.*)\n`).exec(text);
        if (!found) return;
        response.destroy();
        done({status: 200, data: JSON.parse(found[1])});
      });
      // all streams end once when a key was made a moment ago
      response.on('end', () => done(firstEvent(proof, kind, cause)));
    });
    asked.on('error', fail);
    asked.end();
  });
}

test('who is bound gets numbers, alerts and events of the own part alone', async () => {
  await admin.post('/groups', {id: 'ward'});
  assert.equal((await admin.put('/groups/ward/devices/mine')).status, 204);
  for (const [id, bound] of [['guard', {groups: ['ward']}], ['clerk', {vendors: ['dahan']}]])
    assert.equal((await admin.post('/roles', {id, ...bound, may: {fleet: 'viewer', events: 'viewer', alerts: 'operator'}})).status, 201);
  const [guard, clerk] = [await operator('one-guard', 'guard'), await operator('one-clerk', 'clerk')];
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject) SELECT 'forged_message', 'warning', unnest(ARRAY['device/mine', 'device/other', 'group/ward',
    'group/shop', 'vendor/dahan', 'vendor/erxian', 'database'])`);
  const subjects = async (who) => (await who.get('/alerts?kind=forged_message')).body.items.map(({subject}) => subject).sort();
  assert.deepEqual(await subjects(guard), ['device/mine', 'group/ward']);
  assert.deepEqual(await subjects(clerk), ['device/mine', 'device/other', 'group/shop', 'group/ward', 'vendor/dahan']);

  const fleet = async (who) => (({total, groups, open_alerts}) => [total, groups.map(({id}) => id), open_alerts])((await who.get('/fleet')).body);
  assert.deepEqual(await fleet(guard), [1, ['ward'], 2]);
  assert.deepEqual(await fleet(clerk), [2, ['lab', 'shop', 'ward'], 5]);
  assert.equal((await fleet(admin))[0], 2);

  const all = (await admin.get('/alerts?kind=forged_message')).body.items;
  const id = (subject) => all.find((alert) => alert.subject === subject).id;
  assert.equal((await guard.get(`/alerts/${id('device/mine')}`)).status, 200);
  assert.equal((await guard.post(`/alerts/${id('device/mine')}/acknowledge`)).status, 200);
  for (const subject of ['device/other', 'vendor/dahan', 'database']) {
    assert.equal((await guard.get(`/alerts/${id(subject)}`)).status, 403, subject);
    for (const verb of ['acknowledge', 'clear', 'assign', 'silence']) assert.equal((await guard.post(`/alerts/${id(subject)}/${verb}`)).status, 403, subject);
  }
  assert.equal((await clerk.post(`/alerts/${id('vendor/erxian')}/clear`)).status, 403);

  const change = () => admin.patch('/devices/other', {name: 'another name'});
  assert.deepEqual(await firstEvent(admin.proof, 'device', change), {status: 200, data: {ids: ['other']}});
  assert.deepEqual(await firstEvent(guard.proof, 'device', () => admin.patch('/devices/other', {name: 'and another'})), {status: 200, data: {}}, 'that something changed, and not what');
});

test('a role in use stays, one of every installation stays as it is, and none gives rights', async () => {
  assert.equal((await admin.remove('/roles/lab')).status, 409);
  assert.equal((await admin.remove('/roles/viewer')).status, 409);
  assert.equal((await admin.patch('/roles/viewer', {may: {devices: 'admin'}})).status, 409);
  assert.equal((await admin.post('/roles', {id: 'king', may: {operators: 'admin'}})).status, 400);
  assert.equal((await admin.post('/roles', {id: 'king', may: {devices: 'king'}})).status, 400);
  assert.equal((await admin.post('/operators', {id: 'carl', role: 'none', password: 'password of carl'})).status, 400);
  assert.equal((await admin.patch('/operators/one-lab', {role: 'none'})).status, 400);
  assert.equal((await admin.post('/roles', {id: 'short'})).status, 201);
  assert.equal((await admin.remove('/roles/short')).status, 204);
});

test('a scope narrows a key to some areas, levels, groups and vendors, and never widens it', async () => {
  const ids = async (who, path) => (await who.get(path)).body.items.map(({id}) => id);
  await admin.patch('/roles/lab', {groups: ['shop', 'ward']});

  const nook = await as({role: 'operator', scope: {groups: ['lab']}});
  assert.deepEqual([await ids(nook, '/devices'), await ids(nook, '/groups')], [['mine'], ['lab']]);
  assert.equal((await nook.get('/devices/mine/why')).status, 200);
  const outside = await nook.get('/devices/other');
  assert.deepEqual([outside.status, outside.body.detail], [403, 'your API key is bound to some groups, and this is outside of it']);
  assert.equal((await nook.post('/jobs/preview', {deed: 'identify', which: {q: 'sn-'}})).body.robots, 1);
  assert.deepEqual((await firstEvent((await as({role: 'viewer', scope: {groups: ['lab']}})).proof, 'device', () => admin.patch('/devices/other', {name: 'once more'}))).data, {}, 'not what');

  // of the role's groups and the key's what both have
  const both = await as({role: 'lab', scope: {groups: ['ward', 'lab']}});
  assert.deepEqual([await ids(both, '/groups'), await ids(both, '/devices')], [['ward'], ['mine']]);
  assert.deepEqual((await both.get('/me')).body.operator.scope, {may: null, groups: ['ward', 'lab'], vendors: null});

  const dahan = await as({role: 'operator', scope: {vendors: ['dahan'], may: {vendors: 'viewer'}}});
  assert.deepEqual(await ids(dahan, '/vendors'), ['dahan']);
  assert.equal((await dahan.get('/vendors/erxian')).status, 403);
  const refused = await dahan.patch('/vendors/dahan', {name: 'x'}, {'If-Match': '"1"'});
  assert.deepEqual([refused.status, refused.body.detail], [403, "this needs the role operator; you are operator, of which your API key's scope leaves less here"]);
  assert.equal((await dahan.get('/devices')).status, 403, 'an area that it does not name');

  const narrow = await as({role: 'admin', scope: {may: {'*': 'admin', usage: 'viewer'}}});
  for (const path of ['/api-keys', '/operators', '/roles']) assert.equal((await narrow.post(path, {name: 'free', role: 'admin'})).status, 403, `${path} would make one without its scope`);

  const more = await as({role: 'viewer', scope: {may: {devices: 'admin', '*': 'operator'}}});
  assert.equal((await more.patch('/devices/mine', {name: 'x'})).status, 403, 'the role is a viewer\'s');
  assert.equal((await more.get('/devices')).status, 200);
  const [listed] = (await admin.get('/api-keys')).body.items;
  assert.deepEqual(listed.scope, {may: {'*': 'operator', devices: 'admin'}, groups: null, vendors: null});
  const [made] = (await admin.get('/audit?action=api_key.create&limit=1')).body.items;
  assert.deepEqual(made.after.scope, listed.scope, 'the audit tells it');

  for (const [scope, pointer] of [[{may: {operators: 'viewer'}}, '/scope/may/operators'], [{may: {devices: 'king'}}, '/scope/may/devices'], [{may: 'viewer'}, '/scope/may'],
    [{groups: 'lab'}, '/scope/groups'], [{vendors: ['No Slug']}, '/scope/vendors'], [{robots: ['mine']}, '/scope/robots'], ['viewer', '/scope']]) {
    const {status, body} = await admin.post('/api-keys', {name: 'x', role: 'viewer', scope});
    assert.deepEqual([status, body.errors?.[0].pointer], [400, pointer]);
  }
  assert.equal((await admin.post('/roles', {id: 'any', may: {'*': 'viewer'}})).status, 400, 'an own role names its areas');
});

test('who may not read a contract is refused also while others are answered together', async () => {
  const narrow = await as({role: 'viewer', scope: {may: {usage: 'viewer'}}});
  const bound = await as({role: 'viewer', scope: {vendors: ['dahan']}});
  const clients = [[admin, 404], [narrow, 403], [admin, 404], [bound, 403]];
  const asked = await Promise.all(Array.from({length: 160}, async (_, i) => {
    const [client, status] = clients[i % clients.length];
    return [(await client.get('/contracts/none')).status, status];
  }));
  for (const [is, should] of asked) assert.equal(is, should);
});

test('the audit is for who may change things, and for an own role that names it so', async () => {
  const auditor = await operator('one-auditor', (await admin.post('/roles', {id: 'auditor', may: {audit: 'operator'}})).body.id);
  assert.equal((await auditor.get('/audit')).status, 200);
  assert.equal((await auditor.get('/audit/verify')).status, 200);
  assert.equal((await auditor.get('/devices')).status, 403);
  const support = await stack.login('one-support', 'password of one-support');
  assert.match((await support.get('/audit')).body.detail, /needs the role operator; you are support/);
  // whoever is bound to groups reads nothing of it, whatever the role gives there
  await admin.post('/roles', {id: 'narrow-auditor', groups: ['lab'], may: {audit: 'admin'}});
  const narrow = await operator('one-narrow', 'narrow-auditor');
  for (const path of ['/audit', '/audit/verify', '/audit?subject=device/mine']) assert.match((await narrow.get(path)).body.detail, /is bound to some groups/, path);
});

test('an API key of an own role is bound as its operators are', async () => {
  const {key} = (await admin.post('/api-keys', {name: 'script', role: 'buyer'})).body;
  const script = stack.as({Authorization: `Bearer ${key}`});
  assert.deepEqual((await script.get('/vendors')).body.items.map(({id}) => id), ['dahan']);
  assert.equal((await script.get('/vendors/erxian')).status, 403);
  assert.equal((await script.get('/me/second-factor')).status, 409);
});

// ---- the second factor ----

const logIn = (name, password, code) => stack.send('POST', '/api/v1/login', {body: {name, password, ...(code && {code})}});

// Each step's code is taken once, and the one after it is taken early: two in a row need no waiting.
async function enrol(name, client) {
  const begun = await client.post('/me/second-factor', {password: `password of ${name}`});
  assert.equal(begun.status, 200);
  const confirmed = await client.post('/me/second-factor/confirm', {code: codeOf(begun.body.secret, -1)});
  assert.equal(confirmed.status, 200);
  return {secret: begun.body.secret, begun: begun.body, codes: confirmed.body.recovery_codes};
}

let anna;

test('with a second factor the password alone opens nothing, and a code opens once', async () => {
  const client = await operator('anna', 'operator');
  assert.equal((await client.post('/me/second-factor', {password: 'wrong'})).status, 403);
  assert.equal((await client.post('/me/second-factor/confirm', {code: '123456'})).status, 409);
  anna = await enrol('anna', client);
  assert.equal(anna.begun.uri, `otpauth://totp/Myna:anna?secret=${anna.secret}&issuer=Myna&algorithm=SHA1&digits=6&period=30`);
  assert.ok(anna.begun.picture.every((row) => row.length === anna.begun.picture.length));
  assert.equal((await client.post('/me/second-factor', {password: 'password of anna'})).status, 409);

  const bare = await logIn('anna', 'password of anna');
  assert.deepEqual([bare.status, bare.body.errors[0].pointer], [401, '/code']);
  assert.equal((await logIn('anna', 'wrong password', codeOf(anna.secret))).body.errors, undefined, 'a wrong password tells nothing of codes');
  const code = codeOf(anna.secret);
  assert.equal((await logIn('anna', 'password of anna', code)).status, 200);
  assert.equal((await logIn('anna', 'password of anna', code)).status, 401, 'a code is taken once');
  assert.equal((await logIn('anna', 'password of anna', codeOf(anna.secret, -1))).status, 401, 'nor is an earlier one');
});

test('a recovery code opens once, however it is written, and new ones take the place of the old', async () => {
  const [first, second, third] = anna.codes;
  assert.equal((await logIn('anna', 'password of anna', first)).status, 200);
  assert.equal((await logIn('anna', 'password of anna', first)).status, 401);
  const again = await logIn('anna', 'password of anna', second.toUpperCase().replaceAll('-', ' '));
  assert.equal(again.status, 200);
  const client = stack.as({Cookie: again.headers['set-cookie'][0].split(';')[0]});
  assert.equal((await client.get('/me/second-factor')).body.recovery_codes, 8);
  const fresh = await client.post('/me/second-factor/recovery-codes', {code: third});
  assert.equal(fresh.status, 200);
  assert.equal((await logIn('anna', 'password of anna', anna.codes[3])).status, 401, 'an old one');
  assert.equal((await logIn('anna', 'password of anna', fresh.body.recovery_codes[0])).status, 200);
  anna.codes = fresh.body.recovery_codes;
});

test('two logins with one code at the same moment open one session', async () => {
  const answers = await Promise.all(Array.from({length: 6}, () => logIn('anna', 'password of anna', anna.codes[1])));
  assert.deepEqual(answers.map(({status}) => status).sort(), [200, 401, 401, 401, 401, 401]);
});

test('an admin resets a lost second factor: audited, and sessions end', async () => {
  const opened = await logIn('anna', 'password of anna', anna.codes[2]);
  const client = stack.as({Cookie: opened.headers['set-cookie'][0].split(';')[0]});
  assert.equal((await admin.remove('/operators/anna/second-factor')).status, 204);
  assert.equal((await client.get('/me')).status, 401);
  assert.equal((await logIn('anna', 'password of anna')).status, 200);
  assert.equal((await admin.remove('/operators/anna/second-factor')).status, 404);
  const actions = (await admin.get('/audit?subject=operator/anna&action=second_factor')).body.items.map(({action}) => action);
  assert.deepEqual([...new Set(actions)].sort(), ['second_factor.begin', 'second_factor.codes', 'second_factor.on', 'second_factor.recover', 'second_factor.reset']);
});

test('who is the only admin and lost phone and codes gets in again by the machine', async () => {
  const begun = (await admin.post('/me/second-factor', {password: stack.password})).body;
  assert.ok(begun.secret);
  const {stdout} = await stack.task(['operator', 'root', '--reset-second-factor']);
  assert.match(stdout, /operator root has no second factor now/);
  await until(10, 'the session goes on', async () => (await admin.get('/me')).status === 401);
  admin = await stack.login();
  const [reset] = (await admin.get('/audit?subject=operator/root&action=second_factor.reset')).body.items;
  assert.equal(reset.actor, 'mynad');
  await assert.rejects(stack.task(['operator', 'root', '--reset-second-factor']), /no such operator, or no second factor/);
  await assert.rejects(stack.task(['operator', 'root', '--role', 'admin', '--reset-second-factor']), /usage/);
});

test('who has a role that asks for a second factor sets one up before anything else', async () => {
  assert.equal((await admin.patch('/roles/approver', {second_factor: true})).status, 200);
  const bea = await operator('bea', 'approver');
  assert.equal((await bea.get('/me')).body.operator.must_enrol, true);
  const refused = await bea.get('/devices');
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /second factor/);
  assert.equal((await bea.post('/me/api-keys', {name: 'around it', role: 'viewer'})).status, 403);
  const {secret} = await enrol('bea', bea);
  assert.equal((await bea.get('/devices')).status, 200, 'at once');
  assert.equal((await bea.post('/me/second-factor/remove', {code: codeOf(secret)})).status, 409, 'the role asks for it');
  assert.equal((await admin.patch('/roles/approver', {second_factor: false})).status, 200);
  assert.equal((await bea.post('/me/second-factor/remove', {code: codeOf(secret, 1)})).status, 204);
  assert.equal((await logIn('bea', 'password of bea')).status, 200);
});

test('guessing codes is slowed down from wherever it comes, and what was guessed stays unknown', async () => {
  const carl = await operator('carla', 'viewer');
  const {secret} = await enrol('carla', carl);
  for (let i = 0; i < 10; i++) assert.equal((await logIn('carla', 'password of carla', 'no-code')).status, 401);
  const slowed = await logIn('carla', 'password of carla', codeOf(secret));
  assert.equal(slowed.status, 429);
  assert.ok(Number(slowed.headers['retry-after']) > 0);
});

test('neither secret nor recovery codes stand in the database', async () => {
  const dora = await operator('dora', 'viewer');
  const {secret, codes} = await enrol('dora', dora);
  const dump = (await stack.sql('SELECT to_jsonb(t)::text FROM (SELECT o.*, c.*, a.* FROM myna.operator o FULL JOIN myna.recovery_code c ON false FULL JOIN myna.audit a ON false) t')).flat().join('\n');
  for (const text of [secret, ...codes, ...codes.map((code) => code.replaceAll('-', ''))]) assert.ok(!dump.includes(text), text);
});
