// A vendor is drained, given back, kept out of a window and drilled, as operators do it; what robots
// then hold is asked of the database.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
const ROBOTS = ['r1', 'r2', 'r3', 'r4'];
const route = (id) => ({vendor: id, model: `${id}-chat`, contract: id});

let stack;
let admin;
let env;

const contract = (id, price, more = {}) => ({
  contract: id, vendor: id, currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2020-01-01', to: '2050-01-01'},
  charges: [{name: 'tokens', kind: 'unit', metric: 'output', models: [`${id}-chat`], price, unit: 1000000, per: 'month'}], ...more});

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  for (const id of ['big', 'small', 'idle'])
    assert.equal((await admin.post('/vendors', {id, base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
  assert.equal((await admin.post('/contracts', contract('big', '2.00'))).status, 201);
  assert.equal((await admin.post('/contracts', contract('small', '5.00',
    {caps: [{name: 'few', metric: 'requests', at_most: 3, per: 'day', hard: true},
      {name: 'pace', metric: 'requests_per_minute', at_most: 60, hard: false}]}))).status, 201);
  const {headers} = await admin.get('/layers/fleet');
  assert.equal((await admin.put('/layers/fleet', {settings: {routes: [route('big'), route('small')]}}, {'If-Match': headers.etag})).status, 200);
  // one has nothing else
  const own = await admin.get('/layers/device/r4');
  assert.equal((await admin.put('/layers/device/r4', {settings: {routes: [route('big')]}}, {'If-Match': own.headers.etag})).status, 200);
  // a day of it: each robot a million tokens and two requests
  await stack.sql(`INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts, requests, output, price)
    SELECT id, date_trunc('hour', now()) - interval '24 hours', 'big', 'big', 'big-chat', 'CNY', 2, 2, 1000000, 2 FROM unnest('{${ROBOTS}}'::text[]) id`);
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
});

after(() => stack?.end());

const first = async (id) => (await stack.sql(`SELECT value -> 0 ->> 'vendor' FROM myna.effective_setting WHERE device_id = '${id}' AND name = 'routes'`))[0][0];
const until = async (check) => {
  for (let i = 0; i < 600; i++) {
    if (await check()) return;
    await sleep(100);
  }
  assert.fail('it never came');
};

test('where a drain leads is told in numbers, and nothing is changed by asking', async () => {
  const {status, body} = await admin.post('/vendors/big/drain/preview');
  assert.equal(status, 200);
  assert.deepEqual([body.robots, body.kept, body.kept_first], [3, 1, ['r4']]);
  assert.deepEqual(body.landings, [{use: 'chat', ...route('small'), robots: 3}]);
  // six requests a day where three are allowed, and none there now
  assert.equal(body.fits, false);
  assert.equal(body.headroom.find(({source}) => source === 'cap:small:few').carries, 50);
  assert.match(body.findings.find(({code}) => code === 'cap').text, /cap:small:few has 3 requests: 0 now, 6 with the drained load .* it carries 50 %/);
  assert.deepEqual(body.rates.map(({metric, limit, carries}) => [metric, limit, carries]), [['requests_per_minute', 60, 100]]);
  // three million tokens a day at 2 and at 5
  assert.deepEqual(body.money, [{contract: 'small', currency: 'CNY', lands: true, per_day: '15.00'},
    {contract: 'big', currency: 'CNY', lands: false, per_day: '6.00'}]);
  assert.equal(await first('r1'), 'big');
  assert.equal((await admin.post('/vendors/none/drain/preview')).status, 404);
});

test('mynactl tells the same for people, and refuses what does not fit', async () => {
  const {stdout} = await run(mynactl, ['vendor', 'drain', 'big', '--dry-run'], {env});
  assert.match(stdout, /^3 robots are led away from big: IT DOES NOT FIT\n {2}3 robots' chat goes to small-chat of small/);
  assert.match(stdout, /no other route for some use: r4\n/);
  assert.match(stdout, /a day of it costs 15\.00 CNY under small\n/);
  assert.match(stdout, /cap:small:few +3 +0 +6 +50 % requests\n/);
  const refused = await run(mynactl, ['vendor', 'drain', 'big', '--if-it-fits'], {env}).catch((error) => error);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /it does not fit: cap:small:few/);
});

test('only if it fits it is refused where it does not; otherwise an emergency goes on', async () => {
  const refused = await admin.post('/vendors/big/drain', {if_it_fits: true});
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /cap:small:few/);
  assert.equal(await first('r1'), 'big');

  const {status, body} = await admin.post('/vendors/big/drain', {reason: 'no answer since noon'});
  assert.equal(status, 201);
  assert.deepEqual([body.kind, body.state, body.robots, body.kept, body.capacity.fits], ['emergency', 'active', 3, 1, false]);
  assert.deepEqual(await Promise.all(ROBOTS.map(first)), ['small', 'small', 'small', 'big']);
  assert.equal((await admin.post('/vendors/big/drain')).status, 409);
  const [drain] = (await admin.get('/vendors/big')).body.drains;
  assert.deepEqual([drain.reason, drain.author], ['no answer since noon', 'operator:root']);
  const why = (await admin.get('/devices/r1/why')).body.settings.find(({name}) => name === 'routes');
  assert.deepEqual([why.given_by.layer, why.given_by.by, why.given_by.why], ['drain:big', 'operator:root', 'vendor big is drained: no answer since noon']);
  const alert = (await admin.get('/alerts')).body.items.find(({kind}) => kind === 'vendor_drained');
  assert.equal(alert.words, '3 robots are led away from it: no answer since noon. 1 robot has no other route for some use.');
});

test('a vendor that is drained is nowhere to switch to', async () => {
  const plan = {gates: 'off', soak_s: 0, control: {at_least: 0}};
  assert.equal((await admin.post('/rollouts', {id: 'to-big', patch: {routes: [route('big')]}, plan})).status, 201);
  const {body} = await admin.post('/rollouts/to-big/preflight');
  assert.equal(body.refused, true);
  assert.match(body.findings.find(({code}) => code === 'drained').text, /vendor "big" is drained/);
});

test('given back, robots ask it first again', async () => {
  const {status, body} = await admin.post('/vendors/big/return');
  assert.equal(status, 200);
  assert.equal(body.returned.length, 1);
  assert.deepEqual(await Promise.all(ROBOTS.map(first)), ['big', 'big', 'big', 'big']);
  assert.equal((await admin.post('/vendors/big/return')).status, 409);
  const {items} = (await admin.get('/vendors/big/drains?kind=emergency')).body;
  assert.deepEqual(items.map(({state, returned_by}) => [state, returned_by]), [['returning', 'operator:root']]);
});

test('a window drains and returns by itself, with its zone given, and can be called off', async () => {
  const soon = (ms) => new Date(Date.now() + ms + 8 * 3600e3).toISOString().replace(/\..*$/, '+08:00');
  const {status, body} = await admin.post('/vendors/big/maintenance', {from: soon(3600e3), until: soon(7200e3), reason: 'disks'});
  assert.equal(status, 201);
  assert.equal(body.state, 'planned');
  assert.equal((await admin.post('/vendors/big/maintenance', {from: soon(5400e3), until: soon(9000e3)})).status, 409);
  assert.equal((await admin.post('/vendors/big/maintenance', {from: '2026-01-01T00:00:00', until: soon(9000e3)})).status, 400);
  assert.equal((await admin.remove(`/vendors/big/maintenance/${body.id}`)).status, 204);
  assert.equal((await admin.remove(`/vendors/big/maintenance/${body.id}`)).status, 409);
  assert.equal((await admin.remove('/vendors/big/maintenance/9999')).status, 404);

  const now = await admin.post('/vendors/big/maintenance', {from: soon(0), until: soon(4000)});
  assert.equal(now.status, 201);
  await until(async () => (await first('r1')) === 'small');
  await until(async () => (await first('r1')) === 'big');
  const {body: over} = await admin.get(`/vendors/big/drains/${now.body.id}`);
  assert.deepEqual([over.returned_by, over.reason], ['mynad', '']);
});

test('a drill takes its share and minutes, and says what it asks for', async () => {
  const {status, body} = await admin.post('/vendors/big/drill', {share: '34%', minutes: 1});
  assert.equal(status, 201);
  assert.deepEqual([body.kind, body.share, body.robots, body.report.moved], ['drill', '34%', 2, 0]);
  assert.equal((await Promise.all(ROBOTS.map(first))).filter((id) => id === 'small').length, 2);
  assert.equal((await admin.post('/vendors/idle/drill')).status, 409);
  assert.equal((await admin.post('/vendors/big/drill', {share: '0%'})).status, 400);
  assert.equal((await admin.post('/vendors/big/return')).status, 200);
  const {stdout} = await run(mynactl, ['vendor', 'drains', 'big', String(body.id)], {env});
  assert.match(stdout, /^drill \d+ of big: returning, 34%\n/);
  assert.equal(body.offline, 2, 'none of them is connected here');
  assert.match(stdout, /moved +0 of 2\n +offline +2 of them when it began/);
  const listed = await run(mynactl, ['vendor', 'drains', 'big', '--kind', 'maintenance'], {env});
  assert.match(listed.stdout, /cancelled/);
});
