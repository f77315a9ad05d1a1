// Thresholds that act: what is used reaches a point, an alert opens, robots are held to something, and
// are let go again.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;
let number = 0;
let names;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  for (const id of ['dahan', 'erxian']) await admin.post('/vendors', {id, base_url: 'https://v.example/v1', key: 'k'});
  for (const device of ['r1', 'r2'])
    assert.equal((await new Robot(device).enrol(stack, (await admin.post('/claims')).body.code)).status, 200);
});

after(() => stack?.end());

// Each test has contracts of its own, which r1 goes by; r2 goes by another one.
beforeEach(async () => {
  number++;
  names = {big: `big-${number}`, small: `small-${number}`, other: `other-${number}`};
  await stack.sql('DELETE FROM myna.alert');
});

const document = (contract, vendor, more = {}) => ({contract, vendor, currency: 'CNY', zone: 'UTC',
  charges: [{kind: 'unit', metric: 'output', per: 'month', price: '1', unit: 1}], ...more});

async function contracts(more) {
  const {big, small, other} = names;
  for (const order of [document(small, 'erxian'), document(other, 'erxian'), document(big, 'dahan', more)]) {
    const {status, body} = await admin.post('/contracts', order);
    assert.equal(status, 201, JSON.stringify(body));
  }
  const route = (vendor, contract) => ({vendor, model: 'm', contract});
  const set = async (device, routes) => {
    const {headers} = await admin.get(`/layers/device/${device}`);
    assert.equal((await admin.put(`/layers/device/${device}`, {settings: {routes}}, {'If-Match': headers.etag})).status, 200);
  };
  await set('r1', [route('dahan', big), route('erxian', small)]);
  await set('r2', [route('erxian', other)]);
}

const day = (back) => new Date(Date.now() - back * 86400000).toISOString().slice(0, 10);
const lately = {from: day(60), to: day(-400)}; // began long enough ago to tell a trend by
// Usage that really comes in, reported by the vendor's back office; rows: {at, metrics, device}.
let reported = 0;
async function report(rows, contract = names.big) {
  const usage = rows.map((row) => ({request_id: `q${reported++}`, at: new Date().toISOString(), model: 'm', ...row}));
  const {status, body} = await admin.post('/vendors/dahan/usage', {contract, usage});
  assert.deepEqual([status, body.booked], [201, rows.length], JSON.stringify(body));
}
const use = (output) => report([{metrics: {output, requests: 1}}]);
// The same on each of so many whole days until yesterday.
const useDaily = (output, days) => report(Array.from({length: days}, (_, n) => ({at: `${day(days - n)}T12:00:00Z`, metrics: {output}})));
const alerts = async () => (await admin.get('/alerts?state=current')).body.items.filter(({kind}) => kind === 'threshold');
const threshold = async (name) => (await admin.get('/thresholds')).body.items.find(({source}) => source === `contract:${names.big}:${name}`);
const effective = async (device, name) => (await admin.get(`/devices/${device}/effective`)).body.items.find((item) => item.name === name);
const fired = (name) => until(30, `${name} did not fire`, async () => (await threshold(name))?.state === 'fired');
const armed = (name) => until(30, `${name} is not armed again`, async () => (await threshold(name))?.state === 'armed');
const looked = async () => { await sleep(4000); };

test('at 80 % there is one alert, however long it stays there', async () => {
  await contracts({thresholds: [{name: 'near', of: 'output', limit: 1000, per: 'year', at: '80%', do: ['alert']}]});
  await use(799);
  await until(30, 'not looked at', async () => (await threshold('near'))?.seen.value === '799');
  assert.deepEqual(await alerts(), []);
  await use(1);
  await fired('near');
  await use(50);
  await looked();
  const [alert, ...more] = await alerts();
  assert.deepEqual(more, []);
  assert.deepEqual([alert.severity, alert.subject, alert.count, alert.link], ['warning', `contract/${names.big}/near`, 1, `/contracts/${names.big}`]);
  assert.deepEqual([alert.detail.rule.at, alert.detail.seen.value, alert.detail.seen.limit, alert.detail.seen.share, alert.detail.did], ['80%', '800', '1000', '0.8', ['alert']]);
  const {items} = (await admin.get(`/audit?subject=threshold/contract:${names.big}:near`)).body;
  assert.deepEqual(items.map(({action, actor}) => [action, actor]), [['threshold.fire', 'mynad']]);
});

