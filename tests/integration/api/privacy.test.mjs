// What a robot's owner may ask for: everything that is held about it, and that it is forgotten, after
// which bills and the audit still verify.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const pgBin = process.env.PG_BIN ?? '/usr/lib/postgresql/15/bin';
const folder = mkdtempSync(join(tmpdir(), 'myna-privacy-'));
const id = 'anna-schmidt-7';
const personal = {id, serial: 'SN-ANNA-7781', name: "Anna Schmidt's desk", mail: 'anna.schmidt@example.org',
  street: 'Lindenweg 12', persona: 'You live with Anna and her cat Mimi', said: 'Happy birthday, dear Anna',
  wifi: 'ssid Schmidtnetz', log: 'joined Schmidtnetz in the living room', seen: 'her voice was low', picture: 'PNGofAnnasRoom',
  note: 'pays by the month, asks for Bob'};
let stack;
let admin;
let key;
let robot;
let certificate; // of the robot that is erased

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  key = (await admin.post('/api-keys', {name: 'ctl', role: 'admin'})).body.key;
  const {items: [{code}]} = (await admin.post('/claims/import', `serial,labels\n${personal.serial},flat=${personal.street}\n`,
    {'Content-Type': 'text/csv', 'Idempotency-Key': 'claim-of-anna'})).body;
  robot = new Robot(id, personal.serial);
  const enrolled = await robot.enrol(stack, code);
  assert.equal(enrolled.status, 200);
  ({certificate} = enrolled.body);
  const others = (await admin.post('/claims', {uses: 2})).body.code;
  for (const other of ['bob', 'anna-schmidt-77']) assert.equal((await new Robot(other, `SN-${other}`).enrol(stack, others)).status, 200);
  await live();
});

after(async () => {
  if (process.env.KEEP_LOG) writeFileSync(process.env.KEEP_LOG, stack.log());
  await stack?.end();
  rmSync(folder, {recursive: true, force: true});
});

// A life with traces wherever there may be some.
async function live() {
  const done = ({status, body}) => assert.ok(status < 300, JSON.stringify(body));
  done(await admin.patch(`/devices/${id}`, {name: personal.name, labels: {owner: personal.mail, street: personal.street}}));
  done(await admin.patch(`/devices/${id}`, {name: `${personal.name} by the window`}));
  done(await admin.patch(`/devices/${id}`, {name: personal.name}));
  const layer = await admin.get(`/layers/device/${id}`);
  done(await admin.put(`/layers/device/${id}`, {settings: {persona: personal.persona}}, {'If-Match': layer.headers.etag}));
  done(await admin.post('/groups', {id: 'kitchen'}));
  for (const device of [id, 'bob']) done(await admin.put(`/groups/kitchen/devices/${device}`));
  done(await admin.post('/groups', {id: 'hers', filter: `serial = "${personal.serial}" or id = "${id}"`}));
  done(await admin.post(`/devices/${id}/commands`, {kind: 'say', text: personal.said}, {'Idempotency-Key': 'said-to-anna'}));
  done(await admin.put(`/devices/${id}/plan`, {metric: 'output', at_most: '1000000', per: 'month', note: personal.note}));
  done(await admin.post('/views', {name: `robots of ${id}`, query: {filter: `id = "${id}" or name = "${personal.name}"`}}));
  await stack.sql(`UPDATE myna.device_link SET hardware = '${personal.wifi}', setting_status = '[{"name":"persona","outcome":"refused","reason":"${personal.seen}"}]' WHERE device_id = '${id}';
    INSERT INTO myna.bundle (bundle_id, device_id, asked_by, document) VALUES (gen_random_uuid(), '${id}', 'operator:root', convert_to('{"log":"${personal.log}"}', 'UTF8'));
    INSERT INTO myna.face_picture VALUES ('${id}', now(), convert_to('${personal.picture}', 'UTF8'));
    INSERT INTO myna.alert (kind, severity, subject, detail) VALUES ('forged_message', 'critical', 'device/${id}', '{"seen":"${personal.seen}"}'),
      ('message_refused', 'critical', 'vendor/dahan', '{"devices":["bob","${id}"]}');
    INSERT INTO myna.device_health SELECT '${id}', 1, now(), 1, 2, 3, 4, 5, 6, 7, 8, 9`);
  const {items} = (await admin.get('/alerts')).body;
  done(await admin.post(`/alerts/${items.find(({subject}) => subject === `device/${id}`).id}/acknowledge`));
  await use();
}

