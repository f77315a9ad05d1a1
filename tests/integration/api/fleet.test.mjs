// Devices, groups, layers, commands, contracts, usage: what operators see and change.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const ROBOTS = ['r1', 'r2', 'r3', 'r4', 'r5'];
const CONTRACT = {
  contract: 'dahan-2026', vendor: 'dahan', currency: 'CNY', zone: 'Asia/Shanghai',
  term: {from: '2026-01-01', to: '2027-01-01'},
  charges: [
    {kind: 'flat', amount: '3000000.00', per: 'term'},
    {kind: 'unit', metric: 'output', models: ['*'], price: '2.00', unit: 1000000},
  ],
};

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;
const put = async (layer, settings) => {
  const {headers} = await admin.get(`/layers/${layer}`);
  return admin.put(`/layers/${layer}`, {settings}, {'If-Match': headers.etag});
};

test('a list is read page by page, without gap or repetition', async () => {
  const seen = [];
  let after = '';
  do {
    const {body} = await admin.get(`/devices?limit=2&after=${after}`);
    assert.ok(body.items.length <= 2);
    seen.push(...body.items.map(({id}) => id));
    after = body.next;
  } while (after);
  assert.deepEqual(seen, ROBOTS);
});

test('robots are found by text, group and state', async () => {
  await admin.patch('/devices/r2', {name: 'Reception', labels: {floor: 'seven'}});
  await admin.post('/groups', {id: 'search'});
  await admin.put('/groups/search/devices/r3');
  const ids = async (query) => (await admin.get(`/devices?${query}`)).body.items.map(({id}) => id);

  assert.deepEqual(await ids('q=RECEP'), ['r2']);
  assert.deepEqual(await ids('q=seven'), ['r2']);
  assert.deepEqual(await ids('q=SN-r4'), ['r4']);
  assert.deepEqual(await ids('q=%25'), [], 'a percent sign is a percent sign');
  assert.deepEqual(await ids('group=search'), ['r3']);
  assert.deepEqual(await ids('state=offline'), ROBOTS);
  assert.equal((await admin.get('/devices?state=asleep')).status, 400);
  assert.equal((await admin.get('/devices?limit=0')).body.errors[0].pointer, '?limit');
});

test('online means: a living session, heard within three of its own heartbeats', async () => {
  const online = async () => (await admin.get('/devices/r1')).body.online;
  const link = (change) => stack.sql(`UPDATE myna.device_link SET ${change} WHERE device_id = 'r1'`);

  await link("session_number = 5, session_id = '\\x00', session_hello = true, last_seen = now() - interval '180 s'");
  assert.equal(await online(), true);
  await link("last_seen = now() - interval '200 s'");
  assert.equal(await online(), false);
  await put('device/r1', {report_interval_s: 600});
  assert.equal(await online(), true, 'a robot that speaks every ten minutes is given time');
  await link('ended_session = 5');
  assert.equal(await online(), false, 'its session has ended');
  await link('ended_session = 4, session_hello = false');
  assert.equal(await online(), false, 'it has not introduced itself');
  await put('device/r1', {});
  await link('session_hello = true, last_seen = now()');
  const fleet = (await admin.get('/fleet')).body;
  assert.deepEqual([fleet.total, fleet.online, fleet.offline], [5, 1, 4]);
});

test('what lists show of settings is kept beside the robot, and never shown when it is old', async () => {
  const route = {vendor: 'shown', model: 'm', contract: 'shown-2026'};
  const shown = async () => (await admin.get('/devices?limit=1')).body.items[0].route;
  const write = (settings) => stack.sql(`INSERT INTO myna.layer (layer_id, device_id, settings, changed_by)
    VALUES ('device:r1', 'r1', '${JSON.stringify(settings)}', 'test')
    ON CONFLICT (layer_id) DO UPDATE SET settings = excluded.settings; SELECT myna.touch_devices(ARRAY['r1'])`);

  await write({routes: [route]});
  assert.deepEqual(await shown(), route, 'asked of the layers');
  await stack.sql('SELECT myna.device_show(1000)');
  assert.deepEqual(await stack.sql("SELECT route ->> 'vendor' FROM myna.device_shown WHERE device_id = 'r1'"), [['shown']]);
  await stack.sql("UPDATE myna.device_shown SET route = '{\"vendor\": \"kept\", \"model\": \"m\", \"contract\": \"c\"}' WHERE device_id = 'r1'");
  assert.equal((await shown()).vendor, 'kept', 'kept');
  await write({routes: [{...route, vendor: 'new'}]});
  assert.equal((await shown()).vendor, 'new', 'of another generation: asked again');
  await write({});
  await stack.sql('SELECT myna.device_show(1000)');
  assert.equal(await shown(), null);
});