test('at 100 % robots of that contract take the other contract\'s route, and say so; others are left alone', async () => {
  await contracts({thresholds: [{name: 'full', of: 'spend', limit: '100', per: 'year', at: '100%', do: ['alert', {fall_back_to: names.small}]}]});
  const generation = async (device) => (await admin.get(`/devices/${device}`)).body.desired_generation;
  const before_ = [await generation('r1'), await generation('r2')];
  await use(100);
  await fired('full');
  const routes = await effective('r1', 'routes');
  assert.deepEqual(routes.value.map(({contract}) => contract), [names.small, names.big]);
  assert.equal(routes.layer, `threshold:contract:${names.big}:full`);
  assert.equal((await effective('r1', 'limit_mode')).value, 'fallback');
  assert.ok(await generation('r1') > before_[0], 'the robot is told');
  assert.equal((await effective('r2', 'limit_mode')).value, 'none');
  assert.equal(await generation('r2'), before_[1]);
  assert.equal((await alerts())[0].severity, 'critical');
  assert.equal((await alerts())[0].detail.robots, 1);
  assert.equal((await threshold('full')).falls_back_to, names.small);
  assert.equal((await threshold('full')).robots, 1);
});

test('minutes of video that a back office reports move a threshold, and so does every other metric', async () => {
  const metrics = ['cache_write_5m', 'cache_write_1h', 'audio_in_ms', 'audio_out_chars', 'images', 'video_ms', 'reasoning', 'input_cached', 'input_uncached'];
  await contracts({charges: metrics.map((metric) => ({name: metric, kind: 'unit', metric, per: 'month', price: '1', unit: 1000000})),
    caps: [{name: 'footage', metric: 'video_ms', at_most: 1000, per: 'year', hard: false}],
    thresholds: [{name: 'film', of: 'cap:footage', at: '80%', do: ['alert']},
      ...metrics.map((metric) => ({name: metric, of: metric, limit: 100, per: 'year', at: '100%', do: ['alert']}))]});
  await report([{metrics: {video_ms: 799}}]);
  await fired('video_ms');
  assert.equal((await threshold('film')).state, 'armed');
  await report([{metrics: {video_ms: 1}}]);
  await fired('film');
  assert.equal((await threshold('film')).seen.share, '0.8');
  assert.equal((await threshold('images')).seen.value, '0');
  for (const [n, metric] of metrics.entries()) if (metric !== 'video_ms') await report([{metrics: {[metric]: 100 + n}}]);
  for (const [n, metric] of metrics.entries()) {
    await fired(metric);
    if (metric !== 'video_ms') assert.equal((await threshold(metric)).seen.value, String(100 + n));
  }
});

test('a share of all vendors is of what all of them sold', async () => {
  await stack.sql('DELETE FROM myna.usage_day'); // what other tests used is not this one's
  await contracts({commitments: [{name: 'most', metric: 'output', share: '60%', per: 'year'}],
    thresholds: [{name: 'most', of: 'commitment:most', at: '100%', do: ['alert']}]});
  assert.equal((await admin.post('/vendors/erxian/usage', {contract: names.small,
    usage: [{request_id: `s${number}`, at: new Date().toISOString(), model: 'm', metrics: {output: 400}}]})).status, 201);
  await use(599);
  await until(30, 'not looked at', async () => (await threshold('most'))?.seen.value === '599');
  assert.deepEqual([(await threshold('most')).state, (await threshold('most')).seen.limit], ['armed', '599.4']);
  await use(1);
  await fired('most');
});

