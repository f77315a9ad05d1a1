// Filters: whom they mean, groups that follow them, and what they may not do.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const ROBOTS = ['r1', 'r2', 'r3', 'r4', 'r5'];
const CONTRACT = {
  currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2026-01-01', to: '2027-01-01'},
  charges: [{kind: 'unit', metric: 'output', models: ['*'], price: '2.00', unit: 1000000}],
};

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length + 5})).body;
  stack.code = code;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await stack.sql(`
    UPDATE myna.device SET labels = '{"floor": "7", "shop": "Main Street"}', name = 'Reception', region = 'cn' WHERE device_id = 'r1';
    UPDATE myna.device SET labels = '{"floor": "12", "height": "90.5"}', region = 'eu' WHERE device_id = 'r2';
    UPDATE myna.device SET labels = '{"floor": "roof"}', status = 'retired', created_at = now() - interval '10 days' WHERE device_id = 'r3';
    UPDATE myna.device_link SET software = '0.5.0', last_seen = now() - interval '20 minutes', session_number = 5, session_hello = true,
      reported_generation = 9, desired_generation = 9 WHERE device_id = 'r1';
    UPDATE myna.device_link SET software = 'myna-robots 0.10.1', hardware = 'desk', last_seen = now(), session_number = 5,
      session_id = '\\x00', session_hello = true WHERE device_id = 'r2';
    INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts, failed, input_uncached, input_cached, output, price)
    SELECT d, h, 'dahan-2026', 'dahan', 'm', c, 3, 1, 10, 5, 100, 0.75 FROM (VALUES ('r1', 'CNY'), ('r1', 'USD'), ('r4', 'CNY')) v(d, c),
      (VALUES (date_trunc('hour', now())), (date_trunc('day', now()) - interval '40 days')) t(h)`);
  for (const [id, region] of [['dahan', 'cn'], ['erxian', '']]) {
    assert.equal((await admin.post('/vendors', {id, base_url: `https://${id}.example/v1`, region})).status, 201);
    assert.equal((await admin.post('/contracts', {...CONTRACT, contract: `${id}-2026`, vendor: id})).status, 201);
  }
});

after(() => stack?.end());

const meant = async (filter) => {
  const {status, body} = await admin.get(`/devices?filter=${encodeURIComponent(filter)}`);
  assert.equal(status, 200, `${filter}: ${body.detail}`);
  return body.items.map(({id}) => id).join(' ');
};
const members = async (group) => (await admin.get(`/groups/${group}/devices`)).body.items.map(({id}) => id).join(' ');
const generation = async (id) => (await admin.get(`/devices/${id}`)).body.desired_generation;
const put = async (layer, settings) => {
  const {headers} = await admin.get(`/layers/${layer}`);
  const {status} = await admin.put(`/layers/${layer}`, {settings}, {'If-Match': headers.etag});
  assert.equal(status, 200);
};

test('each kind of fact is compared as its type is', async () => {
  for (const [filter, robots] of [
    ['id in (r1, r4, r9)', 'r1 r4'], ['not id starts R1', 'r2 r3 r4 r5'], ['serial contains -R2', 'r2'],
    ['name = Reception', 'r1'], ['name = reception', ''], ['name contains CEPT', 'r1'],
    ['labels.floor = 7', 'r1'], ['labels.floor != 7', 'r2 r3 r4 r5'], ['labels.floor > 7', 'r2'], ['labels.floor >= 7', 'r1 r2'],
    ['labels.height < 90.6', 'r2'], ['labels.shop = "Main Street"', 'r1'], ['labels.floor starts RO', 'r3'], ['labels."none" = ""', ''],
    ['region in (cn, eu)', 'r1 r2'], ['status = retired', 'r3'], ['status != active', 'r3'],
    ['online', 'r2'], ['not online', 'r1 r3 r4 r5'], ['not behind', 'r1'],
    ['last_seen < 15m', 'r2'], ['last_seen > 15m', 'r1 r3 r4 r5'], ['last_seen >= 15m and last_seen <= 1h', 'r1'],
    ['enrolled > 1w', 'r3'], ['enrolled < 1h', 'r1 r2 r4 r5'],
    ['software < 0.10', 'r1'], ['software >= 0.10', 'r2'], ['software = 0.5', 'r1'], ['software in (0.5.0, 0.10.1)', 'r1 r2'],
    ['software starts myna', 'r2'], ['software != 0.5.0', 'r2 r3 r4 r5'], ['hardware = desk', 'r2'],
    ['attempts_today = 6', 'r1'], ['output_month >= 100', 'r1 r4'], ['output_today = 0', 'r2 r3 r5'], ['failed_today in (1, 2)', 'r1 r4'],
    ['input_today = 15', 'r4'], ['cost_month > 0.74 CNY', 'r1 r4'], ['cost_month > 0.75 CNY', ''], ['cost_today = 0.75 USD', 'r1'],
    ['claim = 1', ROBOTS.join(' ')], ['claim > 1', ''],
    ['region = cn or (online and hardware = desk)', 'r1 r2'], ['not (region = cn or online) and status = active', 'r4 r5'],
    ['(region = cn or online) and output_today > 50', 'r1'],
  ]) assert.equal(await meant(filter), robots, filter);
});

