// Vendors: what they speak, how their credentials are made, and which limits they cannot keep.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {until} from '../../support/fleet.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

const vendor = (id, more) => admin.post('/vendors', {id, base_url: 'https://vendor.example/v1', ...more});
const contract = (id, more) => admin.post('/contracts', {
  contract: id, vendor: id, currency: 'CNY', zone: 'Asia/Shanghai',
  charges: [{kind: 'unit', metric: 'output', price: '2.00', unit: 1000000}], ...more,
});
const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;

test('the dialects are listed with what bounds their answers, and each makes a vendor', async () => {
  const {body} = await admin.get('/dialects');
  const named = Object.fromEntries(body.items.map((row) => [row.name, row]));
  assert.equal(named.anthropic.bound, 'all');
  assert.equal(named['qwen-think'].bound, 'text');
  assert.equal(named.hunyuan.bound, 'none');
  assert.match(named.spark.key, /APIPassword/); // it is what robots hold: nothing of it can be minted
  assert.deepEqual(body.items.filter((row) => row.can_mint).map((row) => row.name), ['glm']);
  for (const {name} of body.items) {
    const made = await vendor(`v-${name}`, {dialect: name});
    assert.equal(made.status, 201);
    assert.equal(made.body.dialect, name);
  }
  const {status, body: problem} = await vendor('odd', {dialect: 'klingon'});
  assert.equal(status, 400);
  assert.equal(problem.errors[0].pointer, '/dialect');
});

test('a change that names no key leaves the key as it was', async () => {
  const wrapped = () => stack.sql("SELECT encode(key_wrapped, 'hex') FROM myna.vendor WHERE vendor_id = 'keyed'");
  assert.equal((await vendor('keyed', {key: 'sk-1'})).body.has_key, true);
  const before = await wrapped();
  assert.equal((await admin.patch('/vendors/keyed', {name: 'Renamed'})).body.has_key, true);
  assert.deepEqual(await wrapped(), before);
  await admin.patch('/vendors/keyed', {key: 'sk-2'});
  assert.notDeepEqual(await wrapped(), before);
  assert.equal((await vendor('keyless', {})).body.has_key, false);
});

test('I9: a key that is kept is not sent to another host, however its address is written', async () => {
  await vendor('moved', {key: 'sk-1'});
  const move = (base_url, more) => admin.patch('/vendors/moved', {base_url, ...more});

  for (const url of ['https://thief.example/v1', 'https://vendor.example.thief.example/v1', 'https://vendor.example@thief.example/v1',
    'https://vendor.example:443@thief.example:80/v1', 'https://vendor.example:pw@thief.example', 'https://vendor.example\\.thief.example', 'https://vendor', 'http://vendor.example/v1']) {
    const {status, body} = await move(url);
    assert.deepEqual([status, body.errors?.[0].pointer], [400, '/key'], url);
  }
  assert.equal((await admin.get('/vendors/moved')).body.base_url, 'https://vendor.example/v1');
  for (const [url, more] of [['https://VENDOR.example:8443/v2'], ['https://other.example/v1', {key: 'sk-2'}]])
    assert.equal((await move(url, more)).status, 200, url);
  await vendor('open', {});
  assert.equal((await admin.patch('/vendors/open', {base_url: 'http://elsewhere.example/v1'})).status, 200);
});

test('I9: a next key on its way keeps base_url where it is, whatever key comes with the change', async () => {
  await vendor('turning', {key: 'sk-1'});
  assert.equal((await admin.put('/vendors/turning/key/next', {key: 'sk-next'})).status, 200);
  for (const key of [undefined, 'sk-mine']) {
    const {status, body} = await admin.patch('/vendors/turning', {base_url: 'https://thief.example/v1', key});
    assert.equal(status, 409);
    assert.match(body.detail, /next key would go to the new host as well: finish .* or drop/);
  }
  const kept = (await admin.get('/vendors/turning')).body;
  assert.equal(kept.base_url, 'https://vendor.example/v1');
  // on the same host nothing changes hands, and without a next key the new one goes along
  assert.equal((await admin.patch('/vendors/turning', {base_url: 'https://vendor.example/v2'})).status, 200);
  assert.equal((await admin.remove('/vendors/turning/key/next')).status, 200);
  assert.equal((await admin.patch('/vendors/turning', {base_url: 'https://other.example/v1', key: 'sk-mine'})).status, 200);
});