test('a threshold that could never be judged is refused with its place and the reason', async () => {
  const {status, body} = await admin.post('/contracts', document('dark', 'dahan', {
    commitments: [{name: 'night', metric: 'output', at_least: 5, per: 'month', hours: {from: '00:00', to: '06:00'}}],
    thresholds: [{of: 'commitment:night', at: '100%', do: ['alert']}]}));
  assert.deepEqual([status, body.errors[0].pointer], [422, '/thresholds/0/of']);
  assert.match(body.errors[0].detail, /tells usage apart by service tier or hours/);
});

test('a raised limit lets the robots go, and the new one fires anew', async () => {
  const thresholds = (limit) => [{name: 'full', of: 'output', limit, per: 'year', at: '100%', do: ['alert', {fall_back_to: names.small}]}];
  await contracts({thresholds: thresholds(100)});
  await use(120);
  await fired('full');
  const amended = await admin.post(`/contracts/${names.big}/versions`, {document: document(names.big, 'dahan', {thresholds: thresholds(200)}),
    effective_from: new Date(Date.now() + 500).toISOString()});
  assert.equal(amended.status, 201, JSON.stringify(amended.body));
  await armed('full');
  assert.deepEqual((await effective('r1', 'routes')).value.map(({contract}) => contract), [names.big, names.small]);
  assert.equal((await effective('r1', 'limit_mode')).value, 'none');
  assert.deepEqual(await alerts(), [], 'the cause is gone');
  await use(80);
  await fired('full');
  assert.equal((await alerts()).length, 1);
});

// A budget that counts what r1's contract sells; its sources are "budget:ID:NAME".
const budget = async (order) => {
  const {status, body} = await admin.post('/budgets', {id: `b-${number}`, metric: 'output', at_most: '100', per: 'year', hard: false, models: [`m${number}`], ...order});
  assert.equal(status, 201, JSON.stringify(body));
  return body;
};
const budgets = async (name) => (await admin.get('/thresholds')).body.items.find(({source}) => source === `budget:b-${number}:${name}`);
const budgetFired = (name) => until(30, `${name} did not fire`, async () => (await budgets(name))?.state === 'fired');
const useOf = (device, output) => report([{device, model: `m${number}`, metrics: {output, requests: 1}}]); // which no other test used

test('a budget alerts at 80 and 100 % unless it says otherwise', async () => {
  await contracts();
  const {thresholds} = await budget({scope: 'device', subject: 'r1'});
  assert.deepEqual(thresholds, [{at: '80%', do: ['alert']}, {at: '100%', do: ['alert']}]);
  await useOf('r1', 80);
  await budgetFired('80%');
  assert.equal((await budgets('100%')).state, 'armed');
  const some = async (query) => (await admin.get(`/thresholds?${query}`)).body.items.map(({source, robots}) => [source, robots]);
  assert.deepEqual(await some(`source=budget:b-${number}`), [[`budget:b-${number}:100%`, 0], [`budget:b-${number}:80%`, 0]]);
  assert.deepEqual(await some(`source=budget:b-${number}&state=fired`), [[`budget:b-${number}:80%`, 0]]);
  assert.deepEqual(await some('source=budget:b'), [], 'an id that another begins with is another');
  const [alert, ...more] = await alerts();
  assert.deepEqual([alert.severity, alert.subject, alert.words, more],
    ['warning', `budget/b-${number}/80%`, `Budget b-${number} is at 80 output of 100, 80 %; the threshold is 80%.`, []]);
  assert.match(alert.cure, new RegExp(`mynactl budget set b-${number} --at-most`));
  assert.equal(alert.link, `/budgets/b-${number}`);
  await useOf('r1', 20);
  await budgetFired('100%');
  assert.deepEqual((await alerts()).map(({subject, severity}) => [subject, severity]),
    [[`budget/b-${number}/100%`, 'critical'], [`budget/b-${number}/80%`, 'warning']]);
  await admin.patch(`/budgets/b-${number}`, {thresholds: []});
  await until(30, 'still there', async () => !await budgets('80%'));
  assert.deepEqual(await alerts(), [], 'nobody asks for it any more');
});

