// mynactl apply, get and edit: a fleet kept as files; servers by name; what the shell completes.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {chmodSync, mkdirSync, statSync, readFileSync, writeFileSync, rmSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
let stack;
let admin;
let env;
let folder;

const FILES = {
  'regions.yaml': 'region: cn\nallows: [sg]\nnote: home\n',
  'vendors/dahan.yaml': 'vendor: dahan\nname: Dahan\nbase_url: http://127.0.0.1:9/v1\nregion: cn\n',
  'vendors/terms.yaml': `contract: dahan-2026
vendor: dahan
currency: CNY
zone: Asia/Shanghai
charges:
  - {kind: unit, metric: output, per: month, price: "2.00", unit: 1000000}
thresholds:
  - {of: spend, limit: "100.00", per: month, at: "80%", do: [alert]}
`,
  'groups.yml': 'group: high\nname: Upstairs\npriority: 110\nfilter: labels.floor>6\n',
  'layer.json': '{"layer": "group:high", "settings": {"volume": 40, "persona": "You are kind: very."}}',
  'budget.yaml': 'budget: high-day\nscope: group\nsubject: high\nmetric: output\nat_most: 200000\nper: day\nthresholds: [{at: "90%", do: [alert, block]}]\n',
};

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key,
    MYNACTL_CONFIG: join(stack.home, 'none'), TMPDIR: stack.home};
  folder = join(stack.home, 'fleet');
  mkdirSync(join(folder, 'vendors'), {recursive: true});
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});

after(() => stack?.end());

const ctl = async (...words) => (await run(mynactl, words, {env})).stdout;
const refused = (...words) => run(mynactl, words, {env}).then(() => assert.fail('was done'), (error) => error);
const audited = async () => Number((await stack.sql('SELECT count(*) FROM myna.audit'))[0][0]);

test('a dry run tells what would change, and changes nothing', async () => {
  const before = await audited();
  const told = await ctl('apply', '-f', folder, '--dry-run');
  assert.match(told, /^\+ region cn\n/);
  assert.match(told, /\+ vendor dahan\n {4}\+ name {13}"Dahan"\n/);
  assert.match(told, /6 to make, 0 to change, 0 to delete, 0 as they are\n$/);
  assert.equal((await refused('apply', '-f', folder, '--dry-run', '--exit-code')).code, 4);
  assert.equal(await audited(), before);
});

test('a folder is made as it says, whatever refers to what, and once', async () => {
  const told = await ctl('apply', '-f', folder);
  assert.match(told, /made region cn\nmade vendor dahan\nmade contract dahan-2026\nmade group high\nmade layer group:high\nmade budget high-day\n$/);
  assert.deepEqual((await admin.get('/layers/group/high')).body.settings, {volume: 40, persona: 'You are kind: very.'});
  assert.equal((await admin.get('/groups/high')).body.filter, 'labels.floor > 6');
  const before = await audited();
  assert.equal(await ctl('apply', '-f', folder), '0 to make, 0 to change, 0 to delete, 6 as they are\n');
  assert.equal(await ctl('apply', '-f', folder, '--dry-run', '--exit-code'), '0 to make, 0 to change, 0 to delete, 6 as they are\n');
  assert.equal(await audited(), before, 'again is nothing');
});

test('what an object is told as is what makes it', async () => {
  for (const [kind, id] of [['region', 'cn'], ['vendor', 'dahan'], ['contract', 'dahan-2026'], ['group', 'high'],
    ['layer', 'group:high'], ['budget', 'high-day']]) {
    const text = await ctl('get', kind, id);
    assert.ok(text.startsWith(`${kind}: ${id}\n`), text);
    const file = join(stack.home, 'one.yaml');
    writeFileSync(file, text);
    assert.match(await ctl('apply', '-f', file), /1 as they are\n$/, text);
  }
  assert.ok(!(await ctl('get', 'vendor', 'dahan')).includes('key'));
  assert.equal((await refused('get', 'robot', 'x')).code, 2);
});

