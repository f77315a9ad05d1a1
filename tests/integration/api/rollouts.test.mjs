// Rollouts as operators meet them. There are no robots here: the test answers for them, so that each
// step can be held on to.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const ROBOTS = Array.from({length: 12}, (_, i) => `r${String(i).padStart(2, '0')}`);
const QUICK = {gates: 'off', soak_s: 0, control: {at_least: 2}, rate_per_minute: 0, confirm: {deadline_s: 600, max_failed: '2%'}};

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create({rollout_approval: 12}));
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await put('fleet', {volume: 40, persona: 'Be kind.'});
  await answer();
});

after(() => stack?.end());

const etag = async (layer) => (await admin.get(`/layers/${layer}`)).headers.etag;
const put = async (layer, settings) => admin.put(`/layers/${layer}`, {settings}, {'If-Match': await etag(layer)});
const get = async (id) => (await admin.get(`/rollouts/${id}`)).body;
const act = (id, word, body, headers) => admin.post(`/rollouts/${id}/${word}`, body, headers);
const make = async (id, patch, plan = {}, more = {}) =>
  admin.post('/rollouts', {id, patch, plan: {...QUICK, ...plan}, start: true, ...more});

// Robots are heard and run what they are told, all of them or some.
const answer = (ids = [...ROBOTS, 'r12', 'r13', 'r14']) => stack.sql(`UPDATE myna.device_link SET session_number = 1, session_hello = true,
  ended_session = 0, last_seen = now(), held_generation = desired_generation, reported_generation = desired_generation
  WHERE device_id = ANY ('{${ids}}')`);

const effective = async (id, name) =>
  (await admin.get(`/devices/${id}/effective`)).body.items.find((item) => item.name === name);

async function until(id, describe, check, {answering = true} = {}) {
  const end = Date.now() + 60000;
  for (;;) {
    if (answering) await answer();
    const rollout = await get(id);
    if (await check(rollout)) return rollout;
    if (Date.now() > end) assert.fail(`${describe}: ${JSON.stringify(rollout)}`);
    await sleep(100);
  }
}

const ended = (id, state) => until(id, `not ${state}`, (rollout) => rollout.state === state);
const paused = (id, cause) => until(id, `not paused as ${cause}`, (rollout) => rollout.cause === cause);

test('a dry run says whom it would reach in which waves, and changes nothing', async () => {
  const {status, body} = await make('dry', {volume: 41}, {}, {dry_run: true});
  assert.equal(status, 200);
  assert.deepEqual(body.waves.map(({planned, control}) => [planned, control]), [[5, false], [1, false], [4, false], [2, true]]);
  assert.equal(body.devices, 12);
  assert.equal((await admin.get('/rollouts/dry')).status, 404);
  const filtered = await make('dry', {volume: 41}, {}, {dry_run: true, filter: 'serial = "SN-r03"'});
  assert.equal(filtered.body.devices, 1);
  assert.equal((await admin.get('/groups/dry')).status, 404);
});

test('what cannot be is refused and named', async () => {
  const bad = async (order, pointer, status = 422) => {
    const answered = await admin.post('/rollouts', {id: 'bad', ...order});
    assert.equal(answered.status, status, JSON.stringify(answered.body));
    if (pointer) assert.equal(answered.body.errors[0].pointer, pointer);
  };
  await bad({patch: {hat: 1}}, '/patch/hat');
  await bad({patch: {volume: 400}}, '/patch/volume');
  await bad({patch: {}}, '/patch');
  await bad({patch: {volume: 4}, plan: {waves: [{share: '5%'}]}}, '/plan/waves');
  await bad({patch: {volume: 4}, plan: {gates: {looks: 99}}}, '/plan/gates/looks');
  await bad({patch: {routes: [{vendor: 'none', model: 'm', contract: 'none'}]}}, '/patch/routes/0');
  await bad({patch: {volume: 4}, group: 'none'}, undefined, 404);
  await bad({patch: {volume: 4}, filter: 'colour = 1'}, '/filter');
  await bad({}, '/patch', 400);
  assert.deepEqual((await admin.get('/rollouts')).body.items, []);
});