test('a hard cap that nobody watches alerts at 80 and 100 %, one with a threshold as that says', async () => {
  const caps = [{name: 'dry', metric: 'output', at_most: 10, per: 'year', hard: true}, {name: 'own', metric: 'requests', at_most: 1, per: 'year', hard: true},
    {name: 'soft', metric: 'output', at_most: 2, per: 'year', hard: false}];
  await contracts({caps, thresholds: [{name: 'mine', of: 'cap:own', at: '900%', do: ['alert']}]});
  await use(8);
  await fired('cap dry 80%');
  assert.equal((await threshold('cap dry 100%')).state, 'armed');
  await use(2);
  await fired('cap dry 100%');
  await looked();
  assert.deepEqual((await alerts()).map(({subject, severity, words, link}) => [subject, severity, words, link]),
    [['100%', 'critical', '10 output of 10, 100 %'], ['80%', 'warning', '8 output of 10, 80 %']].map(([at, severity, words]) =>
      [`contract/${names.big}/cap dry ${at}`, severity, `Cap dry is at ${words}; the threshold is ${at}.`, `/contracts/${names.big}`]));
});

test('a robot\'s budget acts on that robot alone, in every way a contract\'s threshold can', async () => {
  await contracts();
  const {headers} = await admin.get('/layers/device/r2');
  const both = [{vendor: 'dahan', model: 'm', contract: names.big}, {vendor: 'erxian', model: 'm', contract: names.small}];
  assert.equal((await admin.put('/layers/device/r2', {settings: {routes: both}}, {'If-Match': headers.etag})).status, 200);
  await budget({scope: 'device', subject: 'r1', thresholds: [{at: '50%', do: [{throttle: {turns_per_minute: 5, max_output_tokens: 80}}]},
    {at: '70', do: ['alert', {fall_back_to: names.small}]}, {name: 'shade', at: '75%', shadow: true, do: ['canned']}, {at: '90%', do: ['block'], rearm: '20%'}]});
  const generation = async (device) => (await admin.get(`/devices/${device}`)).body.desired_generation;
  const other = await generation('r2');
  await useOf('r1', 50);
  await budgetFired('50%');
  const told = async (device) => Object.fromEntries(await Promise.all(['limit_mode', 'turns_per_minute', 'max_output_tokens', 'routes'].map(async (name) => {
    const item = await effective(device, name);
    return [name, name === 'routes' ? item.value.map(({contract}) => contract) : item.value];
  })));
  assert.deepEqual(await told('r1'), {limit_mode: 'throttled', turns_per_minute: 5, max_output_tokens: 80, routes: [names.big, names.small]});
  await useOf('r1', 25);
  await budgetFired('70');
  await budgetFired('shade');
  assert.deepEqual((({limit_mode, routes}) => [limit_mode, routes])(await told('r1')), ['fallback', [names.small, names.big]]);
  assert.equal((await effective('r1', 'routes')).layer, `threshold:budget:b-${number}:70`);
  await useOf('r1', 20);
  await budgetFired('90%');
  assert.equal((await told('r1')).limit_mode, 'blocked');
  assert.deepEqual((({limit_mode, routes}) => [limit_mode, routes])(await told('r2')), ['none', [names.big, names.small]]);
  assert.equal(await generation('r2'), other);
  // what everybody's routes are held to besides leaves each robot its own
  assert.equal((await admin.post('/budgets', {id: `v-${number}`, scope: 'vendor', subject: 'dahan', metric: 'output', at_most: '1', per: 'year', hard: false,
    models: [`m${number}`], thresholds: [{at: '1%', do: [{throttle: {model: 'cheap'}}]}]})).status, 201);
  const routes = async (device) => (await effective(device, 'routes')).value.map(({contract, model}) => `${contract} ${model}`);
  await until(30, 'not held', async () => (await routes('r2'))[0] === `${names.big} cheap`);
  assert.deepEqual([await routes('r1'), await routes('r2')], [[`${names.small} m`, `${names.big} cheap`], [`${names.big} cheap`, `${names.small} m`]]);
  assert.equal((await admin.remove(`/budgets/v-${number}`)).status, 204);
  await until(30, 'still held', async () => (await routes('r2'))[0] === `${names.big} m`);
  // a raised limit lets it go
  assert.equal((await admin.patch(`/budgets/b-${number}`, {at_most: '100000'})).status, 200);
  await until(30, 'still held', async () => (await told('r1')).limit_mode === 'fallback');
  assert.equal((await budgets('70')).state, 'fired', 'an amount is no share');
  assert.equal((await admin.remove(`/budgets/b-${number}`)).status, 204);
  await until(30, 'still held', async () => (await told('r1')).limit_mode === 'none');
  assert.deepEqual((await told('r1')).routes, [names.big, names.small]);
});

