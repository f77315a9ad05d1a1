// Who may do what: sessions, API keys, other sites, repeated posts; roles are rights.test.mjs's.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold, openapi, operation} from './openapi.mjs';
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

test('nothing of the API is open without a login', async () => {
  const nobody = stack.as({});
  for (const [path, methods] of Object.entries(openapi.paths)) {
    if (!path.startsWith('/api/')) continue;
    for (const [method, described] of Object.entries(methods)) {
      if (!described.responses || described.security?.length === 0) continue;
      const concrete = path.slice('/api/v1'.length).replaceAll(/\{\w+\}/g, 'x1');
      const {status} = await stack.send(method.toUpperCase(), `/api/v1${concrete}`, {body: {}});
      assert.equal(status, 401, `${method} ${path}`);
    }
  }
  assert.equal((await nobody.get('/me', {Authorization: 'Bearer myna_nonsense'})).status, 401);
});

test('the sign-in page learns whether anybody may log in at all', async () => {
  const methods = async () => (await stack.send('GET', '/api/v1/login/methods')).body;
  assert.equal((await methods()).operators, true);
  await stack.sql('UPDATE myna.operator SET disabled_at = now()');
  assert.equal((await methods()).operators, false);
  await stack.sql('UPDATE myna.operator SET disabled_at = NULL');
});

test('support looks after robots and neither speaks through them nor restarts them', async () => {
  const {code} = (await admin.post('/claims', {})).body;
  assert.equal((await new Robot('sick', 'SN-sick').enrol(stack, code)).status, 200);
  const ben = await operator('ben', 'support');
  const ask = async (kind, text) => (await ben.post('/devices/sick/commands', {kind, ...(text && {text})})).status;
  for (const kind of ['identify', 'report', 'picture']) assert.equal(await ask(kind), 201, kind);
  assert.equal(await ask('probe', 'dahan/m1'), 201);
  for (const [kind, text] of [['say', 'hello'], ['restart'], ['forget']]) assert.equal(await ask(kind, text), 403, kind);
  assert.equal((await ben.patch('/devices/sick', {name: 'x'})).status, 403);
  assert.equal((await ben.get('/doctor?robot=SN-sick')).status, 200);
});

test('a wrong password is refused like an unknown name, and guessing is slowed down', async () => {
  const login = (name, password) => stack.send('POST', '/api/v1/login', {body: {name, password}});
  const unknown = await login('nobody', 'a wrong password');
  const wrong = await login('root', 'a wrong password');
  assert.deepEqual([unknown.status, unknown.body], [wrong.status, wrong.body]);

  for (let i = 0; i < 9; i++) await login('root', 'a wrong password');
  const slowed = await login('root', stack.password);
  assert.equal(slowed.status, 429);
  assert.ok(Number(slowed.headers['retry-after']) > 0);
  assert.equal((await admin.get('/me')).status, 200, 'who is logged in stays so');
  await stack.stop(); // the table is in memory
  await stack.start();
});

test('a session ends at logout, at a changed password and when its operator is disabled', async () => {
  const anna = await operator('anna', 'viewer');
  assert.equal((await anna.post('/logout')).status, 204);
  assert.equal((await anna.get('/me')).status, 401);

  const again = await stack.login('anna', 'password of anna');
  assert.equal((await admin.patch('/operators/anna', {password: 'another password'})).status, 200);
  assert.equal((await again.get('/me')).status, 401);

  const third = await stack.login('anna', 'another password');
  const disabled = await admin.patch('/operators/anna', {disabled: true});
  assert.ok(disabled.body.disabled_at);
  assert.equal((await third.get('/me')).status, 401);
  await assert.rejects(stack.login('anna', 'another password'), /401/);
});

test('an operator changes the password by the old one, and other sessions end', async () => {
  const mia = await operator('mia', 'viewer');
  const elsewhere = await stack.login('mia', 'password of mia');
  const change = (old, fresh) => mia.post('/me/password', {old, new: fresh});
  const wrong = await change('not this one', 'another password');
  assert.deepEqual([wrong.status, wrong.body.errors[0].pointer], [403, '/old']);
  for (const fresh of ['password of mia', 'Password1!', 'short']) {
    const refused = await change('password of mia', fresh);
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/new'], fresh);
  }
  assert.equal((await elsewhere.get('/me')).status, 200);
  assert.equal((await change('password of mia', 'another password')).status, 204);
  assert.equal((await mia.get('/me')).status, 200);
  assert.equal((await elsewhere.get('/me')).status, 401);
  await assert.rejects(stack.login('mia', 'password of mia'), /401/);
  await stack.login('mia', 'another password');
  const told = (await admin.get('/audit?subject=operator/mia')).body.items.map(({actor, action}) => `${actor} ${action}`);
  assert.ok(told.includes('operator:mia operator.password'), told);
  assert.ok(told.includes('nobody login.fail'), told);
});