test('a rollout opens wave after wave, then its patch is the layer\'s', async () => {
  const revision = (await admin.get('/layers/fleet')).body.revision;
  assert.equal((await make('first', {volume: 50, persona: null})).status, 201);
  const first = await until('first', 'its first wave is not open', ({counts}) => counts?.opened === 5, {answering: false});
  assert.deepEqual([first.state, first.step, first.wave], ['running', 'confirming', 1]);
  const opened = (await admin.get('/rollouts/first/devices?wave=1')).body.items;
  assert.equal(opened.length, 5);
  const inside = await effective(opened[0].device, 'volume');
  assert.deepEqual([inside.value, inside.layer], [50, 'rollout:first']);
  assert.notEqual((await effective(opened[0].device, 'persona')).layer, 'fleet', 'null takes a setting out');
  const waiting = (await admin.get('/rollouts/first/devices?state=waiting')).body.items;
  assert.equal(waiting.length, 7);
  assert.equal((await effective(waiting[0].device, 'volume')).value, 40);
  const done = await ended('first', 'completed');
  assert.deepEqual(done.waves.map(({state}) => state), ['passed', 'passed', 'passed', 'passed']);
  assert.equal(done.counts.confirmed, 12);
  const layer = (await admin.get('/layers/fleet')).body;
  assert.deepEqual([layer.revision, layer.settings, layer.changed_by], [revision + 1, {volume: 50}, 'operator:root']);
  assert.equal((await effective('r00', 'volume')).layer, 'fleet');
});

test('without a control group each wave still takes its own robots alone', async () => {
  await make('plain', {volume: 50, language: 'en'}, {control: {share: '0%', at_least: 0}});
  const done = await ended('plain', 'completed');
  assert.deepEqual(done.waves.map(({members, control}) => [members, control]), [[5, false], [1, false], [6, false]]);
  await put('fleet', {volume: 50});
});

test('each step is audited once, and each robot opened once', async () => {
  const rows = (await admin.get('/audit?subject=rollout/first&limit=200')).body.items.reverse();
  const opened = rows.filter(({action}) => action === 'rollout.open').flatMap(({after: {robots}}) => robots);
  assert.deepEqual(opened.sort(), ROBOTS);
  const steps = rows.map(({action}) => action.slice(8)).filter((action) => !['open'].includes(action));
  const wave = ['wave', 'all_open', 'all_settled', 'look', 'green'];
  assert.deepEqual(steps, ['create', 'start', 'checked', ...wave, ...wave, ...wave, 'wave', 'all_open', 'green']);
  for (let i = 1; i < rows.length; i++) {
    if (rows[i].before?.state === undefined) continue;
    const last = rows.slice(0, i).findLast((row) => row.after?.state !== undefined);
    if (last) assert.deepEqual([rows[i].before.state, rows[i].before.step], [last.after.state, last.after.step]);
  }
  assert.ok((await admin.get('/audit/verify')).body.ok);
});

test('its history tells each step once, with who took it and how many robots it was about', async () => {
  const told = [];
  let next = 0;
  do {
    const page = (await admin.get(`/rollouts/first/history?limit=4${next ? `&after=${next}` : ''}`)).body;
    told.push(...page.items);
    next = page.next;
  } while (next);
  const rows = (await admin.get('/audit?subject=rollout/first&limit=200')).body.items;
  assert.deepEqual(told.map(({seq}) => seq), rows.map(({seq}) => seq));
  const opened = told.filter(({event}) => event === 'open');
  assert.equal(opened.reduce((sum, {robots}) => sum + robots, 0), ROBOTS.length);
  const start = told.find(({event}) => event === 'start');
  assert.deepEqual([start.actor, start.from.state, start.to.state], ['operator:root', 'draft', 'preflight']);
  assert.deepEqual(told.filter(({event}) => event === 'green').map(({wave}) => wave).reverse(), [1, 2, 3, 4],
    'a verdict is about the wave that it ends');
  assert.equal((await admin.get('/rollouts/none/history')).status, 404);
});