test('what a robot used follows its hours, however they change', async () => {
  const hour = "device_id = 'r4' AND hour = date_trunc('hour', now())";
  await stack.sql(`UPDATE myna.usage_hour SET attempts = 10, price = 2.5 WHERE ${hour}`);
  for (const [filter, robots] of [['attempts_today = 10', 'r4'], ['cost_today = 2.5 CNY', 'r4'], ['cost_month = 2.5 CNY', 'r4']])
    assert.equal(await meant(filter), robots, filter);
  await stack.sql(`DELETE FROM myna.usage_hour WHERE ${hour}`);
  assert.equal(await meant('attempts_today = 0'), 'r2 r3 r4 r5');
  await stack.sql(`INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts, failed, input_uncached,
    input_cached, output, price) SELECT 'r4', date_trunc('hour', now()), 'dahan-2026', 'dahan', 'm', 'CNY', 3, 1, 10, 5, 100, 0.75`);
  assert.equal(await meant('cost_today = 0.75 CNY and input_today = 15'), 'r4');
});

test('a robot\'s use of today is its hours and the records that came since, each once', async () => {
  const record = (at, stamp) => stack.sql(`INSERT INTO myna.usage SELECT 'r1', gen_random_uuid(), 1, ${at}, now(), gen_random_uuid(), 1,
    'dahan', 'm', 'm-1', 'dahan-2026', 1, '', 1, 1, 0, 900, 120, 300, false, 3, 100, 200, 50, 10, 0, 0, 40, 5, 0, 0, 0, 0, 1, 0.25, 'CNY',
    '', ${stamp}`);
  const today = ({attempts_today, cost_today}) => [attempts_today, ...cost_today.map(({currency, price}) => `${price} ${currency}`)];
  const page = async () => (await admin.get('/devices')).body.items.find(({id}) => id === 'r1');
  await record('now()', -1);
  assert.deepEqual(today(await page()), [6, '0.75 CNY', '0.75 USD'], 'the record is in the hours already');
  await record('now()', 'myna.usage_stamp()');
  await record("now() - interval '2 days'", 'myna.usage_stamp()');
  for (const robot of [await page(), (await admin.get('/devices/r1')).body]) assert.deepEqual(today(robot), [7, '1 CNY', '0.75 USD']);
});

test('routes and groups are asked for by any or by the first', async () => {
  const dahan = {vendor: 'dahan', model: 'big', contract: 'dahan-2026'};
  const erxian = {vendor: 'erxian', model: 'small', contract: 'erxian-2026'};
  await put('fleet', {routes: [{...erxian, use: 'speech'}, erxian]});
  await put('device/r1', {routes: [dahan, erxian]});
  await admin.post('/groups', {id: 'hand'});
  await admin.put('/groups/hand/devices/r4');
  for (const [filter, robots] of [
    ['vendor = dahan', 'r1'], ['vendor = erxian', 'r2 r3 r4 r5'], ['any_vendor = erxian', ROBOTS.join(' ')], ['model = big', 'r1'],
    ['any_contract != dahan-2026', 'r2 r3 r4 r5'], ['contract starts er', 'r2 r3 r4 r5'],
    ['group = hand', 'r4'], ['group not in (hand, other)', 'r1 r2 r3 r5'],
  ]) assert.equal(await meant(filter), robots, filter);
});

test('a text is an operand, never a statement', async () => {
  for (const text of [`'; DROP TABLE myna.device; --`, `\\' OR 1=1`, '%', '_', '\\', '$1', '{r1,r2}'])
    assert.equal(await meant(`name = "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`), '', text);
  assert.equal(await meant(`name contains "%"`), '');
  assert.equal(await meant('region = cn'), 'r1');
});

