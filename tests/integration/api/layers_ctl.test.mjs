// mynactl about filters, layers, borders and reasons, as people read it.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
let stack;
let env;

before(async () => {
  stack = hold(await Stack.create());
  const admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r1', 'r2']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
});

after(() => stack?.end());

const ctl = async (...words) => (await run(mynactl, words, {env})).stdout;
const refused = (...words) => run(mynactl, words, {env}).then(() => assert.fail('was done'), (error) => error);

test('lists and groups take a filter, and a mistake names the option and the place', async () => {
  assert.match(await ctl('device', 'set', 'r2', 'label.floor=7'), /changed r2/);
  const list = await ctl('device', 'list', '--filter', 'labels.floor > 6');
  assert.ok(list.includes('r2') && !list.includes('r1'), list);
  const {code, stderr} = await refused('device', 'list', '--filter', 'labels.floor >');
  assert.equal(code, 1);
  assert.match(stderr, /at character 15: expected a value[^]*--filter/);
  assert.match(await ctl('group', 'preview', 'labels.floor=7'), /^labels.floor = 7\nmeans 1 robot, 0 of them online; the first are:\n[^]*r2/);
  await ctl('group', 'set', 'high', '--filter', 'labels.floor > 6');
  assert.match(await ctl('group', 'list'), /high .* 1 {2}labels.floor > 6/);
  assert.match((await refused('group', 'add', 'high', 'r1')).stderr, /a filter chooses the members/);
});

test('a layer\'s last change is shown, and an older revision brought back', async () => {
  await ctl('config', 'set', 'fleet', 'volume=40', 'persona=kind');
  await ctl('config', 'set', 'fleet', 'volume=55');
  assert.equal(await ctl('config', 'diff', 'fleet'), 'fleet, revision 2 to 3\n- volume               40\n+ volume               55\n');
  assert.match(await ctl('config', 'restore', 'fleet', '2'), /fleet, revision 4\n[^]*volume +40/);
  assert.match(await ctl('config', 'history', 'fleet'), /\n +4 .* 2 /);
  assert.equal((await refused('config', 'diff', 'fleet', 'two')).code, 2);
});

test('a border is drawn, a filing given, and why tells both', async () => {
  await ctl('vendor', 'set', 'dahan', '--base-url', 'https://dahan.example', '--region', 'cn');
  await ctl('vendor', 'filing', 'dahan', 'big', 'eu', 'EU-17');
  await ctl('region', 'set', 'eu', '--allow', 'cn,sg', '--needs-filing', 'yes');
  assert.match(await ctl('region', 'set', 'eu', '--note', 'agreed'), /cn, sg/);
  assert.equal((await refused('region', 'set', 'eu', '--needs-filing', 'maybe')).code, 2);
  await stack.sql(`UPDATE myna.device SET region = 'us' WHERE device_id = 'r1';
    UPDATE myna.layer SET settings = settings || '{"routes": [{"vendor": "dahan", "model": "big", "contract": "c"}]}' WHERE layer_id = 'fleet';
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES ('c', 'dahan', 'CNY', 'UTC');
    INSERT INTO myna.contract_version (contract_id, version, effective_from, document, created_by) VALUES ('c', 1, '2020-01-01', '{}', 't')`);
  const why = await ctl('why', 'r1');
  assert.match(why, /not current: it has never been heard \(offline_since\)/);
  assert.match(why, /volume = 40\n {4}from fleet, revision 4, by api-key:/);
  assert.match(why, /route 1, chat: dahan\/big, c: never used, vendor "dahan" serves region "cn", which region "us" does not allow/);
  assert.match(await ctl('why', 'r1', 'voice_pitch'), /voice_pitch = 50\n {4}from default/);
  assert.match(await ctl('device', 'get', 'r2'), /said by operators\n[^]*floor[^]*said by the robot\n[^]*known to the server\n/);
});

const place = (id, state, more = {}) => stack.sql(`DELETE FROM myna.rollout WHERE rollout_id = '${id}';
  INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, author, state, step, cause, state_reason)
    VALUES ('${id}', 'fleet', '{"volume": 3}', '{"waves": [{"share": "100%"}]}', 'operator:root', '${state}',
      ${more.step ? `'${more.step}'` : 'NULL'}, ${more.cause ? `'${more.cause}'` : 'NULL'}, '${more.reason ?? ''}')`);
const waited = (...words) => run(mynactl, ['rollout', 'wait', ...words], {env}).then(({stdout}) => [0, stdout], ({code, stdout}) => [code, stdout]);

test('waiting for a rollout ends with a status that says how', async () => {
  for (const [state, more, status] of [['completed', {}, 0], ['rolled_back', {}, 1], ['aborted', {}, 1], ['draft', {reason: 'a cap would break'}, 1],
    ['paused', {step: 'judging', cause: 'red'}, 1], ['paused', {step: 'judging', cause: 'by_hand'}, 5], ['draft', {}, 5]]) {
    await place('wave', state, more);
    const [code, said] = await waited('wave', '--timeout', '60');
    assert.equal(code, status, `${state} ${JSON.stringify(more)}: ${said}`);
    assert.match(said, more.reason ? /a cap would break/ : /^wave: /);
  }
  await place('wave', 'paused', {step: 'publishing', cause: 'refused'});
  assert.equal((await waited('wave'))[0], 5);
  await stack.sql("DELETE FROM myna.rollout");
});

// A server that says so, is away, and says another thing when it is back.
test('waiting outlives a server that is away for a while, but not one that was never there', async () => {
  let state = 'running';
  const server = createServer((request, reply) => {
    reply.setHeader('Content-Type', 'application/json');
    reply.setHeader('Connection', 'close');
    reply.end(JSON.stringify({id: 'wave', state, version: 1, waves: [], patch: {}, drained: []}));
    if (state === 'running') answered();
  });
  let answered;
  const first = new Promise((resolve) => { answered = resolve; });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address();
  const there = {env: {...env, MYNACTL_URL: `http://127.0.0.1:${port}`}};
  const waiting = run(mynactl, ['rollout', 'wait', 'wave'], there).then(() => [0, ''], (error) => [error.code, error.stderr]);
  await Promise.race([first, waiting]);
  await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  const {code} = await run(mynactl, ['rollout', 'wait', 'wave'], there).then(() => ({code: 0}), (error) => error);
  assert.equal(code, 3, 'it was never there for this one');
  // and the one that waits does meet its absence
  let isAway = true;
  const missed = new Promise((resolve) => server.on('connection', (socket) => {
    if (!isAway) return;
    socket.destroy();
    resolve();
  }));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await Promise.race([missed, waiting]);
  isAway = false;
  state = 'completed';
  assert.deepEqual(await waiting, [0, '']);
  server.close();
});

test('waiting ends when its time is over', async () => {
  await place('wave', 'running', {step: 'soaking'});
  assert.equal((await waited('wave', '--timeout', '0'))[0], 4);
  await stack.sql("DELETE FROM myna.rollout");
});