test('a group\'s and a vendor\'s budget act on their robots', async () => {
  await contracts();
  const group = `g-${number}`;
  assert.equal((await admin.post('/groups', {id: group, priority: 1})).status, 201);
  assert.equal((await admin.put(`/groups/${group}/devices/r2`)).status, 204);
  const modes = async () => [(await effective('r1', 'limit_mode')).value, (await effective('r2', 'limit_mode')).value];
  await budget({scope: 'group', subject: group, thresholds: [{at: '1%', do: ['canned']}]});
  await useOf('r2', 5);
  await budgetFired('1%');
  assert.deepEqual(await modes(), ['none', 'canned']);
  await admin.remove(`/budgets/b-${number}`);
  await until(30, 'still held', async () => (await modes())[1] === 'none');

  await budget({scope: 'vendor', subject: 'dahan', thresholds: [{at: '1%', do: [{throttle: {model: 'cheap'}}]}]});
  await useOf('r2', 5); // whoever used it, robots with a route to the vendor are reached
  await budgetFired('1%');
  assert.deepEqual(await modes(), ['throttled', 'none']);
  assert.deepEqual((await effective('r1', 'routes')).value.map(({model}) => model), ['cheap', 'm']);
  await admin.remove(`/budgets/b-${number}`);
});

test('a budget\'s thresholds that make no sense are refused by their place', async () => {
  await contracts();
  const refused = async (thresholds, pointer, more = {}) => {
    const {status, body} = await admin.post('/budgets', {id: 'bad', scope: 'fleet', metric: 'output', at_most: '1', per: 'day', thresholds, ...more});
    assert.deepEqual([[400, 422].includes(status), body.errors?.[0].pointer], [true, pointer], JSON.stringify(body));
  };
  await refused({}, '/thresholds');
  await refused([{at: '80%'}], '/thresholds/0/do');
  await refused([{at: '80%', do: ['alert']}, {at: '80%', do: ['block']}], '/thresholds/1/at');
  await refused([{at: '80%', do: ['stop']}], '/thresholds/0/do/0');
  await refused([{at: '80%', limit: 5, do: ['alert']}], '/thresholds/0/limit');
  await refused([{at: '80%', do: [{throttle: {model: 'cheap'}}]}], '/thresholds/0/do');
  await refused([{at: '80%', do: [{fall_back_to: 'nowhere'}]}], '/thresholds');
  await refused([{at: '80%', do: [{fall_back_to: names.big}]}], '/thresholds/0/do/0/fall_back_to', {scope: 'contract', subject: names.big});
  assert.equal((await admin.get('/budgets/bad')).status, 404);
});

test('a shadow alerts, says what it would have done, and does nothing', async () => {
  await contracts({thresholds: [{name: 'shade', of: 'output', limit: 100, per: 'year', at: '50%', shadow: true, do: ['alert', 'block']}]});
  await use(60);
  await fired('shade');
  const [{severity, detail}] = await alerts();
  assert.deepEqual([severity, detail.would, detail.did], ['warning', ['alert', 'block'], undefined]);
  assert.equal((await effective('r1', 'limit_mode')).value, 'none');
  assert.deepEqual((await threshold('shade')).holds, {});
});