test('a difference is shown member by member, and only it is written', async () => {
  writeFileSync(join(folder, 'groups.yml'), FILES['groups.yml'].replace('110', '120'));
  writeFileSync(join(folder, 'layer.json'), '{"layer": "group:high", "settings": {"volume": 45}}');
  const {items} = JSON.parse(await ctl('apply', '-f', folder, '--dry-run', '--json'));
  assert.deepEqual(items.filter(({action}) => action === 'change').map(({kind, id, changes}) => [kind, id, changes]), [
    ['group', 'high', [{name: 'priority', from: 110, to: 120}]],
    ['layer', 'group:high', [{name: 'volume', from: 40, to: 45}, {name: 'persona', from: 'You are kind: very.', to: null}]]]);
  assert.match(await ctl('apply', '-f', folder), /changed group high\nchanged layer group:high\n$/);
  const group = (await admin.get('/groups/high')).body;
  assert.deepEqual([group.priority, group.name], [120, 'Upstairs']);
});

test('everything is looked at before the first write, and all that is wrong is told by its line', async () => {
  const bad = join(stack.home, 'bad');
  mkdirSync(bad);
  const before = await audited();
  const cases = {
    'a.yaml': ['group: fine\nname: Fine\n', null],
    'b.yaml': ['group: odd\nfilter: labels.floor >\n', /b\.yaml:2: filter: at character 15/],
    'c.yaml': ['layer: fleet\nsettings:\n  volume: 400\n', /c\.yaml:3: settings\/volume: must be an integer from 0 to 100/],
    'd.yaml': ['budget: x\nscope: fleet\ncap: 3\n', /d\.yaml:3: cap: is no member/],
    'e.yaml': ['contract: c\nvendor: dahan\n', /e\.yaml:1: currency/],
    'f.yaml': ['name: nobody\n', /f\.yaml:1: the document names no object/],
  };
  for (const [name, [text]] of Object.entries(cases)) writeFileSync(join(bad, name), text);
  const {code, stderr} = await refused('apply', '-f', bad);
  assert.equal(code, 1);
  for (const [, complaint] of Object.values(cases)) if (complaint) assert.match(stderr, complaint);
  assert.match(stderr, /nothing was changed\n$/);
  assert.equal(await audited(), before);
  rmSync(bad, {recursive: true});

  const one = join(stack.home, 'one.yaml');
  writeFileSync(one, 'budget: high-day\nper: month\n');
  assert.match((await refused('apply', '-f', one)).stderr, /one\.yaml:2: per: stays as it was made/);
  writeFileSync(one, 'layer: group:nowhere\nsettings: {volume: 1}\n');
  assert.match((await refused('apply', '-f', one)).stderr, /there is no group nowhere, neither here nor at the server/);
  writeFileSync(one, FILES['vendors/terms.yaml'].replace('Asia/Shanghai', 'Asia/Atlantis'));
  assert.match((await refused('apply', '-f', one)).stderr, /one\.yaml:4: zone/);
  assert.equal(await audited(), before);
});

test('thresholds are made, changed and taken away as documents say, and only those that differ are told', async () => {
  const one = join(stack.home, 'one.yaml');
  const budget = FILES['budget.yaml'];
  const rules = async () => (await admin.get('/budgets/high-day')).body.thresholds.map(({at, do: deeds}) => `${at} ${deeds}`);
  const write = (list) => writeFileSync(one, budget.replace(/thresholds: .*/, `thresholds: ${list}`));

  write('[{at: "50%", do: [alert]}, {at: "90%", do: [alert, block]}]');
  assert.match(await ctl('apply', '-f', one), /^~ budget high-day\n {4}\+ thresholds {7}\{"at":"50%","do":\["alert"\]\}\n0 to make/);
  assert.deepEqual(await rules(), ['50% alert', '90% alert,block']);
  write('[{at: "60%", do: [alert]}, {at: "90%", do: [alert, block]}]');
  assert.match(await ctl('apply', '-f', one, '--dry-run'), /^~ budget high-day\n {4}- thresholds .*"50%".*\n {4}\+ thresholds .*"60%".*\n0 to make/);
  await ctl('apply', '-f', one);
  assert.deepEqual(await rules(), ['60% alert', '90% alert,block']);
  write('[]');
  await ctl('apply', '-f', one);
  assert.deepEqual(await rules(), []);
  assert.match(await ctl('apply', '-f', one), /1 as they are/);
  writeFileSync(one, budget);
  await ctl('apply', '-f', one);

  const terms = join(stack.home, 'terms.yaml');
  const contract = FILES['vendors/terms.yaml'];
  writeFileSync(terms, `${contract}  - {of: spend, limit: "100.00", per: month, at: "95%", do: [alert, canned]}\n`);
  assert.match(await ctl('apply', '-f', terms), /^~ contract dahan-2026\n {4}\+ thresholds .*"95%".*\n0 to make, 1 to change/);
  writeFileSync(terms, contract.replace(/thresholds:\n.*\n/, ''));
  assert.match(await ctl('apply', '-f', terms), / {4}- thresholds /);
  assert.equal((await admin.get('/contracts/dahan-2026')).body.versions[0].document.thresholds, undefined);
  writeFileSync(terms, contract);
  await ctl('apply', '-f', terms);
});