test('what a rollout changes is nobody else\'s to edit meanwhile; the rest is', async () => {
  await make('held', {volume: 55}, {manual: true});
  await paused('held', 'by_hand');
  const refused = await put('fleet', {volume: 60});
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /rollout "held"/);
  assert.equal((await put('fleet', {volume: 50, language: 'en'})).status, 200);
  const [opened] = (await admin.get('/rollouts/held/devices?wave=1')).body.items;
  assert.equal((await effective(opened.device, 'volume')).value, 55);
  assert.equal((await effective(opened.device, 'language')).value, 'en');
});

test('a second rollout of the same robots is refused with the name of the first, or waits for it', async () => {
  const draft = {id: 'second', patch: {language: 'zh'}, plan: QUICK};
  assert.equal((await admin.post('/rollouts', draft)).body.state, 'draft');
  const refused = await act('second', 'start');
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /rollout "held" changes the same layer/);
  await admin.post('/groups', {id: 'few', priority: 200});
  for (const id of ['r01', 'r02']) await admin.put(`/groups/few/devices/${id}`, {});
  const shared = await admin.post('/rollouts', {id: 'third', group: 'few', patch: {volume: 3}, plan: QUICK, start: true});
  assert.equal(shared.status, 409);
  assert.match(shared.body.detail, /rollout "held" has 2 of its robots/);
  await make('fourth', {language: 'zh'}, {queue: true});
  await until('fourth', 'does not wait', ({state}) => state === 'waiting');
});

test('waves by hand, a pause, and back from the middle', async () => {
  assert.deepEqual((await get('held')).acts, ['next', 'roll-back']);
  assert.equal((await act('held', 'resume')).status, 409);
  assert.equal((await act('held', 'next')).status, 200);
  await until('held', 'second wave', ({wave, cause}) => wave === 2 && cause === 'by_hand');
  await act('held', 'next');
  const third = await until('held', 'third wave', ({wave, step}) => wave === 3 && step === 'confirming', {answering: false});
  assert.equal((await act('held', 'pause')).body.cause, 'operator');
  await answer();
  await sleep(300);
  assert.equal((await get('held')).step, 'confirming', 'a pause holds it');
  assert.ok(third.counts.opened > 0);
  const back = await act('held', 'roll-back', {});
  assert.equal(back.status, 200);
  assert.equal(back.body.state, 'rolling_back');
  const done = await ended('held', 'rolled_back');
  assert.equal(done.counts.reverted, 10);
  assert.deepEqual(done.acts, []);
  for (const id of ROBOTS) assert.equal((await effective(id, 'volume')).value, 50, id);
  assert.equal((await admin.get('/layers/fleet')).body.settings.volume, 50);
  await ended('fourth', 'completed');
  assert.equal((await act('held', 'roll-back')).status, 409);
  assert.equal((await act('held', 'start')).status, 409);
});

test('a completed rollout is taken back by one of its own, but for what changed since', async () => {
  await make('both', {volume: 70, screen_mark: 'new'});
  await ended('both', 'completed');
  const settings = (await admin.get('/layers/fleet')).body.settings;
  await put('fleet', {...settings, volume: 71});
  const key = {'Idempotency-Key': 'back'};
  const {status, body} = await act('both', 'roll-back', {}, key);
  assert.equal(status, 201);
  assert.deepEqual((await act('both', 'roll-back', {}, key)).body, body, 'repeated by a flaky line');
  assert.deepEqual([body.id, body.reverses, body.patch], ['both-back', 'both', {screen_mark: null}]);
  assert.match(body.reason, /changed since: volume/);
  await ended('both-back', 'completed');
  const now = (await admin.get('/layers/fleet')).body.settings;
  assert.deepEqual([now.volume, now.screen_mark], [71, undefined]);
  const again = await act('both', 'roll-back');
  assert.equal(again.status, 409);
  assert.match(again.body.detail, /nothing is left/);
});

