// mynactl about many robots at once: saved lists, the same deed for all of one, and what a robot
// measured of itself.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {until} from '../../support/receivers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
const ROBOTS = ['r1', 'r2', 'r3'];
let stack;
let admin;
let env;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  await admin.post('/groups', {id: 'desk'});
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
});

after(() => stack?.end());

const ctl = async (...words) => (await run(mynactl, words, {env})).stdout;
const refused = (...words) => run(mynactl, words, {env}).then(() => assert.fail('was done'), (error) => error);
const commands = async (id) => (await admin.get(`/devices/${id}/commands`)).body.items.map(({kind}) => kind);
const members = async () => (await admin.get('/groups/desk/devices')).body.items.map(({id}) => id);

test('a wrong word is told with the one that was perhaps meant, and no page of help pushes that off the screen', async () => {
  assert.equal((await refused('device', 'lst')).stderr, 'mynactl: there is no "device lst": did you mean "device list"?\nSee mynactl device --help\n');
  assert.equal((await refused('vendr', 'list')).stderr, 'mynactl: there is no "vendr": did you mean "vendor"?\nSee mynactl --help\n');
  assert.equal((await refused('device', 'somersault')).stderr, 'mynactl: there is no "device somersault"\nSee mynactl device --help\n');
  const alone = await refused('device');
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /^mynactl: say what to do with "device"\nusage: /);
  assert.match((await refused('device', 'restart', 'r1', '--watch')).stderr, /"device restart" cannot be watched: --watch is for what only shows/);
});

test('a list gets a name, another list by the same name, and loses it', async () => {
  assert.match(await ctl('view', 'save', 'mine', '--state', 'online'), /saved view "mine"/);
  assert.match(await ctl('view', 'save', 'mine', '--filter', 'id != r3', '--shared'), /changed view "mine"/);
  const [view, ...more] = (JSON.parse(await ctl('view', 'list', '--json'))).items;
  assert.deepEqual(more, []);
  assert.deepEqual([view.name, view.query, view.shared], ['mine', {filter: 'id != r3'}, true]);
  assert.match(await ctl('view', 'list'), /mine .*id != r3.* yes /);
  await ctl('view', 'save', 'short-lived', '--q', 'x');
  assert.match(await ctl('view', 'delete', 'short-lived'), /deleted/);
  assert.match((await refused('view', 'delete', 'short-lived')).stderr, /there is no view "short-lived"/);
});

test('lists tell at a terminal as of when they are, and nothing of it to a program', async () => {
  for (const words of [['device', 'list'], ['pool', 'list'], ['alert', 'list']]) {
    const {stdout} = await run('script', ['-qec', [mynactl, ...words].join(' '), '/dev/null'], {env});
    assert.match(stdout, /\nas of \d{4}-\d\d-\d\dT[\d:.]+Z\r?\n$/, words.join(' '));
    assert.doesNotMatch(await ctl(...words), /as of/);
  }
  assert.match(await ctl('fleet'), /^as of +\d{4}-\d\d-\d\dT[\d:.]+\S+$/m);
});

test('a dry run tells whom a deed is for, and does nothing', async () => {
  assert.equal(await ctl('device', 'each', 'identify', '--view', 'mine', '--dry-run'), 'r1  offline\nr2  offline\nidentify would be for 2 robots; nothing was done\n');
  assert.deepEqual(await commands('r1'), []);
});

test('a deed is done to every robot of the list and to no other; what is typed wins over the view', async () => {
  assert.match(await ctl('device', 'each', 'report', '--view', 'mine', '--yes'), /report: 2 of 2 robots/);
  assert.deepEqual([await commands('r1'), await commands('r2'), await commands('r3')], [['report'], ['report'], []]);
  assert.match(await ctl('device', 'each', 'identify', '--view', 'mine', '--filter', 'id = r3', '--yes'), /1 of 1 robots/);
  assert.deepEqual(await commands('r3'), ['identify']);
  assert.match(await ctl('device', 'each', 'join', 'desk', '--all', '--yes'), /join: 3 of 3/);
  assert.deepEqual(await members(), ROBOTS);
  assert.match(await ctl('device', 'each', 'leave', 'desk', '--group', 'desk', '--filter', 'id = r2', '--yes'), /leave: 1 of 1/);
  assert.deepEqual(await members(), ['r1', 'r3']);
});