test('two people cannot overwrite each other unseen', async () => {
  const {headers} = await admin.get('/devices/r2');
  assert.equal((await admin.patch('/devices/r2', {name: 'A'}, {'If-Match': headers.etag})).status, 200);
  assert.equal((await admin.patch('/devices/r2', {name: 'B'}, {'If-Match': headers.etag})).status, 412);
  assert.equal((await admin.get('/devices/r2')).body.name, 'A');
  assert.equal((await admin.put('/layers/fleet', {settings: {}})).status, 428);
});

test('of many writers with one ETag exactly one wins', async () => {
  const {headers} = await admin.get('/layers/fleet');
  const answers = await Promise.all(Array.from({length: 6}, (_, n) =>
    admin.put('/layers/fleet', {settings: {volume: n + 1}}, {'If-Match': headers.etag})));
  assert.equal(answers.filter(({status}) => status === 200).length, 1);
  assert.equal(answers.filter(({status}) => status === 412).length, 5);
});

test('a changed layer raises the generation of the robots it reaches, and of no others', async () => {
  await admin.post('/groups', {id: 'reach'});
  await admin.put('/groups/reach/devices/r1');
  await admin.put('/groups/reach/devices/r2');
  const before = await Promise.all(['r1', 'r2', 'r3'].map(generation));
  const layer = await put('group/reach', {volume: 30});
  assert.deepEqual([layer.status, layer.body.reaches, layer.body.revision], [200, 2, 1]);
  const after = await Promise.all(['r1', 'r2', 'r3'].map(generation));
  assert.deepEqual(after, [before[0] + 1, before[1] + 1, before[2]]);
  await put('group/reach', {volume: 30});
  assert.deepEqual(await Promise.all(['r1', 'r2', 'r3'].map(generation)), after, 'the same again changes nothing');
});

test('device beats group beats fleet, higher priority beats lower', async () => {
  const value = async (name) => {
    const {body} = await admin.get('/devices/r4/effective');
    const {value: found, layer} = body.items.find((item) => item.name === name);
    return [found, layer];
  };
  assert.deepEqual(await value('voice_pitch'), [50, 'default']);
  await put('fleet', {voice_pitch: 10});
  assert.deepEqual(await value('voice_pitch'), [10, 'fleet']);
  for (const [id, priority] of [['low', 1], ['high', 200]]) {
    await admin.post('/groups', {id, priority});
    await admin.put(`/groups/${id}/devices/r4`);
    await put(`group/${id}`, {voice_pitch: priority === 1 ? 20 : 30});
  }
  assert.deepEqual(await value('voice_pitch'), [30, 'group:high']);
  await admin.patch('/groups/low', {priority: 300});
  assert.deepEqual(await value('voice_pitch'), [20, 'group:low']);
  await put('device/r4', {voice_pitch: 40});
  assert.deepEqual(await value('voice_pitch'), [40, 'device:r4']);
  const before = await generation('r4');
  await admin.remove('/groups/low');
  assert.ok(await generation('r4') > before, 'its members hear of a dissolved group');
});

test('a setting that is not there and a value that does not fit are refused by name', async () => {
  for (const [settings, pointer] of [
    [{volum: 3}, '/settings/volum'], [{volume: 101}, '/settings/volume'], [{volume: '50'}, '/settings/volume'],
    [{language: 'fr'}, '/settings/language'], [{persona: 'x'.repeat(1501)}, '/settings/persona'], [[], '/settings'],
    [{routes: [{vendor: 'dahan', model: 'm', contract: 'none'}]}, '/settings/routes/0'],
  ]) {
    const {status, body} = await put('fleet', settings);
    assert.equal(status, 422, JSON.stringify(settings));
    assert.equal(body.errors[0].pointer, pointer);
  }
});