test('in a blackout of the calendar rollouts under way open nobody, say so, and go on when it is taken out', async () => {
  const hour = (n) => new Date(Date.now() + n * 3600e3).toISOString();
  for (const [order, pointer] of [[{from: hour(2), until: hour(1)}, '/until'], [{from: hour(-2), until: hour(-1)}, '/until'],
    [{from: hour(0), until: hour(24 * 94)}, '/until'], [{from: hour(30000), until: hour(30001)}, '/from'], [{from: 'noon', until: hour(1)}, '/from']]) {
    const refused = await admin.post('/blackouts', {...order, reason: 'fair'});
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, pointer]);
  }
  const {status, body} = await admin.post('/blackouts', {from: hour(-1), until: hour(1), reason: 'Spring fair'});
  assert.deepEqual([status, (await admin.get('/blackouts')).body.items], [201, [body]]);
  await make('dark', {screen_mark: 'x'});
  const {held, counts} = await until('dark', 'does not say what holds it', ({held}) => held !== null);
  assert.deepEqual([held, counts.opened + counts.confirmed], [{until: body.until, by: 'blackout', reason: 'Spring fair'}, 0]);
  assert.equal((await admin.remove(`/blackouts/${body.id}`)).status, 204);
  assert.equal((await admin.remove(`/blackouts/${body.id}`)).status, 404);
  assert.equal((await ended('dark', 'completed')).held, null);
  const audit = await stack.sql(`SELECT action FROM myna.audit WHERE subject = 'blackout/${body.id}' ORDER BY seq`);
  assert.deepEqual(audit.map(([action]) => action), ['blackout.create', 'blackout.delete'], 'I7');
});

test('robots that do not answer fail, and more than chance explains is red', async () => {
  await make('fails', {volume: 20}, {confirm: {deadline_s: 1, retries: 0, max_failed: '2%'}, on_red: 'pause'});
  const open = await until('fails', 'no wave', ({counts}) => counts?.opened === 5, {answering: false});
  assert.equal(open.wave, 1);
  // online, and silent about the configuration
  await stack.sql('UPDATE myna.device_link SET last_seen = now()');
  const red = await until('fails', 'not red', ({cause}) => cause === 'red', {answering: false});
  assert.match(red.reason, /[2-5] of [2-5] robots of wave 1 failed to confirm/);
  const failed = (await admin.get('/rollouts/fails/devices?state=failed')).body.items;
  assert.match(failed[0].reason, /did not answer within 1 s/);
  assert.equal((await effective(failed[0].device, 'volume')).value, 71, 'what failed goes back');
  const alerts = (await admin.get('/alerts?state=open')).body.items;
  const alert = alerts.find(({kind, subject}) => kind === 'rollout_red' && subject === 'rollout/fails');
  assert.equal(alert?.link, '/rollouts/fails');
  assert.deepEqual(red.acts, ['retry', 'force', 'roll-back']);
  assert.equal((await act('fails', 'resume')).status, 409, 'red is not resumed');
  // a second is little for a busy machine: who misses it once more is given another
  await until('fails', 'not completed after a new try', async ({state, cause}) => {
    if (cause === 'red') assert.equal((await act('fails', 'retry')).status, 200);
    return state === 'completed';
  });
  assert.ok(!(await admin.get('/alerts?state=current')).body.items.some(({kind}) => kind === 'rollout_red'));
});

test('a robot that failed keeps what it had when the others get the new', async () => {
  // their second begins when they are there: all but one answer as they come
  await stack.sql('UPDATE myna.device_link SET ended_session = 1');
  await make('mostly', {volume: 90}, {confirm: {deadline_s: 1, retries: 0, max_failed: '60%'}, waves: [{share: '100%'}],
    control: {share: '0%', at_least: 0}});
  await until('mostly', 'not open', ({counts}) => counts?.opened === 12, {answering: false});
  await answer(ROBOTS.slice(1));
  await stack.sql("UPDATE myna.device_link SET ended_session = 0 WHERE device_id = 'r00'");
  const done = await until('mostly', 'not completed', ({state}) => state === 'completed', {answering: false});
  assert.deepEqual([done.counts.failed, done.counts.confirmed], [1, 11]);
  const kept = await effective('r00', 'volume');
  assert.deepEqual([kept.value, kept.layer], [20, 'device:r00']);
  assert.equal((await effective('r01', 'volume')).value, 90);
  await put('device/r00', {});
});