test('a refusal on the way tells what was done and what was not, and again goes on from there', async () => {
  const half = join(stack.home, 'half');
  const budget = (id, metric) => writeFileSync(join(half, `${id}.yaml`),
    `budget: ${id}\nscope: group\nsubject: alpha\nmetric: ${metric}\nat_most: 3\nper: day\n`);
  mkdirSync(half);
  writeFileSync(join(half, 'a.yaml'), 'group: alpha\n');
  budget('alpha-day', 'spend\ncurrency: USD');
  budget('beta-day', 'output');
  const {code, stdout, stderr} = await refused('apply', '-f', half);
  assert.equal(code, 1);
  assert.match(stdout, /made group alpha\n$/);
  assert.match(stderr, /1 of 3 were done; not done:\n {2}make budget alpha-day\n {2}make budget beta-day\n/);
  budget('alpha-day', 'output');
  assert.match(await ctl('apply', '-f', half), /2 to make, 0 to change, 0 to delete, 1 as they are\nmade budget alpha-day\nmade budget beta-day\n$/);
  for (const [kind, id] of [['budget', 'alpha-day'], ['budget', 'beta-day'], ['group', 'alpha']]) await ctl(kind, 'delete', id);
  rmSync(half, {recursive: true});
});

test('what no document names goes only when it is asked for', async () => {
  await ctl('group', 'set', 'stray');
  assert.match(await ctl('apply', '-f', folder), /0 to delete/);
  assert.match(await ctl('apply', '-f', folder, '--prune', '--dry-run'), /- group stray\n/);
  assert.match(await ctl('apply', '-f', folder, '--prune'), /deleted group stray\n$/);
  assert.equal((await admin.get('/groups/stray')).status, 404);
  assert.equal((await admin.get('/groups/high')).status, 200);
});