test('I13: a route that some robot\'s region forbids is refused', async () => {
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://dahan.example/v1', region: 'cn', key: 'sk-1'});
  await admin.post('/vendors', {id: 'erxian', base_url: 'https://erxian.example/v1', key: 'sk-2'});
  assert.equal((await admin.post('/contracts', CONTRACT)).status, 201);
  await admin.post('/contracts', {...CONTRACT, contract: 'erxian-2026', vendor: 'erxian'});
  const dahan = {vendor: 'dahan', model: 'm', contract: 'dahan-2026'};
  const erxian = {vendor: 'erxian', model: 'm', contract: 'erxian-2026'};

  await admin.patch('/devices/r5', {region: 'eu'});
  const fleet = await put('fleet', {routes: [erxian, dahan]});
  assert.equal(fleet.status, 422);
  assert.equal(fleet.body.errors[0].pointer, '/settings/routes/1');
  assert.match(fleet.body.detail, /device "r5" lives in "eu"/);
  assert.equal((await put('device/r5', {routes: [dahan]})).status, 422);
  assert.equal((await put('device/r1', {routes: [dahan]})).status, 200);
  assert.equal((await put('fleet', {routes: [erxian]})).status, 200);
  assert.equal((await put('device/r2', {routes: [{...dahan, contract: 'erxian-2026'}]})).body.errors[0].pointer, '/settings/routes/0');
  assert.deepEqual((await admin.get('/devices/r1')).body.route, dahan);
});

test('a vendor\'s key is never shown, and a changed vendor reaches the robots that use it', async () => {
  const before = await Promise.all(['r1', 'r3'].map(generation));
  const {body, bytes} = await admin.patch('/vendors/dahan', {key: 'sk-new'});
  assert.equal(body.has_key, true);
  assert.ok(!bytes.includes('sk-new'));
  assert.deepEqual(await Promise.all(['r1', 'r3'].map(generation)), [before[0] + 1, before[1]]);
  assert.equal((await admin.patch('/vendors/dahan', {base_url: 'ftp://x.example'})).body.errors[0].pointer, '/base_url');
  assert.equal((await admin.post('/vendors', {id: 'dahan', base_url: 'https://x.example'})).status, 409);
});

test('contract terms that cannot be rated are refused, with the place', async () => {
  for (const [change, pointer] of [
    [{charges: [{kind: 'graduated', metric: 'output'}]}, /^\/charges\/0/],
    [{zone: 'Mars/Olympus'}, /^\/zone$/],
    [{currency: 'Yuan'}, /^\/currency$/],
    [{caps: []}, /^\/caps$/],
    [{caps: [{metric: 'concurrency', at_most: 5, hard: true}]}, /^\/caps\/0\/hard$/],
    [{thresholds: [{of: 'cap:requests', at: '80%', do: ['alert']}]}, /^\/thresholds\/0\/of$/],
    [{charges: [{kind: 'unit', metric: 'output', prise: '2'}]}, /^\/charges\/0\/prise$/],
  ]) {
    const {status, body} = await admin.post('/contracts', {...CONTRACT, contract: 'other', ...change});
    assert.equal(status, 422, JSON.stringify(change));
    assert.match(body.errors[0].pointer, pointer);
  }
  const {body} = await admin.post('/contracts', {...CONTRACT, contract: 'other', vendor: 'nobody'});
  assert.equal(body.errors[0].pointer, '/vendor');
});

test('a dry run checks terms and writes nothing', async () => {
  const full = {...CONTRACT, contract: 'dry',
    charges: [...CONTRACT.charges, {kind: 'volume', metric: 'images', tiers: [{up_to: 100, price: '0.10'}, {price: '0.08'}], per: 'month'}],
    commitments: [{metric: 'active_devices', at_least: 10000, measured: 'peak', per: 'term', shortfall: {fee_per_unit: '300.00'}}],
    caps: [{metric: 'requests', at_most: 2000000, per: 'day', hard: true}],
    thresholds: [{of: 'cap:requests', at: '95%', do: ['alert', {fall_back_to: 'erxian-2026'}]}],
    amendments: [{effective_from: '2026-07-01', charges: [{kind: 'unit', metric: 'output', price: '1.50', unit: 1000000}]}]};
  assert.equal((await admin.post('/contracts?dry_run=true', full)).status, 204);
  assert.equal((await admin.get('/contracts/dry')).status, 404);
  const {status, body} = await admin.post('/contracts?dry_run=true', {...full, currency: 'yuan'});
  assert.deepEqual([status, body.errors[0].pointer], [422, '/currency']);
  assert.equal((await admin.post('/contracts?dry_run=maybe', full)).status, 400);
  assert.equal((await admin.post('/contracts', full)).status, 201);
  assert.equal((await admin.get('/contracts/dry')).body.document.amendments.length, 1);
});

test('a contract gets versions, each later than the one before, and stays what it is', async () => {
  const version = (effective_from, change = {}) =>
    admin.post('/contracts/dahan-2026/versions', {effective_from, document: {...CONTRACT, ...change}});
  const {status, body} = await version('2026-06-01T00:00:00+08:00');
  assert.equal(status, 201);
  assert.deepEqual(body.versions.map(({version: n}) => n), [2, 1]);
  assert.equal(body.versions[1].effective_from, '2025-12-31T16:00:00+00:00', 'the term begins at midnight in Shanghai');
  assert.equal((await version('2026-05-01T00:00:00Z')).body.errors[0].pointer, '/effective_from');
  assert.equal((await version('2026-07-01T00:00:00Z', {currency: 'USD'})).status, 409);
  assert.equal((await version('2026-07-01T00:00:00Z', {contract: 'x'})).status, 400);
  assert.equal((await version('tomorrow')).body.errors[0].pointer, '/effective_from');
});