// Two robots' usage under a contract that counts robots, with a bill of it.
async function use() {
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://vendor.example/v1', key: 'k'});
  const contract = {contract: 'big', vendor: 'dahan', currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2026-01-01', to: '2027-01-01'},
    charges: [{name: 'tokens', kind: 'graduated', metric: 'output', models: ['*'], per: 'month', tiers: [{up_to: 1000, price: '0.01'}, {price: '0.02'}]},
      {name: 'robots', kind: 'unit', metric: 'active_devices', price: '3.00', per: 'month'}]};
  const made = await admin.post('/contracts', contract);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const rows = [];
  for (const device of [id, 'bob'])
    for (let n = 1; n <= 5; n++)
      rows.push(`('${device}', ${n}, '2026-02-0${n} 10:00:00Z'::timestamptz)`);
  await stack.sql(`INSERT INTO myna.usage SELECT d, CASE d WHEN 'bob' THEN '11111111-1111-4111-8111-111111111111'::uuid ELSE '22222222-1111-4111-8111-111111111111' END,
    n, at, at, gen_random_uuid(), 1, 'dahan', 'm', 'm', 'big', 1, '', 1, 1, 0, 900, 120, 300, false, 3, 100, 200, 10, 0, 0, 0, 300, 0, 0, 0, 0, 0, 1, 0, 'CNY'
    FROM (VALUES ${rows}) r(d, n, at)`);
  assert.equal((await admin.post('/contracts/big/rerate', {})).status, 200);
}

const bill = async () => {
  const {lines, total} = (await admin.get('/contracts/big/bill?as_of=2026-03-02T00:00:00%2B08:00')).body;
  return {lines, total};
};

function dump() {
  return execFileSync(join(pgBin, 'pg_dump'), ['-h', stack.cluster.folder, '-U', 'myna', 'myna'], {encoding: 'latin1', maxBuffer: 1 << 28});
}

// Which of the planted texts a dump holds, in plain or as the hex of bytea.
function held(text) {
  const lower = text.toLowerCase();
  return Object.entries(personal).filter(([, value]) => {
    const bytes = Buffer.from(value.toLowerCase());
    return lower.replaceAll('anna-schmidt-77', '').includes(bytes.toString('latin1')) || text.includes(Buffer.from(value).toString('hex'));
  }).map(([name]) => name);
}

// {status, out, error} of mynactl device ...
function ctl(...words) {
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key};
  return new Promise((done) => execFile(process.env.MYNACTL, ['device', ...words], {env}, (error, out, err) =>
    done({status: error?.code ?? 0, out, error: err})).stdin.end());
}

test('the dump holds every planted text, so that its absence means something', () => {
  assert.deepEqual(held(dump()).sort(), Object.keys(personal).sort());
});

test('an export holds everything there is about a robot, nothing of another, and no key', async () => {
  const file = join(folder, 'anna.jsonl');
  const {status, out, error} = await ctl('export', id, file);
  assert.equal(status, 0, error);
  assert.match(out, /^wrote .*anna\.jsonl, \d+ bytes$/m);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  const lines = text.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(Object.keys(lines[0]).sort(), ['item', 'kind']);
  assert.deepEqual([lines[0].kind, lines[0].item.device_id], ['device', id]);
  assert.deepEqual(held(text), Object.keys(personal));
  const kinds = new Map();
  for (const {kind} of lines) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  assert.deepEqual([kinds.get('usage'), kinds.get('alert'), kinds.get('command'), kinds.get('face_picture'), kinds.get('bundle')], [5, 1, 1, 1, 1]);
  for (const kind of ['audit', 'device_health', 'group_member', 'layer', 'layer_revision', 'budget', 'claim', 'tally', 'usage_correction']) assert.ok(kinds.get(kind) > 0, kind);
  assert.equal(lines.some(({kind, item}) => kind !== 'audit' && (item.device_id ?? id) !== id), false);
  assert.doesNotMatch(text, /_wrapped|session_id|code_hash/);
  assert.equal((await admin.get('/audit?action=device.export')).body.items[0].subject, `device/${id}`);

  writeFileSync(join(folder, 'there'), 'kept');
  assert.equal((await ctl('export', id, join(folder, 'there'))).status, 1);
  assert.equal(readFileSync(join(folder, 'there'), 'utf8'), 'kept', 'a file that is there stays');
  assert.equal((await ctl('export', 'nobody', join(folder, 'none'))).status, 1);
  assert.equal(existsSync(join(folder, 'none')), false, 'what failed leaves no file');
});