test('who guesses at the old password is slowed down as at the login, and a program has none', async () => {
  const ole = await operator('ole', 'viewer');
  const statuses = [];
  for (let i = 0; i < 11; i++) statuses.push((await ole.post('/me/password', {old: `wrong ${i}`, new: 'another password'})).status);
  assert.deepEqual([statuses[0], statuses.at(-1)], [403, 429]);
  const slowed = await ole.post('/me/password', {old: 'password of ole', new: 'another password'});
  assert.equal(slowed.status, 429);
  const {body: made} = await ole.post('/me/api-keys', {name: 'script', role: 'viewer'});
  const script = stack.as({Authorization: `Bearer ${made.key}`});
  assert.equal((await script.post('/me/password', {old: 'password of ole', new: 'another password'})).status, 409);
});

test('an operator makes, sees and ends keys of the own, which may no more than the operator', async () => {
  const pia = await operator('pia', 'support');
  assert.equal((await admin.post('/api-keys', {name: 'not of pia', role: 'viewer'})).status, 201);
  const [foreign] = (await admin.get('/api-keys')).body.items;
  for (const role of ['operator', 'admin', 'nothing']) assert.equal((await pia.post('/me/api-keys', {name: 'more', role})).status, 400, role);
  assert.equal((await pia.post('/me/api-keys', {name: 'for root', role: 'viewer', owner: 'root'})).status, 400);
  const {status, body: made} = await pia.post('/me/api-keys', {name: 'of pia', role: 'viewer'});
  assert.deepEqual([status, made.owner], [201, 'pia']);
  assert.deepEqual((await pia.get('/me/api-keys')).body.items.map(({name}) => name), ['of pia']);
  const script = stack.as({Authorization: `Bearer ${made.key}`});
  assert.equal((await script.get('/groups')).status, 200);
  for (const answer of [await script.get('/me/api-keys'), await script.post('/me/api-keys', {name: 'x', role: 'viewer'}),
    await script.remove(`/me/api-keys/${made.id}`)]) assert.equal(answer.status, 409);
  assert.equal((await pia.remove(`/me/api-keys/${foreign.id}`)).status, 404);
  assert.equal((await pia.remove(`/me/api-keys/${made.id}`)).status, 204);
  assert.equal((await script.get('/groups')).status, 401);
  assert.equal((await admin.get('/api-keys')).body.items.find(({id}) => id === foreign.id).revoked_at, null);
});

test('the last admin can be neither demoted, disabled nor deleted', async () => {
  assert.equal((await admin.patch('/operators/root', {role: 'viewer'})).status, 409);
  assert.equal((await admin.patch('/operators/root', {disabled: true})).status, 409);
  assert.equal((await admin.remove('/operators/root')).status, 409);
  assert.equal((await admin.get('/me')).status, 200);
});

test('two admins cannot demote each other at the same moment', async () => {
  const second = await operator('second', 'admin');
  const answers = await Promise.all([
    admin.patch('/operators/second', {role: 'viewer'}), second.patch('/operators/root', {role: 'viewer'})]);
  assert.ok(answers.some(({status}) => status !== 200), JSON.stringify(answers.map(({status}) => status)));
  const [[admins]] = await stack.sql("SELECT count(*) FROM myna.operator WHERE role = 'admin'");
  assert.ok(Number(admins) >= 1);
  await stack.task(['operator', 'root', '--role', 'admin'], `${stack.password}\n`);
  admin = await stack.login();
});

test('an API key is shown once, works, and ends when it is revoked', async () => {
  const made = (await admin.post('/api-keys', {name: 'script', role: 'viewer'})).body;
  const script = stack.as({Authorization: `Bearer ${made.key}`});
  assert.equal((await script.get('/me')).body.operator.id, `api-key:${made.id}`);
  assert.equal((await script.post('/groups', {id: 'g'})).status, 403);
  const listed = (await admin.get('/api-keys')).bytes.toString();
  assert.ok(!listed.includes(made.key));
  assert.equal((await admin.remove(`/api-keys/${made.id}`)).status, 204);
  assert.equal((await script.get('/me')).status, 401);
});