test('commands are made, listed, and bounded', async () => {
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'forget'})).body.kind, 'forget');
  const made = await admin.post('/devices/r1/commands', {kind: 'identify'});
  assert.deepEqual([made.status, made.body.status, made.body.created_by], [201, 'waiting', 'operator:root']);
  assert.equal((await admin.get(`/commands/${made.body.id}`)).body.kind, 'identify');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'say'})).body.errors[0].pointer, '/text');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'identify', text: 'x'})).body.errors[0].pointer, '/text');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'listen'})).body.errors[0].pointer, '/kind');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'probe'})).body.errors[0].pointer, '/text');
  assert.equal((await admin.post('/devices/r1/commands', {kind: 'probe', text: 'dahan/m'})).body.text, 'dahan/m');
  assert.equal((await admin.post('/devices/none/commands', {kind: 'report'})).status, 404);
  const said = [];
  for (let i = 0; i < 8; i++) said.push((await admin.post('/devices/r2/commands', {kind: 'say', text: `你好 ${i}`})).status);
  assert.deepEqual(said, [201, 201, 201, 201, 201, 201, 429, 429]);
  const {body} = await admin.get('/devices/r2/commands?limit=4');
  assert.deepEqual(body.items.map(({text}) => text), ['你好 5', '你好 4', '你好 3', '你好 2']);
  const rest = (await admin.get(`/devices/r2/commands?limit=4&after=${body.next}`)).body;
  assert.deepEqual([rest.items.map(({text}) => text), rest.next], [['你好 1', '你好 0'], null]);
});

test('a robot\'s attempts and the sums show what was booked, money as exact text', async () => {
  await stack.sql(`INSERT INTO myna.usage SELECT 'r1', '11111111-1111-4111-8111-111111111111', n, now(),
      now() + n * interval '1 ms', gen_random_uuid(), 1, 'dahan', 'm', 'm-1', 'dahan-2026', 1, '', 1, 1, 0, 900, 120, 300, false, 3,
      100, 200, 50, 10, 0, 0, 40, 5, 0, 0, 0, 0, 1, 0.000080000001, 'CNY' FROM generate_series(1, 5) n;
    INSERT INTO myna.usage_day SELECT 'dahan-2026', (now() AT TIME ZONE 'Asia/Shanghai')::date, 'dahan', model, 'CNY', 5, 1, 0, 5,
      250, 50, 200, 25, 0.1234567890123 FROM unnest(ARRAY['m', 'n']) model`);
  const {body} = await admin.get('/devices/r1/usage?limit=3');
  assert.deepEqual([body.items.length, body.items[0].provenance, body.items[0].outcome, body.items[0].error_class, body.items[0].price],
    [3, 'vendor_final', 'answered', 'none', '0.000080000001']);
  const rest = (await admin.get(`/devices/r1/usage?limit=3&after=${encodeURIComponent(body.next)}`)).body;
  assert.deepEqual([rest.items.length, rest.next], [2, null]);
  assert.equal((await admin.get('/devices/r1/usage?after=nonsense')).status, 400);
  assert.equal((await admin.get('/devices/none/usage')).status, 404);

  const sums = (await admin.get('/usage?by=vendor,model')).body.items;
  assert.deepEqual(sums.map(({vendor, model, price}) => [vendor, model, price]), [['dahan', 'm', '0.1234567890123'], ['dahan', 'n', '0.1234567890123']]);
  assert.equal((await admin.get('/usage')).body.items[0].price, '0.2469135780246');
  assert.equal((await admin.get('/usage?by=robot')).body.errors[0].pointer, '?by');
  assert.equal((await admin.get('/usage?from=yesterday')).body.errors[0].pointer, '?from');
  assert.equal((await admin.get('/usage?from=2026-01-01&to=2026-02-30')).body.errors[0].pointer, '?to');
  assert.deepEqual((await admin.get('/usage?from=2020-01-01&to=2020-12-31')).body.items, []);
  const fleet = (await admin.get('/fleet')).body.usage_today;
  assert.deepEqual(fleet.by_currency, [{currency: 'CNY', price: '0.2469135780246'}]);
  assert.equal((await admin.get('/devices')).body.items[0].attempts_today, 5);

  await stack.sql(`INSERT INTO myna.usage SELECT 'r1', '11111111-1111-4111-8111-111111111112', 1, now(), now(),
    gen_random_uuid(), 0, 'dahan', 'm', 'm-1', 'dahan-2026', 1, '', 1, 1, 0, 900, 120, 300, false, 3,
    100, 200, 50, 10, 0, 0, 40, 5, 0, 0, 0, 0, 7, 0, 'CNY'`);
  assert.equal((await admin.get('/devices')).body.items[0].attempts_today, 12, 'a summary stands for its requests');
});