test('without a terminal nothing is done to many before somebody has said yes', async () => {
  const before_ = await commands('r1');
  const {code, stderr} = await refused('device', 'each', 'identify', '--all');
  assert.equal(code, 2);
  assert.match(stderr, /^identify for 3 robots: r1, r2, r3; 3 offline\nmynactl: nothing was done: --yes does it/);
  assert.deepEqual(await commands('r1'), before_);
});

test('labels are given to a list and taken away, others stay, and again is nothing', async () => {
  const labels = async () => Promise.all(ROBOTS.map(async (id) => (await admin.get(`/devices/${id}`)).body.labels));
  const audited = async () => Number((await stack.sql('SELECT count(*) FROM myna.audit'))[0][0]);
  await ctl('device', 'set', 'r1', 'labels.room=hall');
  const dry = JSON.parse(await ctl('device', 'label', 'floor=7', 'room=hall', '--filter', 'id != r3', '--dry-run', '--json'));
  assert.deepEqual([dry.robots, dry.changes, dry.first.map(({id, before}) => [id, before])], [2, 2, [['r1', {room: 'hall'}], ['r2', null]]]);
  assert.deepEqual(await labels(), [{room: 'hall'}, {}, {}]);
  assert.match(await ctl('device', 'label', 'floor=7', 'loan=yes', '--filter', 'id != r3', '--yes'), /label: 2 of 2 robots/);
  assert.deepEqual(await labels(), [{room: 'hall', floor: '7', loan: 'yes'}, {floor: '7', loan: 'yes'}, {}]);
  const before_ = await audited();
  assert.match(await ctl('device', 'label', 'floor=7', '--filter', 'labels.floor = 7', '--yes'), /2 of 2/);
  assert.equal(await audited(), before_ + 2, 'nobody changed anything: that the job began and ended');
  await ctl('device', 'label', 'loan=', 'floor=8', '--group', 'desk', '--yes');
  assert.deepEqual(await labels(), [{room: 'hall', floor: '8'}, {floor: '7', loan: 'yes'}, {floor: '8'}]);
  assert.equal((await refused('device', 'label', 'floor', '--all', '--yes')).code, 2);
});

test('one robot that cannot be told is named, and the others are told', async () => {
  await admin.post('/devices/r2/revoke');
  const {code, stdout, stderr} = await refused('device', 'each', 'restart', '--all', '--yes');
  assert.equal(code, 1);
  assert.match(stdout, /restart: 2 of 3 robots/);
  assert.match(stderr, /r2: not done: the robot is revoked/);
  assert.equal((await commands('r3'))[0], 'restart');
});

test('no list, too long a list, and what is no deed are refused before anything is done', async () => {
  const before_ = Number((await stack.sql('SELECT count(*) FROM myna.command'))[0][0]);
  assert.match((await refused('device', 'each', 'report')).stderr, /say which robots/);
  assert.match((await refused('device', 'each', 'report', '--all', '--most', '2', '--yes')).stderr, /these are 3 robots, more than 2/);
  assert.match((await refused('device', 'each', 'say', '--all', '--yes')).stderr, /say takes --text/);
  assert.match((await refused('device', 'each', 'dance', '--all')).stderr, /"dance" is no deed: identify, report/);
  assert.match((await refused('device', 'each', 'join', '--all')).stderr, /takes a group/);
  assert.match((await refused('device', 'each', 'report', '--view', 'nobody')).stderr, /there is no view "nobody"/);
  assert.equal(Number((await stack.sql('SELECT count(*) FROM myna.command'))[0][0]), before_);
});

// ---- jobs ----

const LABELLED = (value, which) => ({deed: 'label', labels: {batch: value}, which});
const jobOf = async (id) => (await admin.get(`/jobs/${id}`)).body;