test('channels, roles, views, blackouts and retention are kept as files, too: made, left as they are, changed, taken away', async () => {
  const rest = join(stack.home, 'rest');
  const write = (files) => Object.entries(files).forEach(([name, text]) => writeFileSync(join(rest, name), text));
  const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const blackout = (until) => `blackout: Spring festival\nfrom: "${day(30)}T00:00:00+08:00"\nuntil: "${day(until)}T00:00:00+08:00"\n`;
  mkdirSync(join(rest, 'secrets'), {recursive: true});
  write({'secrets/url': 'https://hooks.example/in?key=k1\n', 'secrets/secret': 'sixteen bytes at least\n',
    'channel.yaml': 'channel: ops\nkind: webhook\nurl_file: secrets/url\nsecret_file: secrets/secret\nmin_severity: critical\n',
    'role.yaml': 'role: desk\nmay: {devices: operator, vendors: viewer}\ngroups: [high]\nnote: The desk\n',
    'view.json': '{"view": "Behind, upstairs", "query": {"state": "behind", "group": "high"}}',
    'blackout.yaml': blackout(40), 'old.yaml': 'blackout: Last year\nfrom: 2025-01-01T00:00:00+08:00\nuntil: 2025-01-02T00:00:00+08:00\n',
    'retention.yaml': 'retention: commands\nkeep: 90\n'});
  const hidden = /k1|k2|sixteen|hooks/;

  const told = await ctl('apply', '-f', rest, '--dry-run');
  assert.match(told, /\+ channel ops\n[^]*\+ url +"\(not told\)"\n {4}\+ secret +"\(not told\)"/);
  assert.match(told, /4 to make, 1 to change, 0 to delete, 1 as they are\n$/);
  assert.match(await ctl('apply', '-f', rest), /made role desk\nmade channel ops\nmade view Behind, upstairs\nmade blackout Spring festival\nchanged retention commands\n$/);
  const before = await audited();
  assert.equal(await ctl('apply', '-f', rest), '0 to make, 0 to change, 0 to delete, 6 as they are\n');
  assert.equal(await audited(), before, 'again is nothing');
  for (const [kind, id] of [['role', 'desk'], ['view', 'Behind, upstairs'], ['blackout', 'Spring festival'], ['retention', 'commands'], ['channel', 'ops']]) {
    const text = await ctl('get', kind, id);
    assert.doesNotMatch(text, hidden);
    writeFileSync(join(stack.home, 'one.yaml'), text);
    assert.match(await ctl('apply', '-f', join(stack.home, 'one.yaml')), /1 as they are\n$/, text);
  }

  write({'secrets/url': 'https://hooks.example/in?key=k2\n', 'role.yaml': 'role: desk\nmay: {devices: support}\n', 'blackout.yaml': blackout(41),
    'view.json': '{"view": "Behind, upstairs", "query": {"state": "silent"}, "shared": true}'});
  const {items} = JSON.parse(await ctl('apply', '-f', rest, '--dry-run', '--json'));
  assert.deepEqual(items.filter(({changes}) => changes.length).map(({kind, action, changes}) => [kind, action, changes.map(({name}) => name)]),
    [['role', 'change', ['may']], ['channel', 'change', ['url']], ['view', 'change', ['query', 'shared']], ['blackout', 'change', ['until']]]);
  assert.doesNotMatch(JSON.stringify(items), hidden);
  assert.equal((await audited()), before);
  await ctl('apply', '-f', rest);
  assert.match(await ctl('apply', '-f', rest), /0 to make, 0 to change, 0 to delete, 6 as they are/);
  assert.deepEqual((await admin.get('/blackouts')).body.items.map(({reason, until}) => [reason, Date.parse(until)]),
    [['Spring festival', Date.parse(`${day(41)}T00:00:00+08:00`)]], 'in place of the one before');
  const role = (await admin.get('/roles/desk')).body;
  assert.deepEqual([role.may, role.groups, role.note], [{devices: 'support'}, ['high'], 'The desk']);
  assert.deepEqual((await admin.post('/channels/ops/compare', {url: 'https://hooks.example/in?key=k1', secret: 'sixteen bytes at least'})).body, {url: false, secret: true});

  // what goes for good goes only when that was said
  await stack.sql(`INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public, server_key_id, secret_wrapped)
      SELECT 'kept', 'k', now(), '', key_id, '' FROM myna.sealing_key LIMIT 1;
    INSERT INTO myna.command (command_id, device_id, kind, created_by, created_at, expires_at, status)
      SELECT gen_random_uuid(), 'kept', 'report', 'operator:root', t, t, 'done' FROM (SELECT now() - interval '60 days' t) old`);
  write({'retention.yaml': 'retention: commands\nkeep: 30\n'});
  assert.match(await ctl('apply', '-f', rest, '--dry-run'), /~ retention commands\n {4}- keep +90\n {4}\+ keep +30\n {4}1 of what is kept would go and not come back\n/);
  assert.match((await refused('apply', '-f', rest)).stderr, /1 of commands would go and not come back: mynactl apply --yes does it; nothing was changed/);
  assert.match(await ctl('apply', '-f', rest, '--yes'), /changed retention commands\n$/);

  // wrong ones
  const wrong = async (text, complaint) => {
    writeFileSync(join(stack.home, 'one.yaml'), text);
    assert.match((await refused('apply', '-f', join(stack.home, 'one.yaml'))).stderr, complaint);
  };
  await wrong('channel: ops\nsecret: sixteen bytes at least\n', /one\.yaml:2: secret: stands in no document: name its file with secret_file/);
  await wrong('channel: ops\nurl_file: nowhere\n', /nowhere/);
  await wrong('channel: ops\nkind: slack\n', /one\.yaml:2: kind: stays as it was made/);
  await wrong('blackout: Soon\nfrom: tomorrow\n', /one\.yaml:2: from: must be a time with its distance from UTC/);
  await wrong('retention: nothing\nkeep: 3\n', /there is no class "nothing" that can be set/);

  rmSync(join(rest, 'role.yaml'));
  write({'other.yaml': 'role: other\nmay: {devices: viewer}\n'});
  assert.match(await ctl('apply', '-f', rest, '--prune'), /made role other\ndeleted role desk\n$/);
  assert.equal((await admin.get('/roles/viewer')).status, 200, 'those of every installation stay');
});