test('a vendor\'s own usage file settles what robots could not know', async () => {
  const turns = ['22222222-2222-4222-8222-222222222221', '22222222-2222-4222-8222-222222222222'];
  for (const [n, turn] of turns.entries())
    await stack.sql(`INSERT INTO myna.usage SELECT 'r3', '33333333-3333-4333-8333-333333333333', ${n + 1}, now(), now(), '${turn}', 1,
      'dahan', 'm', 'm', 'dahan-2026', 1, '', ${n === 0 ? 1 : 4}, 1, 0, 900, 120, 300, false, 3, 100, 200,
      ${n === 0 ? 50 : 100}, 0, 0, 0, ${n === 0 ? 40 : 200}, 0, 0, 0, 0, 0, 1, 0.0004, 'CNY'`);
  const line = (request_id, output) => JSON.stringify({request_id, model: 'm', status: 200, input: 50, cached: 0, output, reasoning: 0});
  const file = [line(`${turns[0]}-1`, 40), line(`${turns[1]}-1`, 60), line('44444444-4444-4444-8444-444444444444-1', 5)].join('\n');
  const send = (vendor, body) => admin.post(`/vendors/${vendor}/usage-imports`, body, {'Content-Type': 'application/x-ndjson'});

  const {status, body} = await send('dahan', file);
  assert.equal(status, 201);
  assert.deepEqual([body.rows, body.equal, body.settled, body.different, body.unknown], [3, 1, 1, 0, 1]);
  const leak = (await admin.get('/alerts')).body.items.find(({kind}) => kind === 'key_leak');
  assert.deepEqual([leak.severity, leak.subject, leak.words],
    ['critical', 'vendor/dahan', `Import ${body.id} lists 1 request that no robot recorded.`]);
  const {items} = (await admin.get('/devices/r3/usage')).body;
  assert.deepEqual(items.map(({output, settled}) => [output, settled]).sort(), [[40, false], [60, true]]);
  assert.equal((await send('dahan', file)).status, 409);
  assert.equal((await send('nobody', `${file} `)).status, 404);
  const broken = await send('dahan', `${line(`${turns[0]}-1`, 40)}\n{"request_id": 7}`);
  assert.equal(broken.status, 422);
  assert.match(JSON.stringify(broken.body.errors), /2/);
  assert.equal((await admin.get('/usage-imports')).body.items.length, 1);
});

test('a face is a picture with its time, or 404', async () => {
  assert.equal((await admin.get('/devices/r1/face')).status, 404);
  await stack.sql(`INSERT INTO myna.face_picture VALUES ('r1', '2026-11-22 10:00:00Z', '\\x89504e47')`);
  const {status, headers, bytes} = await admin.get('/devices/r1/face');
  assert.deepEqual([status, headers['content-type'], headers['last-modified'], bytes.toString('hex')],
    [200, 'image/png', 'Sun, 22 Nov 2026 10:00:00 GMT', '89504e47']);
});

test('groups: taken, unknown, and members of the unknown', async () => {
  assert.equal((await admin.post('/groups', {id: 'reach'})).status, 409);
  assert.equal((await admin.get('/groups/none')).status, 404);
  assert.equal((await admin.get('/groups/none/devices')).status, 404);
  assert.equal((await admin.put('/groups/reach/devices/none')).status, 404);
  assert.equal((await admin.remove('/groups/reach/devices/r5')).status, 204, 'taking out who is not in is harmless');
  assert.equal((await admin.post('/groups', {id: 'Reach'})).body.errors[0].pointer, '/id');
  assert.equal((await admin.post('/groups', {id: 'x', colour: 'red'})).body.errors[0].pointer, '/colour');
});

test('texts of any kind come back as they went in', async () => {
  const name = `quote " backslash \\ 你好 😀 <script> ' ; -- \u0007`;
  const {body} = await admin.patch('/devices/r3', {name, labels: {'ключ"': name}});
  assert.deepEqual([body.name, body.labels], [name, {'ключ"': name}]);
});