async function ended(id) {
  for (;;) {
    const job = await jobOf(id);
    if (job.state !== 'running') return job;
    await sleep(20);
  }
}

// Robots that there are in the database alone: nobody has to hear of labels.
async function plant(prefix, count) {
  await stack.sql(`INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public, server_key_id, secret_wrapped)
    SELECT '${prefix}-' || lpad(n::text, 4, '0'), n::text, now(), '', (SELECT server_key_id FROM myna.device LIMIT 1), '' FROM generate_series(1, ${count}) n;
    INSERT INTO myna.device_link (device_id) SELECT device_id FROM myna.device WHERE device_id LIKE '${prefix}-%' ON CONFLICT DO NOTHING`);
}

async function file(name, text) {
  writeFileSync(join(stack.home, name), text);
  return join(stack.home, name);
}

// How often each robot's label was changed, as the audit has it: [[times, robots]...].
const changed = (value) => stack.sql(`SELECT times, count(*) FROM (SELECT subject, count(*) AS times FROM myna.audit WHERE action = 'device.update'
  AND after -> 'labels' ->> 'batch' = '${value}' GROUP BY 1) s GROUP BY 1`);

test('I6: a bulk job goes on where a server was killed, leaves no robot out and does none twice', async () => {
  await plant('bulk', 150);
  const {status, headers, body} = await admin.post('/jobs', LABELLED('one', {filter: 'id starts bulk-'}));
  assert.deepEqual([status, headers.location, body.robots, body.state], [202, `/api/v1/jobs/${body.id}`, 150, 'running']);
  await until(30, 'the job does not move', async () => (await jobOf(body.id)).done > 20);
  await stack.stop('SIGKILL');
  await plant('bulk-late', 5); // who is meant was settled when it began
  await stack.start();
  const job = await ended(body.id);
  assert.deepEqual([job.state, job.done, job.failed, job.waiting], ['ended', 150, 0, 0]);
  assert.deepEqual(await changed('one'), [['1', '150']]);
  assert.deepEqual((await stack.sql(`SELECT action, actor FROM myna.audit WHERE subject = 'job/${body.id}' ORDER BY seq`)),
    [['job.create', 'operator:root'], ['job.end', 'mynad']]);
  assert.equal((await stack.sql("SELECT DISTINCT actor FROM myna.audit WHERE subject LIKE 'device/bulk-%'")).join(), 'operator:root');
});

test('a job that is stopped leaves the rest as it is, also for another server, until it is resumed', async () => {
  const other = join(stack.home, 'other.conf');
  writeFileSync(other, readFileSync(stack.config, 'utf8').replace(/^listen = .*$/m, 'listen = 127.0.0.1:0').replace(/^device_listen = .*$/m, 'device_listen = 127.0.0.1:0'));
  const second = spawn(process.env.MYNAD ?? '.build/release/mynad', ['--config', other], {stdio: 'ignore'});
  try {
    const {body: {id}} = await admin.post('/jobs', LABELLED('two', {filter: 'id starts bulk-'}));
    await until(30, 'the job does not move', async () => (await jobOf(id)).done > 10);
    const {status, body} = await admin.post(`/jobs/${id}/stop`);
    assert.deepEqual([status, body.state], [200, 'stopped']);
    assert.ok(body.waiting > 0, 'it was faster than the test');
    assert.equal((await admin.post(`/jobs/${id}/stop`)).status, 200);
    const page = (await admin.get(`/jobs/${id}/devices?outcome=waiting&limit=2`)).body;
    assert.deepEqual([page.items.length, page.next], [2, page.items[1].device]);
    assert.deepEqual(Number((await changed('two'))[0][1]), body.done, 'nothing after the stop was answered');
    assert.equal((await admin.post(`/jobs/${id}/resume`)).body.state, 'running');
    assert.deepEqual([(await ended(id)).done, await changed('two')], [155, [['1', '155']]]);
    assert.equal((await admin.post(`/jobs/${id}/resume`)).status, 409);
    assert.equal((await admin.post(`/jobs/${id}/stop`)).status, 409);
  } finally {
    second.kill('SIGKILL');
  }
});