test('an edit is applied, a wrong one is kept, and an unchanged one is nothing', async () => {
  const editor = join(stack.home, 'editor.sh');
  const edit = (script) => {
    writeFileSync(editor, `#!/bin/sh\n${script}\n`, {mode: 0o700});
    return run(mynactl, ['edit', 'group', 'high'], {env: {...env, EDITOR: editor, VISUAL: ''}});
  };
  const left = () => readdirSync(stack.home).filter((name) => name.startsWith('myna-'));

  assert.match((await edit('sed -i "s/120/130/" "$1"')).stdout, /- priority +120\n +\+ priority +130\n[^]*changed group high\n$/);
  assert.match((await edit(':')).stdout, /nothing was changed\n$/);
  assert.deepEqual(left(), []);
  const {stderr} = await edit('sed -i "s/130/high/" "$1"').then(() => assert.fail('was done'), (error) => error);
  assert.match(stderr, /priority: must be a whole number\n[^]*what you wrote is in /);
  assert.match(readFileSync(join(stack.home, left()[0]), 'utf8'), /priority: high/);
  assert.equal((await admin.get('/groups/high')).body.priority, 130);
});

test('servers are known by name, and their keys to nobody else', async () => {
  const file = join(stack.home, 'contexts.json');
  const key = join(stack.home, 'key');
  writeFileSync(key, `${env.MYNACTL_KEY}\n`, {mode: 0o600});
  const alone = {...process.env, MYNACTL_CONFIG: file, MYNACTL_URL: '', MYNACTL_CONTEXT: ''};
  const as = (...words) => run(mynactl, words, {env: alone});

  await as('context', 'add', 'nowhere', '--url', 'http://127.0.0.1:1');
  await as('context', 'add', 'here', '--url', `http://127.0.0.1:${stack.port}/`, '--key-file', key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await as('group', 'list').catch((error) => error)).code, 3, 'the first is the current one');
  assert.match((await as('--context', 'here', 'group', 'list')).stdout, /high/);
  assert.match((await as('context', 'use', 'here')).stdout, /commands go to here/);
  assert.match((await as('group', 'list')).stdout, /high/);
  const list = (await as('context', 'list', '--json')).stdout;
  assert.ok(!list.includes(env.MYNACTL_KEY));
  assert.deepEqual(JSON.parse(list).items.map(({name, current, by}) => [name, current, by]),
    [['nowhere', false, ''], ['here', true, 'API key']]);
  await as('context', 'remove', 'nowhere');
  assert.equal((await as('--context', 'nowhere', 'group', 'list').catch((error) => error)).code, 1);
  chmodSync(file, 0o644);
  assert.match((await as('group', 'list').catch((error) => error)).stderr, /others may read .*chmod 600/);
});

test('bash completes nouns, verbs, options and ids, and is not kept waiting', async () => {
  const complete = async (line, url = env.MYNACTL_URL) => (await run('bash', ['-c',
    'source <("$1" completion bash); COMP_WORDS=("$1"); COMP_LINE=$2; COMP_POINT=${#2}; _mynactl; printf "%s\\n" "${COMPREPLY[@]}"',
    'bash', mynactl, line], {env: {...env, MYNACTL_URL: url}})).stdout.split('\n').filter(Boolean);

  assert.deepEqual(await complete('mynactl thr'), ['threshold']);
  assert.deepEqual(await complete('mynactl group pre'), ['preview']);
  assert.deepEqual(await complete('mynactl apply --pr'), ['--prune']);
  assert.deepEqual(await complete('mynactl edit contract d'), ['dahan-2026']);
  assert.deepEqual(await complete('mynactl config set group:h'), ['high'], 'bash replaces what stands behind the colon');
  const start = Date.now();
  assert.deepEqual(await complete('mynactl group get ', 'http://10.255.255.1'), []);
  assert.ok(Date.now() - start < 20000);
});

test('what is watched is looked at again and again, and what does something is not', async () => {
  assert.equal((await refused('group', 'delete', 'high', '--watch')).code, 2);
  const child = spawn(mynactl, ['group', 'list', '--watch'], {env});
  let text = '';
  await new Promise((done, fail) => {
    child.on('exit', () => fail(new Error(text)));
    child.stdout.on('data', (data) => { text += data; if (text.split(/^group/m).length > 2) done(); });
  });
  child.removeAllListeners('exit');
  child.kill();
  assert.ok(!text.includes('\x1b'), 'no colours but at a terminal');
});