test('half of the robots offline hold nothing up, and have it when they return', async () => {
  const [far, near] = [ROBOTS.slice(0, 6), ROBOTS.slice(6)];
  await answer();
  await stack.sql(`UPDATE myna.device_link SET last_seen = now() - interval '2 days', ended_session = 1
    WHERE device_id = ANY ('{${far}}')`);
  await make('half', {volume: 33}, {confirm: {deadline_s: 5, max_failed: '2%'}, unreachable_after_s: 3600});
  let done;
  for (let i = 0; i < 300 && done?.state !== 'completed'; i++) {
    await answer(near);
    await sleep(100);
    done = await get('half');
  }
  assert.deepEqual([done.state, done.counts.unreachable, done.counts.confirmed], ['completed', 6, 6]);
  const behind = await stack.sql('SELECT device_id FROM myna.device_link WHERE reported_generation < desired_generation ORDER BY 1');
  assert.deepEqual(behind.flat(), far);
  for (const id of far) assert.equal((await effective(id, 'volume')).value, 33);
  await answer();
});

test('above a size another operator approves: not the author, nor a key of theirs', async () => {
  const {code} = (await admin.post('/claims', {uses: 1})).body;
  await new Robot('r12', 'SN-r12').enrol(stack, code);
  await admin.post('/operators', {id: 'anna', role: 'approver', password: 'a password of hers'});
  await admin.post('/operators', {id: 'otto', role: 'operator', password: 'a password of his'});
  const made = await make('large', {volume: 44}, {}, {});
  assert.equal(made.status, 201);
  const waits = await until('large', 'does not wait', ({state}) => state === 'approval');
  assert.match(waits.reason, /13 robots: another operator must approve it above 12/);
  assert.deepEqual(waits.acts, ['approve', 'decline', 'abort']);
  const own = await act('large', 'approve');
  assert.equal(own.status, 403);
  const {key} = (await admin.post('/api-keys', {name: 'mine', role: 'admin'})).body;
  const robot = stack.as({Authorization: `Bearer ${key}`});
  assert.equal((await robot.post('/rollouts/large/approve')).status, 403, 'a key counts as its owner');
  const {key: hers} = (await admin.post('/api-keys', {name: 'of anna', role: 'operator', owner: 'anna'})).body;
  const written = await stack.as({Authorization: `Bearer ${hers}`}).post('/rollouts', {id: 'by-key', patch: {volume: 45}, plan: QUICK});
  assert.equal(written.status, 201);
  assert.deepEqual(await stack.sql("SELECT myna.person(author) FROM myna.rollout WHERE rollout_id = 'by-key'"), [['operator:anna']]);
  assert.equal((await admin.remove('/rollouts/by-key')).status, 204);
  assert.equal((await (await stack.login('otto', 'a password of his')).post('/rollouts/large/approve')).status, 403);
  const anna = await stack.login('anna', 'a password of hers');
  assert.deepEqual((await anna.post('/rollouts/large/decline', {})).body.errors.map(({pointer}) => pointer), ['/reason'], 'not without a reason');
  const declined = (await anna.post('/rollouts/large/decline', {reason: 'not before the holidays'})).body;
  assert.deepEqual([declined.state, declined.reason, declined.approver, declined.asked], ['draft', 'not before the holidays', null, null]);
  assert.equal((await anna.post('/rollouts/large/decline', {reason: 'once more'})).status, 409, 'it waits for nobody now');
  const [said] = (await admin.get('/rollouts/large/history')).body.items;
  assert.deepEqual([said.event, said.actor, said.reason, said.to.state], ['decline', 'operator:anna', 'not before the holidays', 'draft']);
  assert.equal((await admin.get('/audit?action=rollout.decline')).body.items[0].after.reason, 'not before the holidays');
  await act('large', 'start');
  await until('large', 'does not wait again', ({state}) => state === 'approval');
  const approved = await anna.post('/rollouts/large/approve', {remark: 'they are over'});
  assert.deepEqual([approved.status, approved.body.approver, approved.body.reason], [200, 'operator:anna', '']);
  const agreed = (await admin.get('/rollouts/large/history')).body.items.find(({event}) => event === 'approve');
  assert.equal(agreed.reason, 'they are over');
  const done = await until('large', 'not completed', ({state}) => state === 'completed', {answering: true});
  assert.equal(done.members, 13);
});