test('what failed is told robot by robot with its cause, and tried again when asked', async () => {
  await stack.sql("UPDATE myna.device SET labels = (SELECT jsonb_object_agg('l' || n, 'x') FROM generate_series(1, 32) n) WHERE device_id = 'bulk-0002'");
  const {body: {id}} = await admin.post('/jobs', LABELLED('three', {devices: ['r1', 'bulk-0001', 'bulk-0002']}));
  const job = await ended(id);
  assert.deepEqual([job.which, job.done, job.failed], [{named: 3}, 2, 1]);
  const {items} = (await admin.get(`/jobs/${id}/devices?outcome=failed`)).body;
  assert.deepEqual(items.map(({device, reason}) => [device, reason]), [['bulk-0002', 'it would have more than 32 labels']]);
  await stack.sql("UPDATE myna.device SET labels = '{}' WHERE device_id = 'bulk-0002'");
  assert.equal(await ctl('job', 'resume', String(id)), 'label: 3 of 3 robots\n');
  assert.deepEqual(await changed('three'), [['1', '3']]);
});

test('robots are put into quarantine and released with their reason in the audit, those that are so stay', async () => {
  assert.match(await ctl('device', 'each', 'quarantine', '--reason', 'smoke', '--filter', 'id in (r1, r3)', '--yes'), /quarantine: 2 of 2/);
  assert.deepEqual((await admin.get('/audit?subject=device/r1')).body.items[0].after, {status: 'quarantined', reason: 'smoke'});
  const {code, stdout, stderr} = await refused('device', 'each', 'release', '--ids', await file('ids', 'r1\nr2\nr3\nbulk-0001\n'), '--yes');
  assert.deepEqual([code, stdout, stderr], [1, 'release: 3 of 4 robots\n', 'mynactl: warning: r2: not done: the robot is revoked\n']);
  assert.match(await ctl('job', 'list'), /release +ended +4 +2 +1 +1 /);
  const [last] = (await admin.get('/jobs?limit=1')).body.items;
  assert.match(await ctl('job', 'robots', String(last.id), '--outcome', 'unchanged'), /bulk-0001 +unchanged/);
});

test('a region and settings of their own are given to many robots, told before, and taken back', async () => {
  const ids = await file('ids', 'r1\nr3\n');
  const which = {devices: ['r1', 'r3']};
  const own = async (id) => (await admin.get(`/layers/device/${id}`)).body.settings;
  const before = await own('r1');
  const {body} = await admin.post('/jobs/preview', {deed: 'set', settings: {volume: 31}, which});
  assert.deepEqual([body.changes, body.unchanged, body.first[0].before], [2, 0, null]);
  assert.match(await ctl('device', 'each', 'set', 'volume=31', 'persona=You are brief.', '--ids', ids, '--yes'), /set: 2 of 2/);
  assert.deepEqual(await own('r3'), {...await own('r3'), volume: 31, persona: 'You are brief.'});
  const [{action, actor, after}] = (await admin.get('/audit?subject=layer/device:r1')).body.items;
  assert.deepEqual([action, actor, after], ['layer.update', 'api-key:1', {...before, volume: 31, persona: 'You are brief.'}]);
  assert.deepEqual((await admin.post('/jobs/preview', {deed: 'set', settings: {volume: 31, persona: null}, which})).body.first.map((robot) => robot.before),
    Array(2).fill({volume: 31, persona: 'You are brief.'}));
  assert.match(await ctl('device', 'each', 'set', 'volume=32', '--ids', ids, '--yes'), /set: 2 of 2/);
  assert.deepEqual(await own('r1'), {...before, volume: 32, persona: 'You are brief.'}, 'what is not named stays');
  assert.match(await ctl('device', 'each', 'set', 'volume=', 'persona=', '--ids', ids, '--yes'), /set: 2 of 2/);
  assert.deepEqual(await own('r1'), before);

  assert.match(await ctl('device', 'each', 'region', 'cn', '--ids', ids, '--yes'), /region: 2 of 2/);
  const {body: moved} = await admin.post('/jobs/preview', {deed: 'region', region: 'sg', which});
  assert.deepEqual([moved.changes, moved.first[0].before], [2, {region: 'cn'}]);
  assert.equal((await admin.post('/jobs/preview', {deed: 'region', region: 'cn', which})).body.unchanged, 2);
  assert.match(await ctl('device', 'each', 'region', '', '--ids', ids, '--yes'), /region: 2 of 2/);

  const routes = [{vendor: 'nobody', model: 'm', contract: 'none'}];
  const {body: {id}} = await admin.post('/jobs', {deed: 'set', settings: {routes}, which: {devices: ['r1']}});
  assert.equal((await ended(id)).failed, 1);
  assert.equal((await admin.get(`/jobs/${id}/devices?outcome=failed`)).body.items[0].reason, 'there is no vendor "nobody"');
});