test('credentials are minted only where the scheme allows and from a key that fits', async () => {
  assert.equal((await vendor('m1', {dialect: 'openai', credential: 'minted', key: 'a.b'})).status, 409);
  for (const key of [undefined, 'no-dot']) {
    const {status, body} = await vendor('m1', {dialect: 'glm', credential: 'minted', key});
    assert.equal(status, 400);
    assert.equal(body.errors[0].pointer, '/key');
  }
  assert.equal((await vendor('m1', {dialect: 'glm', credential: 'minted', key: 'id.secret'})).status, 201);
  assert.equal((await admin.patch('/vendors/m1', {key: 'no-dot'})).status, 400);
  assert.equal((await admin.patch('/vendors/m1', {dialect: 'openai'})).status, 409);
  assert.equal((await admin.patch('/vendors/m1', {name: 'Renamed'})).status, 200);
  assert.equal((await admin.patch('/vendors/m1', {dialect: 'glm', credential: 'minted'})).status, 200); // as it was
  assert.equal((await admin.patch('/vendors/m1', {credential: 'shared'})).status, 200);
  // the key that is there was never looked at for this
  assert.equal((await admin.patch('/vendors/m1', {credential: 'minted'})).status, 400);
  assert.equal((await admin.patch('/vendors/m1', {credential: 'minted', key: 'id.secret'})).status, 200);
});

test('i2: what cannot bound an answer is refused under a hard limit, whichever is written last', async () => {
  const cap = (metric, hard) => ({caps: [{metric, at_most: 1000000, per: 'day', hard}]});
  await vendor('loose', {dialect: 'hunyuan'});
  const {status, body} = await contract('loose', cap('output', true));
  assert.equal(status, 422);
  assert.equal(body.errors[0].pointer, '/caps/0/hard');
  assert.match(body.errors[0].detail, /no limit is documented/);
  // what output does not use up can be kept, and what is only watched need not be
  assert.equal((await contract('loose', {caps: [...cap('requests', true).caps, ...cap('output', false).caps]})).status, 201);

  const budget = {id: 'b1', scope: 'vendor', subject: 'loose', metric: 'output', at_most: '1000', per: 'day'};
  assert.equal((await admin.post('/budgets', budget)).status, 409);
  assert.equal((await admin.patch('/vendors/loose', {dialect: 'openai'})).status, 200);
  assert.equal((await admin.post('/budgets', budget)).status, 201);
  const refused = await admin.patch('/vendors/loose', {dialect: 'qwen-think'});
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail ?? refused.body.title, /budget:b1/);
  assert.equal((await admin.get('/vendors/loose')).body.dialect, 'openai');
  assert.equal((await admin.patch('/vendors/loose', {dialect: 'qwen'})).status, 200);
});

test('i9: minted credentials are made anew before they end, with a new generation', async () => {
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['old', 'young']) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await vendor('glm', {dialect: 'glm', credential: 'minted', key: 'id.secret'});
  assert.equal((await contract('glm')).status, 201);
  const {headers} = await admin.get('/layers/fleet');
  const settings = {routes: [{vendor: 'glm', model: 'glm-4', contract: 'glm'}]};
  assert.equal((await admin.put('/layers/fleet', {settings}, {'If-Match': headers.etag})).status, 200);
  const before = {old: await generation('old'), young: await generation('young')};
  await stack.sql(`UPDATE myna.device_link SET last_seen = now(), desired_since = now() -
    CASE device_id WHEN 'old' THEN interval '13 hours' ELSE interval '11 hours' END`);
  for (let i = 0; i < 600 && (await generation('old')) === before.old; i++) await sleep(100);
  assert.equal(await generation('old'), before.old + 1);
  assert.equal(await generation('young'), before.young);
});