test('throttling holds robots to less, and loosens nothing that was stricter', async () => {
  await contracts({thresholds: [{name: 'slow', of: 'output', limit: 100, per: 'year', at: '50%',
    do: [{throttle: {turns_per_minute: 5, max_output_tokens: 80, model: 'cheap'}}]}]});
  const {body, headers} = await admin.get('/layers/device/r1');
  await admin.put('/layers/device/r1', {settings: {...body.settings, max_output_tokens: 40, turns_per_minute: 20}}, {'If-Match': headers.etag});
  await use(60);
  await fired('slow');
  assert.deepEqual([await effective('r1', 'turns_per_minute'), await effective('r1', 'max_output_tokens')].map(({value, layer}) => [value, layer]),
    [[5, `threshold:contract:${names.big}:slow`], [40, 'device:r1']]);
  assert.equal((await effective('r1', 'limit_mode')).value, 'throttled');
  assert.deepEqual((await effective('r1', 'routes')).value.map(({model}) => model), ['cheap', 'm']);
});

test('of two thresholds that hold a robot the stricter one is obeyed', async () => {
  await contracts({thresholds: [
    {name: 'slow', of: 'output', limit: 100, per: 'year', at: '50%', do: [{throttle: {turns_per_minute: 5}}]},
    {name: 'slower', of: 'output', limit: 100, per: 'year', at: '60%', do: [{throttle: {turns_per_minute: 2}}, 'canned']}]});
  await use(70);
  await fired('slow');
  await fired('slower');
  assert.equal((await effective('r1', 'turns_per_minute')).value, 2);
  assert.equal((await effective('r1', 'limit_mode')).value, 'canned');
});

test('by hand it is lifted, and stays quiet', async () => {
  await contracts({thresholds: [{name: 'full', of: 'output', limit: 100, per: 'year', at: '100%', do: ['block']}]});
  const idle = await until(30, 'not there', () => threshold('full'));
  assert.equal((await admin.post(`/thresholds/${idle.id}/reset`)).status, 409);
  await use(100);
  await fired('full');
  assert.equal((await effective('r1', 'limit_mode')).value, 'blocked');
  const [alert] = await alerts();
  assert.equal((await admin.post(`/alerts/${alert.id}/clear`)).body.in_force, idle.id, 'clearing says that it still holds');
  assert.equal((await effective('r1', 'limit_mode')).value, 'blocked');
  assert.equal((await admin.post(`/thresholds/${idle.id}/reset`)).body.state, 'waived');
  assert.equal((await admin.get(`/alerts/${alert.id}`)).body.in_force, null);
  assert.equal((await effective('r1', 'limit_mode')).value, 'none');
  await looked();
  assert.equal((await threshold('full')).state, 'waived');
  assert.deepEqual(await alerts(), []);
  assert.equal((await admin.post('/thresholds/999999/reset')).status, 404);
  const {items} = (await admin.get(`/audit?subject=threshold/contract:${names.big}:full`)).body;
  assert.deepEqual([items[0].action, items[0].actor], ['threshold.reset', 'operator:root']);
});

test('a forecast tells the day on which it runs out', async () => {
  // a year that began fifty days ago, a hundred a day
  await contracts({term: lately, thresholds: [{name: 'soon', of: 'output', limit: 6000, per: 'year', anchor: day(50), forecast: '100%', do: ['alert']}]});
  await useDaily(100, 50);
  await fired('soon');
  const {seen} = await threshold('soon');
  assert.equal(seen.value, '5000');
  assert.ok(Number(seen.forecast.at_end) > 36000 && Number(seen.forecast.at_end) < 37000, seen.forecast.at_end);
  assert.ok([day(-10), day(-11)].includes(seen.forecast.runs_out), seen.forecast.runs_out);
  assert.equal(seen.forecast.low, seen.forecast.high);
});