test('a preview counts whom it changes, who is so already and whom it is refused of, and changes nothing', async () => {
  const {body} = await admin.post('/jobs/preview', {deed: 'quarantine', reason: 'x', which: {q: 'r'}});
  assert.equal(body.robots, body.changes + body.unchanged + body.refused);
  assert.deepEqual([body.refused, body.first[0].id, body.first[0].effect], [1, 'r2', 'refused']);
  const {changes, unchanged} = (await admin.post('/jobs/preview', LABELLED('two', {filter: 'id starts bulk-'}))).body;
  assert.deepEqual([changes, unchanged], [2, 153]);
});

test('a job that could not be is refused with the member that is at fault', async () => {
  const pointer = async (body) => { const answer = await admin.post('/jobs', body); return [answer.status, answer.body.errors?.[0]?.pointer]; };
  const all = {all: true};
  await admin.post('/groups', {id: 'cn', filter: 'region = cn'});
  assert.deepEqual(await pointer({deed: 'dance', which: all}), [400, '/deed']);
  assert.deepEqual(await pointer({deed: 'label', which: all}), [400, '/labels']);
  assert.deepEqual(await pointer({deed: 'restart', labels: {a: 'b'}, which: all}), [400, '/labels']);
  assert.deepEqual(await pointer({deed: 'join', group: 'cn', which: all}), [400, '/group']);
  assert.deepEqual(await pointer({deed: 'set', which: all}), [400, '/settings']);
  assert.deepEqual(await pointer({deed: 'set', settings: {volume: 1000}, which: all}), [422, '/settings/volume']);
  assert.deepEqual(await pointer({deed: 'region', which: all}), [400, '/region']);
  assert.deepEqual(await pointer({deed: 'restart', which: {}}), [400, '/which']);
  assert.deepEqual(await pointer({deed: 'restart', which: {filter: 'id = '}}), [422, '/which/filter']);
  assert.deepEqual(await pointer({deed: 'restart', which: {devices: ['r1', 'nobody']}}), [400, '/which/devices']);
  assert.deepEqual(await pointer({deed: 'restart', which: {filter: 'id = nobody'}}), [409, undefined]);
});