test('what is still served is not erased, nor what is not named once more', async () => {
  const erase = (body, device = id) => admin.post(`/devices/${device}/erase`, body);
  assert.equal((await erase({}, 'nobody')).status, 404);
  assert.match((await erase({confirm: personal.serial})).body.detail, /active: revoke or retire it first/);
  assert.equal((await admin.post(`/devices/${id}/revoke`)).status, 200);
  assert.equal((await erase({confirm: id})).body.errors[0].pointer, '/confirm');
  assert.equal((await erase({})).status, 400);
  const {status, error} = await ctl('erase', id);
  assert.equal(status, 2, 'nobody is there to be asked');
  assert.match(error, /nothing was erased: --yes does it/);
  assert.equal((await admin.get(`/devices/${id}`)).body.name, personal.name);
});

test('a dry run counts what would go, and nothing goes', async () => {
  const before_it = (await admin.get('/audit?limit=1')).body.items[0].seq;
  const {status, out, error} = await ctl('erase', id, '--dry-run');
  assert.equal(status, 0, error);
  assert.match(out, /^to be forgotten of anna-schmidt-7:\n/);
  for (const line of ['alert +1', 'bundle +1', 'command +1', 'face_picture +1', 'layer_revision +\\d+', 'audit +\\d+']) assert.match(out, new RegExp(`^ +${line}$`, 'm'));
  assert.deepEqual(held(dump()).sort(), Object.keys(personal).sort());
  assert.equal((await admin.get('/audit?limit=1')).body.items[0].seq, before_it);
});

test('I5, I7: an erased robot is nowhere in the database, and bills and the audit stand', async () => {
  const asked = await bill();
  assert.equal(asked.total > '0', true, JSON.stringify(asked));
  const heads = await stack.sql("SELECT seq, encode(hash, 'hex') FROM myna.audit ORDER BY seq");
  const {status, out, error} = await ctl('erase', id, '--yes');
  assert.equal(status, 0, error);
  const [, name] = /its usage goes on as (erased-[0-9a-f]{16})/.exec(out);

  const text = dump();
  assert.deepEqual(held(text), [], text.split('\n').filter((line) => held(line).length).join('\n'));
  assert.equal((await admin.get(`/devices/${id}`)).status, 404);
  assert.deepEqual((({name: called, serial, labels, status: state}) => [called, serial, labels, state])((await admin.get(`/devices/${name}`)).body), ['', '', {}, 'revoked']);
  assert.deepEqual((await admin.get('/groups/hers')).body.filter.includes(name), true);

  assert.deepEqual(await bill(), asked);
  assert.equal((await admin.post('/contracts/big/rerate', {})).status, 200, 'also counted anew from the records');
  assert.deepEqual(await bill(), asked);
  const hours = (await admin.get('/usage?by=device&from=2026-02-01&to=2026-02-28')).body;
  assert.deepEqual(hours.items.map(({device, attempts}) => [device, Number(attempts)]).sort(), [['bob', 5], [name, 5]].sort());

  const verdict = (await admin.get('/audit/verify')).body;
  assert.equal(verdict.ok, true, JSON.stringify(verdict));
  const parts = [];
  for (let at = 0; at !== null;) {
    const part = (await admin.get(`/audit/verify?limit=7${at ? `&after=${at}` : ''}`)).body;
    parts.push(part.ok);
    at = part.next;
  }
  assert.ok(parts.length > 2 && parts.every(Boolean), 'in parts as well');
  const now = await stack.sql("SELECT seq, encode(hash, 'hex') FROM myna.audit ORDER BY seq");
  assert.deepEqual(now.slice(0, heads.length), heads, 'heads that were published before still fit');
  const [told] = (await admin.get('/audit?action=device.erase')).body.items;
  assert.deepEqual([told.actor.split(':')[0], told.subject, told.before], ['api-key', `device/${name}`, null]);
  assert.deepEqual(Object.keys(told.after).sort(), ['audit_rows', 'receipt']);
});