test('an API key does what its owner may, as long as its owner may', async () => {
  const owner = await operator('kim', 'operator');
  assert.equal((await admin.post('/api-keys', {name: 'more', role: 'approver', owner: 'kim'})).status, 400);
  assert.equal((await admin.post('/api-keys', {name: 'nobody', role: 'viewer', owner: 'none'})).status, 400);
  const {body: made} = await admin.post('/api-keys', {name: 'of kim', role: 'operator', owner: 'kim'});
  const script = stack.as({Authorization: `Bearer ${made.key}`});
  const stopped = async () => (await admin.get('/api-keys')).body.items.find(({id}) => id === made.id).stopped;
  const opens = (status) => until(20, `not ${status}`, async () => (await script.get('/groups')).status === status);
  await opens(200);
  assert.equal((await owner.get('/me')).status, 200);
  assert.equal((await admin.patch('/operators/kim', {role: 'viewer'})).status, 200);
  await opens(401);
  assert.equal(await stopped(), 'owner_role');
  assert.equal((await admin.patch('/operators/kim', {role: 'approver'})).status, 200);
  await opens(200);
  assert.equal((await admin.patch('/operators/kim', {disabled: true})).status, 200);
  await opens(401);
  assert.equal(await stopped(), 'owner_disabled');
  assert.equal((await admin.remove('/operators/kim')).status, 204);
  await opens(401);
  assert.equal(await stopped(), 'owner_gone');
  await operator('kim', 'operator');
  await opens(401);
});

test('an expired session opens nothing', async () => {
  const other = await stack.login();
  assert.equal((await other.get('/me')).status, 200);
  await stack.sql('UPDATE myna.login_session SET expires_at = now()');
  await until(20, 'it still opens', async () => (await other.get('/me')).status === 401);
  admin = await stack.login();
});

test('an expired API key opens nothing', async () => {
  const made = (await admin.post('/api-keys', {name: 'old', role: 'admin'})).body;
  const script = stack.as({Authorization: `Bearer ${made.key}`});
  assert.equal((await script.get('/me')).status, 200);
  await stack.sql(`UPDATE myna.api_key SET expires_at = now() WHERE key_id = ${made.id}`);
  await until(20, 'it still opens', async () => (await script.get('/me')).status === 401);
});

test('a page of another site cannot write, with or without the cookie', async () => {
  const host = `127.0.0.1:${stack.port}`;
  for (const headers of [{Origin: 'https://evil.example'}, {Origin: `https://${host}`}, {Origin: 'null'}, {'Sec-Fetch-Site': 'cross-site'}]) {
    assert.equal((await admin.post('/groups', {id: 'evil'}, headers)).status, 403, JSON.stringify(headers));
    const login = await stack.send('POST', '/api/v1/login', {body: {name: 'root', password: stack.password}, headers});
    assert.equal(login.status, 403);
  }
  assert.equal((await admin.post('/groups', {id: 'ours'}, {Origin: `http://${host}`})).status, 201);
});

test('the session cookie is out of reach of scripts and other sites', async () => {
  const answer = await stack.send('POST', '/api/v1/login', {body: {name: 'root', password: stack.password}});
  assert.match(answer.headers['set-cookie'][0], /^myna_session=[0-9a-z]{52}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
});

// Whether an open event stream of whoever proves himself so ends by itself: all that came until then.
async function streamOf(proof) {
  const response = await fetch(`http://127.0.0.1:${stack.port}/api/v1/events`, {headers: proof});
  assert.equal(response.status, 200);
  const ended = response.text();
  return {ended: () => Promise.race([ended, sleep(40000).then(() => assert.fail('the stream goes on'))])};
}

test('an event stream ends with the session or key that opened it: by logout, in time, by another role', async () => {
  const made = await operator('sigrid', 'viewer');
  const loggedOut = await streamOf(made.proof);
  assert.equal((await made.post('/logout')).status, 204);
  await loggedOut.ended();

  const key = (await admin.post('/api-keys', {name: 'brief', role: 'viewer', expires_in_s: 60})).body;
  await stack.sql(`UPDATE myna.api_key SET expires_at = now() + interval '2 seconds' WHERE key_id = ${key.id}`);
  await (await streamOf({Authorization: `Bearer ${key.key}`})).ended();

  const again = await stack.login('sigrid', 'password of sigrid');
  const demoted = await streamOf(again.proof);
  assert.equal((await admin.patch('/operators/sigrid', {role: 'support'})).status, 200);
  await demoted.ended();
});

test('metrics are for this machine, and for who shows a key to a proxy or from another one', async () => {
  const {key} = (await admin.post('/api-keys', {name: 'prometheus', role: 'viewer'})).body;
  const read = async (headers) => (await stack.send('GET', '/metrics', {headers})).status;
  const proxy = {'X-Forwarded-For': '203.0.113.7'};
  assert.equal(await read({}), 200);
  for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) assert.equal(await read({[header]: 'for=203.0.113.7'}), 401, header);
  assert.equal(await read({...proxy, Authorization: 'Bearer myna_nonsense'}), 401);
  assert.equal(await read({...proxy, Authorization: `Bearer ${key}`}), 200);
  assert.equal(await read({...proxy, ...admin.proof}), 200);
  for (const [scope, status] of [[{may: {'*': 'viewer'}}, 200], [{may: {usage: 'viewer'}}, 403], [{groups: ['lab']}, 403], [{vendors: ['dahan']}, 403]]) {
    const made = (await admin.post('/api-keys', {name: 'narrow', role: 'viewer', scope})).body;
    assert.equal(await read({...proxy, Authorization: `Bearer ${made.key}`}), status, JSON.stringify(scope));
  }
});