test('pages of a filter follow each other through thousands of robots that it does not mean', async () => {
  await stack.sql(`WITH d AS (INSERT INTO myna.device (device_id, serial, region, certificate_serial, certificate_until, sealing_public,
      server_key_id, secret_wrapped)
    SELECT 'z' || lpad(n::text, 5, '0'), 'z' || n, CASE WHEN n % 500 = 7 THEN 'rare' ELSE '' END, 'z' || n, now(), '\\x00', r.server_key_id, '\\x00'
    FROM myna.device r, generate_series(1, 3000) n WHERE r.device_id = 'r1' RETURNING device_id)
    INSERT INTO myna.device_link (device_id) SELECT device_id FROM d`);
  const pages = async (query) => {
    const seen = [];
    let next = '';
    do {
      const {status, body} = await admin.get(`/devices?${query}&limit=2&after=${next ?? ''}`);
      assert.equal(status, 200);
      assert.ok(body.items.length > 0 && body.items.length <= 2);
      seen.push(...body.items.map(({id}) => id).filter((id) => id.startsWith('z')));
      next = body.next;
    } while (next);
    return seen;
  };
  const named = (...numbers) => numbers.map((n) => `z${String(n).padStart(5, '0')}`);
  assert.deepEqual(await pages(`filter=${encodeURIComponent('region = rare')}`), named(7, 507, 1007, 1507, 2007, 2507));
  assert.deepEqual(await pages('q=Z0299'), named(...Array.from({length: 10}, (_, n) => 2990 + n)));
  await stack.sql(`UPDATE myna.device_link SET session_hello = true, session_number = 1, last_seen = now()
    WHERE device_id IN ('z00007', 'z02300', 'z02507')`);
  assert.deepEqual(await pages('state=online'), named(7, 2300, 2507));
  assert.deepEqual(await pages(`filter=${encodeURIComponent('online and region = rare')}`), named(7, 2507));
  assert.deepEqual(await pages(`filter=${encodeURIComponent('online and region = "" or serial = z2999')}`), named(2300, 2999));
  // far more are heard than one look takes: 20 times the page
  await stack.sql(`UPDATE myna.device_link SET session_hello = true, session_number = 1, last_seen = now()
    WHERE device_id BETWEEN 'z00101' AND 'z02200'`);
  assert.deepEqual(await pages(`filter=${encodeURIComponent('online and (region = rare or serial = z2300)')}`), named(7, 507, 1007, 1507, 2007, 2300, 2507));
  const narrowed = await admin.get(`/devices?filter=${encodeURIComponent('region = rare')}&q=z01&limit=10`);
  assert.deepEqual(narrowed.body.items.map(({id}) => id), ['z01007', 'z01507']);
  assert.equal(narrowed.body.next, null);
  await stack.sql(`DELETE FROM myna.device WHERE device_id LIKE 'z%'`);
});

test('a mistake is told with its place', async () => {
  const {status, body} = await admin.get(`/devices?filter=${encodeURIComponent('region = cn andd online')}`);
  assert.deepEqual([status, body.errors], [422, [{pointer: '?filter', detail: 'at character 13: expected "and", "or" or the end'}]]);
  const {body: fields} = await admin.get('/filters/fields');
  assert.ok(fields.items.some(({name, type, in_groups: ok}) => name === 'behind' && type === 'flag' && !ok));
});

test('a preview tells whom a filter means and changes nothing', async () => {
  const before = await generation('r1');
  const {body} = await admin.get(`/filters/preview?use=group&filter=${encodeURIComponent('labels.floor>=7')}`);
  assert.deepEqual(body, {filter: 'labels.floor >= 7', devices: 2, online: 1,
    first: [{id: 'r1', name: 'Reception', online: false}, {id: 'r2', name: '', online: true}]});
  assert.equal(await generation('r1'), before);
  assert.equal((await admin.get('/filters/preview?use=group&filter=behind')).status, 422);
  assert.equal((await admin.get('/filters/preview?filter=behind')).status, 200);
  assert.equal((await admin.get('/filters/preview')).status, 422);
  assert.equal((await admin.get('/filters/preview?use=all&filter=online')).status, 400);
});

test('a group of a filter has its members at once, and follows labels, regions and enrolments at once', async () => {
  const before = await generation('r1');
  const made = await admin.post('/groups', {id: 'high', filter: 'labels.floor>=7', priority: 50});
  assert.deepEqual([made.status, made.body.filter, made.body.devices], [201, 'labels.floor >= 7', 2]);
  assert.equal(await members('high'), 'r1 r2');
  assert.equal(await generation('r1'), before + 1, 'who joins gets a new generation');
  await put('group/high', {volume: 11});

  const five = await generation('r5');
  await admin.patch('/devices/r5', {labels: {floor: '8'}});
  assert.equal(await members('high'), 'r1 r2 r5');
  assert.equal(await generation('r5'), five + 1);
  const value = async (id) => (await admin.get(`/devices/${id}/effective`)).body.items.find(({name}) => name === 'volume').value;
  assert.equal(await value('r5'), 11);
  await admin.patch('/devices/r5', {labels: {}});
  assert.equal(await members('high'), 'r1 r2');
  assert.deepEqual([await value('r5'), await generation('r5')], [70, five + 2]);
  await admin.patch('/devices/r5', {name: 'still out'});
  assert.equal(await generation('r5'), five + 2, 'a change that moves nobody is no generation');

  await admin.post('/groups', {id: 'fresh', filter: 'enrolled < 1h and id = r6'});
  assert.equal(await members('fresh'), '');
  assert.equal((await new Robot('r6', 'SN-r6').enrol(stack, stack.code)).status, 200);
  assert.equal(await members('fresh'), 'r6');
  const {items} = (await admin.get('/audit?limit=50')).body;
  const joined = items.find(({action, subject}) => action === 'group.refresh' && subject === 'group/fresh');
  assert.deepEqual(joined.after, {joined: {devices: 1, first: ['r6']}});
});