test('each deed asks for the right that it asks for of one robot', async () => {
  await admin.post('/roles', {id: 'labels', may: {devices: 'operator', groups: 'viewer'}});
  await admin.post('/roles', {id: 'desk', may: {devices: 'operator', groups: 'operator'}, groups: ['desk']});
  const as = async (role) => stack.as({Authorization: `Bearer ${(await admin.post('/api-keys', {name: role, role})).body.key}`});
  const [support, labels, desk] = [await as('support'), await as('labels'), await as('desk')];
  const which = {devices: ['r1']};
  const join_ = {deed: 'join', group: 'desk', which};
  const may = async (who, body) => (await who.post('/jobs/preview', body)).status;
  assert.deepEqual([await may(support, {deed: 'report', which}), await may(support, {deed: 'restart', which}), await may(support, join_)], [200, 403, 403]);
  assert.deepEqual([await may(labels, LABELLED('x', which)), await may(labels, join_), await may(labels, {deed: 'revoke', which})], [200, 403, 403]);
  // bound to a group: commands alone, and to its robots
  await admin.put('/groups/desk/devices/r3');
  await admin.remove('/groups/desk/devices/r1');
  assert.equal(await may(desk, LABELLED('x', {all: true})), 403);
  assert.equal(await may(desk, {deed: 'report', which}), 400);
  const mine = (await desk.post('/jobs', {deed: 'report', which: {all: true}})).body;
  assert.equal(mine.robots, (await admin.get('/groups/desk')).body.devices);
  assert.deepEqual((await desk.get('/jobs')).body.items.map(({id}) => id), [mine.id]);
  const {body: foreign} = await admin.post('/jobs', {deed: 'report', which});
  assert.deepEqual([(await desk.get(`/jobs/${foreign.id}`)).status, (await desk.post(`/jobs/${foreign.id}/stop`)).status], [404, 404]);
  assert.equal((await support.post(`/jobs/${(await admin.post('/jobs', {...join_, which: {devices: ['r3']}})).body.id}/stop`)).status, 403);
});

test('what a robot measured of itself is told figure by figure; a count that began anew is not negative', async () => {
  assert.match(await ctl('device', 'health', 'r1'), /r1 has told nothing of itself/);
  await stack.sql("UPDATE myna.device_link SET last_seen = now() WHERE device_id = 'r1'");
  for (const [n, cpu, turns] of [[3, 10, 100], [2, 30, 140], [1, 20, 5]])
    await stack.sql(`INSERT INTO myna.device_health (device_id, slot, at, cpu_percent, memory_kib, disk_free_mib, turns, failed_turns, audio_underruns,
      frames_late, journal_pending, wifi_dbm) VALUES ('r1', ${10 - n}, now() - interval '${n} hours', ${cpu}, 1000, 500, ${turns}, 0, 0, 0, 0, -60)`);
  const told = await ctl('device', 'health', 'r1');
  assert.match(told, /r1, 3 samples from/);
  assert.match(told, /processor % +10 +30 +20 {2}▁█▄/);
  assert.match(told, /^turns +0 +40 +5 {2}▁█▁/m);
  assert.match(told, /Wi-Fi dBm +-60 +-60 +-60 {2}▁▁▁/);
});

test('the fleet is told by its parts, each with the filter that lists them', async () => {
  const told = await ctl('fleet', '--by', 'state');
  assert.match(told, /robots +filter\n/);
  assert.match(told, /^offline +\d+ +not online and status = active$/m);
  assert.match(told, /\nas of 20/);
  assert.equal(JSON.parse(await ctl('fleet', '--by', 'region', '--json')).regions[0].devices, Number((await stack.sql("SELECT count(*) FROM myna.device WHERE status = 'active'"))[0][0]));
  assert.match((await refused('fleet', '--by', 'colour')).stderr, /--by takes state, version, route, group or region, not "colour"/);
});

test('alerts are narrowed by kind, subject, severity and whose they are', async () => {
  const made = async (kind, severity, subject, whose) => (await stack.sql(`INSERT INTO myna.alert (kind, severity, subject, assigned_to)
    VALUES ('${kind}', '${severity}', '${subject}', ${whose}) RETURNING alert_id`))[0][0];
  const one = await made('disk_low', 'warning', 'device/r1', "'root'");
  const two = await made('clock_off', 'critical', 'device/r2', 'NULL');
  const ids = async (...words) => JSON.parse(await ctl('alert', 'list', '--json', ...words)).items.map(({id}) => String(id)).filter((id) => [one, two].includes(id));
  assert.deepEqual(await ids(), [two, one]);
  assert.deepEqual(await ids('--kind', 'disk_low'), [one]);
  assert.deepEqual(await ids('--subject', 'device/r2'), [two]);
  assert.deepEqual(await ids('--severity', 'critical', '--state', 'all'), [two]);
  assert.deepEqual(await ids('--assigned-to', 'root'), [one]);
  assert.match((await refused('alert', 'list', '--mine')).stderr, /an API key is nobody whose alerts there are/);
  assert.match((await refused('alert', 'list', '--severity', 'loud')).stderr, /\n {2}--severity\n/);
});