test('robots are moved to a next key, and the old one is forgotten when nobody may hold it', async () => {
  const key = async () => (await admin.get('/vendors/glm/key')).body;
  assert.deepEqual([(await key()).number, (await key()).next], [1, null]);
  assert.equal((await admin.put('/vendors/glm/key/next', {key: 'no-dot'})).status, 400); // minted: it must fit
  assert.equal((await admin.put('/vendors/keyless/key/next', {key: 'id.next'})).status, 409);
  assert.equal((await admin.post('/vendors/glm/key/switch', {share: '10%'})).status, 409);
  assert.equal((await admin.put('/vendors/glm/key/next', {key: 'id.next'})).status, 200);
  assert.deepEqual((await key()).next, {share: '0%', since: null, robots: 2, given: 0, carried: 0, waiting: 2,
    missing: 0, kept_back: 0, rollout: null, refused: 0, can_finish: false});
  const before = await generation('old');
  assert.equal((await admin.post('/vendors/glm/key/switch', {share: '100%'})).status, 200);
  assert.equal(await generation('old'), before + 1);
  await stack.sql("UPDATE myna.device_link SET reported_generation = desired_generation WHERE device_id = 'young'");
  const {next} = await key();
  assert.deepEqual([next.carried, next.missing, next.can_finish], [1, 1, false]);
  const {body: apiKey} = await admin.post('/api-keys', {name: 'ctl', role: 'operator'});
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: apiKey.key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const {stdout} = await run(process.env.MYNACTL ?? '.build/release/mynactl', ['vendor', 'key', 'glm'], {env});
  assert.match(stdout, /next key given to +100% of the robots: 2 of 2\n +run with it +1\n +may hold the old +1: mynactl vendor key glm --missing\n/);
  const refused = await admin.post('/vendors/glm/key/finish');
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /1 robot may hold the old key: old/);
  await stack.sql("UPDATE myna.device_link SET reported_generation = desired_generation WHERE device_id = 'old'");
  assert.equal((await admin.post('/vendors/glm/key/finish')).status, 200);
  assert.deepEqual([(await key()).number, (await key()).next], [2, null]);
  assert.equal((await admin.remove('/vendors/glm/key/next')).status, 409);
});