test('another robot, whose name only begins like the erased one, and what was told of both, stay', async () => {
  const {items} = (await admin.get('/audit?subject=device/anna-schmidt-77')).body;
  assert.deepEqual(items.map(({action, erased_by}) => [action, erased_by]), [['device.enrol', null]]);
  const members = (await admin.get('/audit?action=group.add')).body.items.map(({after: row}) => row.device);
  assert.ok(members.includes('bob') && members.some((member) => member.startsWith('erased-')), members.join());
  const [alert] = (await admin.get('/alerts')).body.items.filter(({subject}) => subject === 'vendor/dahan');
  assert.deepEqual([alert.detail.devices[0], /^erased-/.test(alert.detail.devices[1])], ['bob', true]);
});

test('an erased robot does not come back, and is not erased twice', async () => {
  const [[name]] = await stack.sql("SELECT device_id FROM myna.device WHERE erased_at IS NOT NULL");
  assert.match((await admin.post(`/devices/${name}/erase`, {confirm: name})).body.detail, /erased already/);
  assert.equal((await robot.renew(stack, certificate)).status, 403, 'nor by the certificate that it still has');
  assert.equal((await admin.get(`/devices/${id}`)).status, 404);
});

// Each is done, found and taken back, in one transaction that nobody else sees.
const verdict = (change) => stack.sql(`BEGIN; ${change}; SELECT bool_and(myna.audit_row_stands(a, coalesce(
  (SELECT p.hash FROM myna.audit p WHERE p.seq = a.seq - 1), decode(repeat('00', 32), 'hex')))) FROM myna.audit a; ROLLBACK`);

const blanked = '(SELECT max(seq) FROM myna.audit WHERE erased_by IS NOT NULL)';
for (const [name, change] of [
  ['what is left of a blanked row is changed', `UPDATE myna.audit SET actor = 'operator:mallory' WHERE seq = ${blanked}`],
  ['a blanked row gets other content', `UPDATE myna.audit SET after = '{"a":1}' WHERE seq = ${blanked}`],
  ['a row is blanked without an erasure', "UPDATE myna.audit SET after = NULL WHERE action = 'contract.create'"],
  ['a row is passed off as blanked', "UPDATE myna.audit SET after = NULL, erased_by = (SELECT max(seq) FROM myna.audit WHERE action = 'device.erase') WHERE action = 'contract.create'"],
  ['a digest is put in for such a row', `INSERT INTO myna.audit_erasure SELECT a.seq, e.seq, '\\x00', myna.audit_hash('\\x00'::bytea || p.hash || a.hash, a.seq, a.at, a.actor, a.source, a.action, a.subject, NULL, NULL)
     FROM myna.audit a JOIN myna.audit p ON p.seq = a.seq - 1, (SELECT max(seq) AS seq FROM myna.audit WHERE action = 'device.erase') e WHERE a.action = 'contract.create';
     UPDATE myna.audit SET before = NULL, after = NULL, erased_by = (SELECT max(seq) FROM myna.audit WHERE action = 'device.erase') WHERE action = 'contract.create'`],
  ['the rows before a blanked one are written anew', `UPDATE myna.audit SET hash = sha256(hash) WHERE seq = ${blanked} - 1`],
  ['a digest is taken away', `DELETE FROM myna.audit_erasure WHERE seq = ${blanked}`],
  ['the receipt is changed', "UPDATE myna.audit SET after = after || '{\"audit_rows\": 1}' WHERE action = 'device.erase'"],
]) {
  test(`I7: it is found when ${name}`, async () => {
    assert.deepEqual(await verdict('SELECT WHERE false'), [['t']]);
    assert.deepEqual(await verdict(change), [['f']]);
  });
}

test('rows that tell of two robots are blanked for the one and later for the other', async () => {
  assert.equal((await admin.post('/devices/bob/revoke')).status, 200);
  assert.equal((await admin.post('/devices/bob/erase', {confirm: 'SN-bob'})).status, 200);
  assert.deepEqual(await verdict('SELECT WHERE false'), [['t']]);
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
  assert.doesNotMatch(dump(), /SN-bob/);
});