// Approved for 13, it waits behind another; one that was away returns meanwhile.
test('approval is of so many robots: what grew while it waited is asked about again, with both numbers', async () => {
  const status = (id, to) => stack.sql(`UPDATE myna.device SET status = '${to}' WHERE device_id = '${id}'`);
  const anna = await stack.login('anna', 'a password of hers');
  const {code} = (await admin.post('/claims', {uses: 2})).body;
  for (const id of ['r13', 'r14']) {
    await new Robot(id, `SN-${id}`).enrol(stack, code);
    await status(id, 'quarantined');
  }
  await admin.post('/groups', {id: 'one', priority: 201});
  await admin.put('/groups/one/devices/r00', {});
  assert.equal((await make('ahead', {volume: 7}, {manual: true, soak_s: 3600}, {group: 'one'})).status, 201);
  await until('ahead', 'not running', ({state}) => state === 'running', {answering: false});
  await make('behind', {language: 'zh'}, {queue: true, manual: true});
  await until('behind', 'does not wait', ({state}) => state === 'waiting');
  assert.equal((await get('behind')).asked, null, 'nobody is asked while it waits');
  await act('ahead', 'roll-back');
  await ended('ahead', 'rolled_back');
  const asked = await until('behind', 'does not ask', ({state}) => state === 'approval');
  assert.deepEqual([asked.asked, asked.approved], [{robots: 13, costs: [], unknown: null}, null]);

  assert.equal((await anna.post('/rollouts/behind/approve', {}, {'If-Match': `"${asked.version - 1}"`})).status, 412, 'figures of before');

  // another is ahead of it again when it is approved
  assert.equal((await make('again', {volume: 8}, {soak_s: 3600}, {group: 'one'})).status, 201);
  await until('again', 'not running', ({state}) => state === 'running', {answering: false});
  const approved = await anna.post('/rollouts/behind/approve');
  assert.deepEqual(approved.body.approved, {robots: 13, costs: [], unknown: null});
  await until('behind', 'does not wait', ({state}) => state === 'waiting');
  await status('r13', 'active');
  await act('again', 'roll-back');
  await ended('again', 'rolled_back');
  const grown = await until('behind', 'does not ask again', ({state}) => state === 'approval');
  assert.equal(grown.reason, 'operator:anna approved it for 13 robots, and it reaches 14 by now: another operator must approve it again');
  assert.deepEqual([grown.asked.robots, grown.approved.robots, grown.members], [14, 13, null]);
  const why = (await admin.get('/devices/r05/why')).body.reasons.find(({code}) => code === 'approval_missing');
  assert.match(why.text, /approved it for 13 robots, and it reaches 14/);
  const {key} = (await admin.post('/api-keys', {name: 'ctl', role: 'viewer'})).body;
  const {stdout} = await promisify(execFile)(process.env.MYNACTL ?? '.build/release/mynactl', ['rollout', 'get', 'behind'],
    {env: {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key, MYNACTL_CONFIG: join(stack.home, 'none')}});
  assert.match(stdout, /13 robots, and it reaches 14[^]*\n {2}approved by operator:anna: 13 robots\n {2}approval asked for: 14 robots\n/);

  // and between two waves
  assert.equal((await anna.post('/rollouts/behind/approve')).body.approved.robots, 14);
  await paused('behind', 'by_hand');
  await status('r14', 'active');
  await act('behind', 'next');
  const outgrown = await paused('behind', 'approval');
  assert.match(outgrown.reason, /^operator:anna approved it for 14 robots, and it reaches 15 by now/);
  assert.deepEqual([outgrown.state, outgrown.wave, outgrown.acts], ['paused', 2, ['approve', 'decline', 'roll-back']]);
  assert.equal((await act('behind', 'approve')).status, 403, 'nor by its author');
  const still = (await anna.post('/rollouts/behind/decline', {reason: 'fifteen are too many'})).body;
  assert.deepEqual([still.state, still.cause, still.reason, still.acts], ['paused', 'approval', 'fifteen are too many', outgrown.acts]);
  const [{device}] = (await admin.get('/rollouts/behind/devices?state=waiting')).body.items;
  assert.match((await admin.get(`/devices/${device}/why`)).body.reasons.at(-1).text, /"behind" stands still: it has outgrown its approval/);
  assert.equal((await anna.post('/rollouts/behind/approve')).status, 200);
  await paused('behind', 'by_hand');
  await act('behind', 'roll-back');
  await ended('behind', 'rolled_back');
  for (const id of ['r13', 'r14']) await status(id, 'retired');
});