test('a commitment that is in danger alerts, one that is reached tells so', async () => {
  await contracts({term: lately,
    commitments: [{name: 'promise', metric: 'spend', at_least: '100000', per: 'year', anchor: day(50), shortfall: {true_up: true}}],
    thresholds: [{name: 'danger', of: 'commitment:promise', forecast: '100%', do: ['alert']},
      {name: 'kept', of: 'commitment:promise', at: '100%', do: ['alert']}]});
  await useDaily(100, 50);
  await fired('danger');
  assert.equal((await threshold('kept')).state, 'armed');
  assert.equal((await alerts())[0].severity, 'warning');
  await use(100000);
  await fired('kept');
  assert.deepEqual((await alerts()).map(({severity, subject}) => [severity, subject])[0], ['info', `contract/${names.big}/kept`]);
});

test('a commitment of active robots is judged by their highest day, within a minute', async () => {
  const year = new Date().getUTCFullYear();
  await contracts({term: {from: `${year}-01-01`, to: `${year + 1}-01-01`},
    commitments: [{name: 'terminals', metric: 'active_devices', at_least: 3, measured: 'peak', per: 'term', shortfall: {fee_per_unit: '300'}}],
    thresholds: [{name: 'enough', of: 'commitment:terminals', at: '100%', do: ['alert']}]});
  await report(['d1', 'd2', 'd2', 'd3'].map((device) => ({device, metrics: {output: 5}})));
  await until(90, 'not judged', async () => (await threshold('enough'))?.state === 'fired');
  assert.equal((await threshold('enough')).seen.value, '3');
});

test('requests a minute beyond what was agreed alert, and are over when they are', async () => {
  await contracts({caps: [{name: 'pace', metric: 'requests_per_minute', at_most: 2, hard: false}],
    thresholds: [{name: 'fast', of: 'cap:pace', at: '100%', rearm: '50%', do: ['alert']}]});
  await until(30, 'not looked at', async () => (await threshold('fast'))?.seen.value === '0');
  await report([1, 2, 3].map(() => ({metrics: {output: 5, requests: 1}})));
  await fired('fast');
  await stack.sql(`UPDATE myna.usage SET arrived_at = now() - interval '2 minutes' WHERE contract_id = '${names.big}'`);
  await armed('fast');
  assert.deepEqual(await alerts(), []);
});

test('an hour far above the usual one is a surge', async () => {
  await contracts({term: lately, thresholds: [{name: 'surge', of: 'output', per: 'year', anchor: day(20), rate: 10, do: ['alert']}]});
  await useDaily(240, 20);
  await until(30, 'not looked at', async () => (await threshold('surge'))?.seen.value === '4800');
  await use(500); // fifty usual hours
  await fired('surge');
});

test('flat fees are spent as their period goes by', async () => {
  await contracts({charges: [{kind: 'flat', amount: '365000', per: 'year', anchor: day(9)}],
    term: {from: day(9), to: day(-400)},
    thresholds: [{name: 'fee', of: 'spend', limit: '365000', per: 'year', anchor: day(9), at: '50%', do: ['alert']}]});
  const {seen} = await until(30, 'not looked at', async () => {
    const found = await threshold('fee');
    return found?.seen?.value !== undefined && found;
  });
  assert.ok(Math.abs(Number(seen.value) - 10000) < 60, seen.value); // ten days of a thousand, a little less in a leap year
  assert.equal((await threshold('fee')).state, 'armed');
});

test('a threshold that is no longer written lets its robots go', async () => {
  await contracts({thresholds: [{name: 'full', of: 'output', limit: 100, per: 'year', at: '100%', do: ['block']}]});
  await use(100);
  await fired('full');
  await admin.post(`/contracts/${names.big}/versions`, {document: document(names.big, 'dahan'), effective_from: new Date(Date.now() + 300).toISOString()});
  await until(30, 'still there', async () => (await threshold('full')) === undefined);
  assert.equal((await effective('r1', 'limit_mode')).value, 'none');
  assert.deepEqual(await alerts(), []);
});