test('an operator gets another role, is shut out and let in again', async () => {
  await admin.post('/operators', {id: 'wang', role: 'viewer', password: 'correct horse'});
  const wang = async () => (await admin.get('/operators/wang')).body;
  assert.match(await ctl('user', 'set', 'wang', '--role', 'operator', '--disable'), /changed operator wang/);
  assert.deepEqual([(await wang()).role, (await wang()).disabled_at !== null], ['operator', true]);
  await ctl('user', 'set', 'wang', '--enable');
  assert.equal((await wang()).disabled_at, null);
  const child = run(mynactl, ['user', 'set', 'wang', '--password'], {env});
  child.child.stdin.end('another horse\n');
  await child;
  assert.equal((await stack.send('POST', '/api/v1/login', {body: {name: 'wang', password: 'another horse'}})).status, 200);
  assert.match((await refused('user', 'set', 'wang')).stderr, /nothing to change/);
  assert.match((await refused('user', 'set', 'root', '--disable')).stderr, /nobody would be admin/);
});

test('what a name would have the terminal do is shown, not done', async () => {
  await admin.post('/groups', {id: 'evil', name: '\u001b]0;pwned\u0007\u001b[2J\u009b2J\rgone 鹦鹉'});
  const shown = await ctl('group', 'list');
  assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  assert.match(shown, /␛\]0;pwned␇␛\[2J/);
  assert.match(await ctl('group', 'list', '--json'), /\\u001b\]0;pwned/, 'as the API says it');
});

// As somebody who types: what is asked for comes on standard input.
async function typed(input, words, own) {
  const job = run(mynactl, words, {env: own});
  job.child.stdin.end(input);
  return (await job).stdout;
}

test('who is logged in changes the password, and makes, lists and ends keys of the own', async () => {
  assert.equal((await admin.post('/operators', {id: 'nora', role: 'support', password: 'password of nora'})).status, 201);
  const {MYNACTL_URL: url, MYNACTL_KEY: _, ...rest} = env;
  const own = {...rest, MYNACTL_CONFIG: join(stack.home, 'nora.json')};
  await typed('password of nora\n', ['login', '--url', url, '--name', 'nora'], own);
  const job = run(mynactl, ['me', 'password'], {env: own});
  job.child.stdin.end('not this one\nanother password\n');
  await assert.rejects(job, ({stderr}) => /present password|the password is wrong/.test(stderr));
  assert.match(await typed('password of nora\nanother password\n', ['me', 'password'], own), /changed; your other sessions have ended/);
  assert.match((await run(mynactl, ['me'], {env: own})).stdout, /nora/);
  const made = JSON.parse((await run(mynactl, ['me', 'key-create', 'nightly', '--role', 'support', '--json'], {env: own})).stdout);
  assert.equal(made.owner, 'nora');
  assert.match((await run(mynactl, ['me', 'keys'], {env: own})).stdout, /nightly +support/);
  await assert.rejects(run(mynactl, ['me', 'key-create', 'more', '--role', 'admin'], {env: own}), ({stderr}) => /your own role/.test(stderr));
  assert.match((await run(mynactl, ['me', 'key-revoke', String(made.id)], {env: own})).stdout, /revoked key/);
  assert.equal(JSON.parse(await ctl('apikey', 'create', 'hers', '--owner', 'nora', '--json')).owner, 'nora');
  const narrow = await ctl('apikey', 'create', 'narrow', '--scope', 'usage=viewer,all=support', '--groups', 'lab,shop', '--vendors', 'all', '--json');
  assert.deepEqual(JSON.parse(narrow).scope, {may: {usage: 'viewer', '*': 'support'}, groups: ['lab', 'shop'], vendors: null});
  await assert.rejects(ctl('apikey', 'create', 'x', '--scope', 'usage'), /--scope takes AREA=ROLE/);
  await typed('another password\n', ['login', '--url', url, '--name', 'nora'], own);
});