test('groups of groups follow the ones whose members are put in by hand', async () => {
  await admin.post('/groups', {id: 'both', filter: 'group = hand and status = active'});
  assert.equal(await members('both'), 'r4');
  await admin.put('/groups/hand/devices/r2');
  assert.equal(await members('both'), 'r2 r4');
  await admin.remove('/groups/hand/devices/r2');
  assert.equal(await members('both'), 'r4');
  const refused = await admin.post('/groups', {id: 'circle', filter: 'group = both'});
  assert.equal(refused.status, 422);
  assert.match(refused.body.detail, /no group "both" with members put in by hand/);
  assert.equal((await admin.post('/groups', {id: 'echo', filter: 'group contains hig'})).body.devices, 0, 'what a filter chose counts in no group');
  assert.equal(await meant('group contains hig'), 'r1 r2', 'but in a list');
});

test('a filtered group takes nobody by hand, and a group stays of the kind it was made', async () => {
  const {status, body} = await admin.put('/groups/high/devices/r4');
  assert.equal(status, 409);
  assert.match(body.detail, /a filter chooses the members of group "high"/);
  assert.equal((await admin.remove('/groups/high/devices/r1')).status, 409);
  assert.equal((await admin.patch('/groups/hand', {filter: 'online'})).status, 409);
  assert.equal((await admin.post('/claims', {group: 'high'})).body.errors[0].pointer, '/group');
  assert.equal((await admin.post('/claims', {group: 'hand'})).status, 201);
  const changed = await admin.patch('/groups/high', {filter: 'labels.floor = 12'});
  assert.deepEqual([changed.status, changed.body.devices], [200, 1]);
  assert.equal(await members('high'), 'r2');
  assert.equal((await admin.patch('/groups/high', {filter: 'behind'})).body.errors[0].pointer, '/filter');
});

test('a group\'s own routes do not decide who is in it', async () => {
  await admin.post('/groups', {id: 'switch', filter: 'vendor = dahan', priority: 900});
  assert.equal(await members('switch'), 'r1');
  await put('device/r1', {});
  await stack.sql(`UPDATE myna.device_group SET refreshed_at = now() - interval '1 hour'`);
  for (let i = 0; i < 200 && await members('switch') !== ''; i++) await sleep(100);
  assert.equal(await members('switch'), '', 'a minute later the group knows');

  await put('fleet', {routes: [{vendor: 'erxian', model: 'small', contract: 'erxian-2026'}]});
  await admin.patch('/groups/switch', {filter: 'vendor = erxian and id = r4'});
  await put('group/switch', {routes: [{vendor: 'erxian', model: 'other', contract: 'erxian-2026'}]});
  await admin.patch('/groups/switch', {filter: 'model = small and id = r4'});
  assert.equal(await members('switch'), 'r4', 'it is in by what the fleet gives it');
  assert.equal(await meant('model = other'), 'r4', 'and has what the group gives it');
  const before = await generation('r4');
  await stack.sql(`SELECT myna.group_refresh(NULL, NULL)`);
  assert.equal(await generation('r4'), before, 'nothing swings');
});

test('who leaves a vendor out for now is asked for by the vendor', async () => {
  const says = (id, list, since) => stack.sql(`UPDATE myna.device_link SET last_seen = now() - interval '${since}',
    health = '${JSON.stringify({left_out: list})}' WHERE device_id = '${id}'`);
  await says('r1', ['dahan'], '1 minute');
  await says('r2', ['erxian', 'dahan'], '1 minute');
  await says('r3', ['dahan'], '1 hour');
  for (const [filter, robots] of [['left_out = dahan', 'r1 r2'], ['left_out in (erxian, x)', 'r2'], ['left_out != dahan', 'r3 r4 r5 r6'], ['left_out = x', '']])
    assert.equal(await meant(filter), robots, filter);
  assert.equal((await admin.post('/groups', {id: 'away', filter: 'left_out = dahan'})).status, 422);
});