test('with two session cookies, one of which somebody else has put there, neither opens anything', async () => {
  const theirs = await stack.login();
  const both = {Cookie: `${theirs.proof.Cookie}; ${admin.proof.Cookie}`};
  assert.equal((await stack.as(both).get('/me')).status, 401);
  assert.equal((await admin.get('/me')).status, 200);
});

test('secrets are nowhere in the database in clear', async () => {
  const {key} = (await admin.post('/api-keys', {name: 'dump', role: 'viewer'}, {'Idempotency-Key': 'k1'})).body;
  const {code} = (await admin.post('/claims', {}, {'Idempotency-Key': 'k2'})).body;
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://dahan.example/v1', key: 'sk-very-secret'});
  const dump = (await stack.sql(`SELECT to_jsonb(t)::text FROM (SELECT i.*, a.*, k.*, c.*, v.* FROM myna.idempotency i
    FULL JOIN myna.audit a ON false FULL JOIN myna.api_key k ON false FULL JOIN myna.claim c ON false FULL JOIN myna.vendor v ON false) t`)).flat().join('\n');
  assert.ok(dump.length > 1000);
  for (const secret of [key, code.split('-')[0], 'sk-very-secret', stack.password])
    assert.ok(!dump.includes(secret), `${secret} is in the database`);
  assert.ok(!dump.includes(Buffer.from('sk-very-secret').toString('hex')));
});

test('a repeated post with the same Idempotency-Key acts once and gets the first answer', async () => {
  const first = await admin.post('/claims', {uses: 3}, {'Idempotency-Key': 'same'});
  const again = await admin.post('/claims', {uses: 3}, {'Idempotency-Key': 'same'});
  assert.deepEqual([again.status, again.body], [201, first.body]);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  const other = await admin.post('/claims', {uses: 4}, {'Idempotency-Key': 'same'});
  assert.equal(other.status, 422);
});

test('of many equal posts at once one acts', async () => {
  const answers = await Promise.all(Array.from({length: 8}, () => admin.post('/claims', {uses: 7}, {'Idempotency-Key': 'race'})));
  assert.ok(answers.every(({status}) => status === 201 || status === 409));
  const [[made]] = await stack.sql('SELECT count(*) FROM myna.claim WHERE uses_allowed = 7');
  assert.equal(made, '1');
});

test('a refused post gives its Idempotency-Key back', async () => {
  assert.equal((await admin.post('/groups', {id: 'late', priority: -1}, {'Idempotency-Key': 'retry'})).status, 400);
  assert.equal((await admin.post('/groups', {id: 'late'}, {'Idempotency-Key': 'retry'})).status, 201);
});

test('another operator\'s Idempotency-Key is another key', async () => {
  const berta = await operator('berta', 'operator');
  await admin.post('/claims', {uses: 11}, {'Idempotency-Key': 'shared'});
  const {status, headers} = await berta.post('/claims', {uses: 11}, {'Idempotency-Key': 'shared'});
  assert.equal(status, 201);
  assert.equal(headers['idempotency-replayed'], undefined);
});

test('every change stands in the audit with who and from where, and the chain verifies', async () => {
  const {body} = await admin.get('/audit?limit=1000');
  const actions = new Set(body.items.map(({action}) => action));
  for (const action of ['operator.create', 'operator.update', 'operator.put', 'api_key.create', 'api_key.revoke', 'login', 'logout', 'claim.create', 'vendor.create', 'group.create'])
    assert.ok(actions.has(action), action);
  const created = body.items.find(({action}) => action === 'group.create');
  assert.deepEqual([created.actor, created.source], ['operator:root', '127.0.0.1']);
  const rows = body.items.length;
  assert.deepEqual((await admin.get('/audit/verify')).body, {ok: true, rows, first_bad: null, next: null, head: rows});
});