test('nobody leads more robots than that to another vendor by an edit alone', async () => {
  for (const vendor of ['dahan', 'erxian']) {
    assert.equal((await admin.post('/vendors', {id: vendor, base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
    assert.equal((await admin.post('/contracts', {contract: `${vendor}-terms`, vendor, currency: 'CNY', zone: 'UTC',
      charges: [{kind: 'unit', metric: 'output', per: 'month', price: '1', unit: 1}]})).status, 201);
  }
  const routes = (vendor) => [{vendor, model: 'm', contract: `${vendor}-terms`}];
  const {settings} = (await admin.get('/layers/fleet')).body;
  assert.equal((await put('fleet', {...settings, routes: routes('dahan')})).status, 200, 'the first routes lead nobody away');
  const refused = await put('fleet', {...settings, routes: routes('erxian')});
  assert.equal(refused.status, 409);
  assert.deepEqual(refused.body.errors.map(({pointer}) => pointer), ['/settings/routes']);
  assert.match(refused.body.errors[0].detail, /leads 13 robots.* more than 12 take a rollout/);
  const back = await admin.post('/layers/fleet/restore', {revision: (await admin.get('/layers/fleet')).body.revision - 1}, {'If-Match': await etag('fleet')});
  assert.equal(back.status, 409, 'nor by a revision of before');
  assert.equal((await put('fleet', {...settings, routes: routes('dahan'), volume: 41})).status, 200, 'what is not the routes is one\'s own to change');
  assert.equal((await put('device/r00', {routes: routes('erxian')})).status, 200, 'one robot is few enough');
  await put('device/r00', {});
});

const led = async (client, path, body) => {
  const {etag: version} = (await client.get(path)).headers;
  return path.startsWith('/layers/') ? client.put(path, {settings: body}, {'If-Match': version}) : client.patch(path, body, {'If-Match': version});
};
const vendors = async (vendor) => (await Promise.all([...ROBOTS, 'r12'].map((id) => effective(id, 'routes'))))
  .filter(({value}) => value[0].vendor === vendor).length;
const refusedAs = (answered, robots) => {
  assert.equal(answered.status, 409, JSON.stringify(answered.body));
  assert.match(answered.body.detail, new RegExp(`leads ${robots} robots to other routes: more than 12 take a rollout`));
};

test('nor by a group that is filled, widened, reordered or deleted once its layer has the routes', async () => {
  const erxian = {routes: [{vendor: 'erxian', model: 'm', contract: 'erxian-terms'}]};
  assert.equal((await admin.post('/groups', {id: 'grab', filter: 'id = nothing', priority: 900})).status, 201);
  assert.equal((await led(admin, '/layers/group/grab', erxian)).status, 200, 'nobody is in it');
  refusedAs(await led(admin, '/groups/grab', {filter: 'id starts r'}), 13);
  assert.equal((await admin.get('/groups/grab')).body.devices, 0);
  refusedAs(await led(admin, '/groups/grab', {filter: 'output_today >= 0'}), 13);
  refusedAs(await led(admin, '/groups/grab', {filter: 'output_today > 1000000'}), 13);
  assert.equal(await vendors('erxian'), 0);
  assert.equal((await admin.remove('/groups/grab')).status, 204);

  const {settings} = (await admin.get('/layers/fleet')).body;
  assert.equal((await admin.post('/groups', {id: 'cover', filter: 'id starts r', priority: 900})).status, 201);
  assert.equal((await led(admin, '/layers/group/cover', {routes: settings.routes})).status, 200, 'they are the same routes');
  assert.equal((await admin.post('/groups', {id: 'under', filter: 'id starts r', priority: 800})).status, 201);
  assert.equal((await led(admin, '/layers/group/under', erxian)).status, 200, 'a layer above it says otherwise');
  refusedAs(await led(admin, '/groups/under', {priority: 901}), 13);
  refusedAs(await admin.remove('/groups/cover'), 13);
  assert.equal((await admin.remove('/groups/under')).status, 204);
  assert.equal((await admin.remove('/groups/cover')).status, 204);
  assert.equal(await vendors('erxian'), 0);
});

test('nor robot by robot: what one person leads within a day is counted together', async () => {
  const erxian = {routes: [{vendor: 'erxian', model: 'm', contract: 'erxian-terms'}]};
  assert.equal((await admin.post('/operators', {id: 'edda', role: 'operator', password: 'edda-password'})).status, 201);
  const edda = await stack.login('edda', 'edda-password');
  assert.equal((await edda.post('/groups', {id: 'hand', priority: 900})).status, 201);
  assert.equal((await edda.post('/groups', {id: 'held'})).status, 201);
  assert.equal((await edda.post('/groups', {id: 'named', filter: 'labels.led = yes', priority: 901})).status, 201);
  assert.equal((await led(edda, '/layers/group/hand', erxian)).status, 200);
  assert.equal((await led(edda, '/layers/group/named', erxian)).status, 200);
  for (const id of ROBOTS.slice(0, 4)) assert.equal((await edda.put(`/groups/hand/devices/${id}`)).status, 204);
  for (const id of ROBOTS.slice(4, 8)) assert.equal((await led(edda, `/devices/${id}`, {labels: {led: 'yes'}})).status, 200);
  for (const id of ROBOTS.slice(8)) assert.equal((await led(edda, `/layers/device/${id}`, erxian)).status, 200);
  assert.equal(await vendors('erxian'), 12);
  refusedAs(await edda.put('/groups/hand/devices/r12'), 13);
  refusedAs(await led(edda, '/devices/r12', {labels: {led: 'yes'}}), 13);
  refusedAs(await led(edda, '/layers/device/r12', erxian), 13);
  assert.equal(await vendors('erxian'), 12);
  assert.equal((await led(edda, '/devices/r12', {name: 'Zwölf'})).status, 200, 'what leads nobody is free');
  assert.equal((await edda.put('/groups/held/devices/r12')).status, 204);
  assert.equal((await led(edda, '/groups/named', {filter: 'labels.led = yes and not group = held'})).status, 200);
  assert.equal((await led(edda, '/devices/r12', {labels: {led: 'yes'}})).status, 200);
  refusedAs(await edda.remove('/groups/held/devices/r12'), 13);
  refusedAs(await edda.remove('/groups/held'), 13);
  assert.equal((await edda.get('/groups/held')).body.devices, 1);

  for (const id of ROBOTS.slice(0, 4)) assert.equal((await edda.remove(`/groups/hand/devices/${id}`)).status, 204, 'the way back is the same robots');
  await stack.sql("UPDATE myna.led_alone SET led_at = led_at - interval '25 hours'");
  assert.equal((await led(edda, '/layers/device/r12', erxian)).status, 200, 'a day later');
  for (const id of [...ROBOTS.slice(8), 'r12']) assert.equal((await led(edda, `/layers/device/${id}`, {})).status, 200);
  for (const id of ['hand', 'named', 'held']) assert.equal((await edda.remove(`/groups/${id}`)).status, 204);
  assert.equal(await vendors('dahan'), 13);
});

test('what has not begun is dropped, what has stays for the record', async () => {
  await admin.post('/rollouts', {id: 'never', patch: {volume: 1}});
  assert.equal((await admin.remove('/rollouts/never')).status, 204);
  assert.equal((await admin.remove('/rollouts/never')).status, 404);
  await admin.post('/rollouts', {id: 'never', patch: {volume: 2}});
  const told = (await admin.get('/rollouts/never/history')).body.items;
  assert.deepEqual(told.map(({event}) => event), ['create'], 'what another of this id went through is not its own');
  assert.equal((await admin.remove('/rollouts/first')).status, 409);
  const {items, next} = (await admin.get('/rollouts?limit=2')).body;
  assert.equal(items.length, 2);
  const more = (await admin.get(`/rollouts?limit=50&after=${next}`)).body.items;
  assert.ok(!more.some(({id}) => items.some((item) => item.id === id)));
  assert.ok(more.some(({id}) => id === 'first'));
});
