// mynactl about many robots at once: saved lists, the same deed for all of one, and what a robot
// measured of itself.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
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
  assert.equal(await ctl('device', 'each', 'identify', '--view', 'mine', '--dry-run'), 'r1\nr2\nidentify would be for 2 robots; nothing was done\n');
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
  assert.match(stderr, /^identify for 3 robots: r1, r2, r3\nmynactl: nothing was done: --yes does it/);
  assert.deepEqual(await commands('r1'), before_);
});

test('labels are given to a list and taken away, others stay, and again is nothing', async () => {
  const labels = async () => Promise.all(ROBOTS.map(async (id) => (await admin.get(`/devices/${id}`)).body.labels));
  const audited = async () => Number((await stack.sql('SELECT count(*) FROM myna.audit'))[0][0]);
  await ctl('device', 'set', 'r1', 'labels.room=hall');
  assert.deepEqual(JSON.parse(await ctl('device', 'label', 'floor=7', '--filter', 'id != r3', '--dry-run', '--json')),
    {deed: 'label', done: false, robots: ['r1', 'r2'], failed: []});
  assert.deepEqual(await labels(), [{room: 'hall'}, {}, {}]);
  assert.match(await ctl('device', 'label', 'floor=7', 'loan=yes', '--filter', 'id != r3', '--yes'), /label: 2 of 2 robots/);
  assert.deepEqual(await labels(), [{room: 'hall', floor: '7', loan: 'yes'}, {floor: '7', loan: 'yes'}, {}]);
  const before_ = await audited();
  assert.match(await ctl('device', 'label', 'floor=7', '--filter', 'labels.floor = 7', '--yes'), /2 of 2/);
  assert.equal(await audited(), before_, 'nobody changed anything');
  await ctl('device', 'label', 'loan=', 'floor=8', '--group', 'desk', '--yes');
  assert.deepEqual(await labels(), [{room: 'hall', floor: '8'}, {floor: '7', loan: 'yes'}, {floor: '8'}]);
  assert.equal((await refused('device', 'label', 'floor', '--all', '--yes')).code, 2);
});

test('one robot that cannot be told is named, and the others are told', async () => {
  await admin.post('/devices/r2/revoke');
  const {code, stdout, stderr} = await refused('device', 'each', 'restart', '--all', '--yes');
  assert.equal(code, 1);
  assert.match(stdout, /restart: 2 of 3 robots/);
  assert.match(stderr, /r2: not done/);
  assert.equal((await commands('r3'))[0], 'restart');
});

test('no list, too long a list, and what is no deed are refused before anything is done', async () => {
  const before_ = Number((await stack.sql('SELECT count(*) FROM myna.command'))[0][0]);
  assert.match((await refused('device', 'each', 'report')).stderr, /say which robots/);
  assert.match((await refused('device', 'each', 'report', '--all', '--most', '2')).stderr, /more than 2 robots/);
  assert.match((await refused('device', 'each', 'dance', '--all')).stderr, /"dance" is no deed: identify, report/);
  assert.match((await refused('device', 'each', 'join', '--all')).stderr, /takes a group/);
  assert.match((await refused('device', 'each', 'report', '--view', 'nobody')).stderr, /there is no view "nobody"/);
  assert.equal(Number((await stack.sql('SELECT count(*) FROM myna.command'))[0][0]), before_);
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
  assert.equal(JSON.parse(await ctl('fleet', '--by', 'region', '--json')).regions[0].devices, ROBOTS.length - 1);
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
  await typed('another password\n', ['login', '--url', url, '--name', 'nora'], own);
});