test('a changed, a missing and a cut-off audit row are each found', async () => {
  const [[seq]] = await stack.sql("SELECT seq FROM myna.audit WHERE action = 'group.create' LIMIT 1");
  const verdict = async (change) => {
    await stack.sql(`CREATE TABLE public.kept AS SELECT * FROM myna.audit; ${change}`);
    const {body} = await admin.get('/audit/verify');
    await stack.sql('DELETE FROM myna.audit; INSERT INTO myna.audit SELECT * FROM public.kept; DROP TABLE public.kept');
    return [body.ok, body.first_bad];
  };
  assert.deepEqual(await verdict(`UPDATE myna.audit SET actor = 'operator:mallory' WHERE seq = ${seq}`), [false, Number(seq)]);
  assert.deepEqual(await verdict(`DELETE FROM myna.audit WHERE seq = ${seq}`), [false, Number(seq) + 1]);
  const [[last]] = await stack.sql('SELECT max(seq) FROM myna.audit');
  assert.deepEqual(await verdict(`DELETE FROM myna.audit WHERE seq = ${last}`), [false, Number(last)]);
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
});

test('a revoked robot is shown as such, and only an admin can revoke', async () => {
  const {code} = (await admin.post('/claims')).body;
  assert.equal((await new Robot('r1').enrol(stack, code)).status, 200);
  const {status, body} = await admin.post('/devices/r1/revoke');
  assert.deepEqual([status, body.status], [200, 'revoked']);
  assert.equal((await admin.get('/devices?state=revoked')).body.items[0].id, 'r1');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'identify'})).status, 409);
});

test('every route of the server is described, with its role', () => {
  const folder = new URL('../../../server/api/', import.meta.url);
  const row = /\{"([A-Z]+)",\s*"(\/[^"*]+)",\s*ROUTE_(\w+),/g;
  const served = new Set();
  let found = 0;
  for (const name of readdirSync(folder).filter((file) => /^routes_.*\.c$/.test(file))) {
    for (const [, method, path, role] of readFileSync(new URL(name, folder), 'utf8').matchAll(row)) {
      served.add(`${method} ${path}`);
      const described = operation(method, path.replaceAll(/[{}]/g, ''));
      assert.ok(described, `${method} ${path} is not in openapi.yaml`);
      assert.equal(described['x-role'] ?? 'anyone', role.toLowerCase(), `${method} ${path}`);
      found++;
    }
  }
  assert.ok(found > 50, String(found));
  for (const [path, methods] of Object.entries(openapi.paths))
    for (const method of Object.keys(methods).filter((name) => ['get', 'post', 'put', 'patch', 'delete'].includes(name)))
      assert.ok(served.has(`${method.toUpperCase()} ${path}`), `${method} ${path} is described and not served`);
});

// What writes a whole that others may have written meanwhile asks for the ETag that was read.
const WITHOUT_ETAG = {
  'put /api/v1/groups/{id}/devices/{device}': 'a membership is there or not',
  'put /api/v1/devices/{id}/plan': 'what an owner\'s plan says is its sender\'s alone',
  'patch /api/v1/views/{id}': 'a view is its owner\'s alone',
  'put /api/v1/vendors/{id}/key/next': 'a key is never read',
  'put /api/v1/retention/{class}': 'it is one number, and what it forgets is told before',
};

test('lists have pages, changes have ETags, and every answer to a problem is one', () => {
  const resolve = (part) => (part.$ref ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], openapi) : part);
  for (const [path, methods] of Object.entries(openapi.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      if (!['get', 'post', 'put', 'patch', 'delete'].includes(method) || !path.startsWith('/api/v1/')) continue;
      const names = [...methods.parameters ?? [], ...described.parameters ?? []].map((part) => resolve(part).name);
      const name = `${method} ${path}`;
      if (method === 'put' || method === 'patch') assert.equal(names.includes('If-Match'), !(name in WITHOUT_ETAG), name);
      assert.equal(names.includes('after'), names.includes('limit'), `${name}: a page has a key and a size`);
      const problem = resolve(described.responses.default ?? {});
      assert.ok(problem.content?.['application/problem+json'], `${name} does not tell what a refusal looks like`);
    }
  }
});