test('each robot that may hold the old key is named, page by page, and why', async () => {
  const list = async (query) => (await admin.get(`/vendors/glm/key/devices${query}`)).body;
  assert.deepEqual((await list('')).items, []); // no next key: there is no old one
  assert.equal((await admin.get('/vendors/none/key/devices')).status, 404);
  assert.match((await admin.get('/vendors/glm/key/devices?state=lost')).body.errors[0].detail, /missing, waiting/);
  const {code} = (await admin.post('/claims', {uses: 24})).body;
  const ids = Array.from({length: 24}, (_, i) => `key-${String(i).padStart(2, '0')}`);
  for (const id of ids) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await stack.sql("UPDATE myna.device SET status = 'retired' WHERE device_id = 'key-23'");
  await stack.sql("UPDATE myna.device_link SET reported_generation = desired_generation, last_seen = now() - interval '9 days'");
  assert.equal((await admin.put('/vendors/glm/key/next', {key: 'id.named'})).status, 200);
  assert.equal((await list('?state=missing')).items.length, 0);
  assert.equal((await list('?state=waiting')).items.length, 25); // those of before, too
  assert.equal((await admin.post('/vendors/glm/key/switch', {share: '100%'})).status, 200);
  await stack.sql(`UPDATE myna.device_link SET session_number = 1, session_hello = true, last_seen = now() WHERE device_id IN ('key-01', 'key-02', 'key-03');
    UPDATE myna.device_link SET reported_generation = desired_generation WHERE device_id IN ('key-02', 'old', 'young');
    UPDATE myna.vendor_key_device SET is_kept_back = true WHERE device_id = 'key-03'`);
  const first = await list('?state=missing&limit=20');
  assert.ok(Date.parse(first.as_of) > 0);
  const second = await list(`?state=missing&limit=20&after=${first.next}`);
  assert.deepEqual([first.items.length, first.next, second.items.length, second.next], [20, 'key-20', 2, null]);
  assert.deepEqual([...first.items, ...second.items].map(({device}) => device), ids.filter((id) => !['key-02', 'key-23'].includes(id)));
  assert.ok([...first.items, ...second.items].every((row) => row.missing));
  const {last_seen: seen, ...offline} = first.items[0];
  assert.ok(Date.now() - Date.parse(seen) > 8 * 86400e3);
  assert.deepEqual(offline, {device: 'key-00', name: '', state: 'offline', missing: true, online: false,
    generation: offline.running + 1, running: offline.running});
  assert.deepEqual(first.items.slice(1, 3).map(({device, state, online}) => [device, state, online]),
    [['key-01', 'unanswered', true], ['key-03', 'kept_back', true]]);
  const state = async (name) => (await list(`?state=${name}`)).items.map(({device}) => device);
  assert.deepEqual([await state('carried'), await state('kept_back')], [['key-02', 'old', 'young'], ['key-03']]);
  const {next} = (await admin.get('/vendors/glm/key')).body;
  assert.deepEqual([next.robots, next.given, next.carried, next.missing, next.kept_back, next.waiting], [25, 24, 3, 22, 1, 0]);

  assert.equal((await admin.post('/groups', {id: 'shop'})).status, 201);
  await admin.put('/groups/shop/devices/key-05');
  const {body: made} = await admin.post('/roles', {id: 'shopkeeper', groups: ['shop'], may: {vendors: 'viewer'}});
  assert.equal(made.id, 'shopkeeper');
  const {body: bound} = await admin.post('/api-keys', {name: 'shop', role: 'shopkeeper'});
  const seenBy = await fetch(`http://127.0.0.1:${stack.port}/api/v1/vendors/glm/key/devices`, {headers: {Authorization: `Bearer ${bound.key}`}});
  assert.deepEqual((await seenBy.json()).items.map(({device}) => device), ['key-05']);

  const {body: apiKey} = await admin.post('/api-keys', {name: 'ctl', role: 'viewer'});
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: apiKey.key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const ctl = async (...words) => (await run(process.env.MYNACTL ?? '.build/release/mynactl', ['vendor', 'key', 'glm', ...words], {env})).stdout;
  assert.match(await ctl('--missing', '--limit', '20'), /key-00 +offline +\d{4}-\d\d-\d\d[^]*key-03 +kept_back[^]*more: --after key-20\n/);
  assert.match(await ctl('--missing', '--after', 'key-20'), /key-21 +offline[^]*key-22/);
  await assert.rejects(ctl('--after', 'key-20'), /give one of --missing \(with --limit and --after\)/);
  assert.equal((await admin.remove('/vendors/glm/key/next')).status, 200);
  await stack.sql(`UPDATE myna.device SET status = 'retired' WHERE device_id LIKE 'key-%'`);
});

test('a next key goes out as a rollout, which nobody overtakes by hand', async () => {
  const own = await vendor('each', {credential: 'own', key: 'sk'});
  assert.deepEqual([own.status, own.body.errors[0].pointer], [400, '/credential']);
  assert.match(own.body.errors[0].detail, /one key for each robot cannot be kept here/);
  assert.equal((await admin.post('/rollouts', {id: 'rotate', key: 'glm'})).status, 409); // there is none
  assert.equal((await admin.put('/vendors/glm/key/next', {key: 'id.third'})).status, 200);
  assert.equal((await admin.post('/rollouts', {id: 'rotate', key: 'glm', patch: {volume: 1}})).status, 400);
  const {status, body: made} = await admin.post('/rollouts', {id: 'rotate', key: 'glm', plan: {gates: 'off'}, start: true});
  assert.deepEqual([status, made.key, made.patch, made.manifest, made.plan.confirm.test], [201, 'glm', null, null, true]);
  await until(20, () => 'it does not begin', async () => (await admin.get('/rollouts/rotate')).body.state === 'running');
  assert.equal((await admin.get('/vendors/glm/key')).body.next.rollout, 'rotate');
  const refused = await admin.post('/vendors/glm/key/switch', {share: '100%'});
  assert.deepEqual([refused.status, refused.body.detail], [409, 'a rollout gives its next key in waves: let it end, or roll it back']);
  assert.equal((await admin.post('/rollouts/rotate/roll-back')).status, 200);
  await until(20, () => 'it does not end', async () => (await admin.get('/rollouts/rotate')).body.state === 'rolled_back');
  assert.equal((await admin.remove('/vendors/glm/key/next')).status, 200);
});
