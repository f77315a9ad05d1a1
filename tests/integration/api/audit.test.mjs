// The audit against whoever can write the database: its head is published outside, and a chain that was
// written anew does not fit what was published.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const folder = mkdtempSync(join(tmpdir(), 'myna-heads-'));
const file = join(folder, 'heads.jsonl');
let stack;
let admin;
let key;

before(async () => {
  stack = hold(await Stack.create({audit_head_file: file, audit_head_syslog: 'yes', audit_head_interval_s: '1'}));
  admin = await stack.login();
  key = (await admin.post('/api-keys', {name: 'ctl', role: 'operator'})).body.key;
  for (const id of ['one', 'two', 'three', 'four']) assert.equal((await admin.post('/groups', {id})).status, 201);
  await published();
});

after(async () => {
  await stack?.end();
  rmSync(folder, {recursive: true, force: true});
});

const heads = () => readFileSync(file, 'utf8').trim().split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));

function published() {
  return until(30, 'the newest row was not published', async () => {
    const {body} = await admin.get('/audit?limit=1');
    return heads().at(-1)?.seq === body.items[0].seq && heads().at(-1).hash === body.items[0].hash;
  });
}

// {status, out, error} of mynactl audit ...
function ctl(...words) {
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key};
  return new Promise((done) => execFile(process.env.MYNACTL, ['audit', ...words], {env}, (error, out, err) =>
    done({status: error?.code ?? 0, out, error: err})));
}

// Makes a chain of what there is, as one who knows how it is made would.
const REWRITE = `DO $$ DECLARE r record; n bigint := 0; h bytea := decode(repeat('00', 32), 'hex'); BEGIN
  CREATE TEMP TABLE forged AS SELECT * FROM myna.audit; DELETE FROM myna.audit;
  FOR r IN SELECT * FROM forged ORDER BY seq LOOP
    n := n + 1; h := myna.audit_hash(h, n, r.at, r.actor, r.source, r.action, r.subject, r.before, r.after);
    INSERT INTO myna.audit VALUES (n, r.at, r.actor, r.source, r.action, r.subject, r.before, r.after, h);
  END LOOP; UPDATE myna.audit_head SET seq = n, hash = h; END $$`;

// What mynactl and the server itself say while change is in the database.
async function planted(change) {
  await stack.sql(`CREATE TABLE public.kept AS SELECT * FROM myna.audit; CREATE TABLE public.kept_head AS SELECT * FROM myna.audit_head; ${change}; ${REWRITE}`);
  const kept = join(folder, 'kept.jsonl');
  writeFileSync(kept, before_lines);
  const chain = (await admin.get('/audit/verify')).body.ok;
  const verdict = await ctl('verify', '--head', kept);
  await stack.sql(`DELETE FROM myna.audit; INSERT INTO myna.audit SELECT * FROM public.kept; UPDATE myna.audit_head h SET seq = k.seq, hash = k.hash FROM public.kept_head k;
    DROP TABLE public.kept; DROP TABLE public.kept_head`);
  return {chain, ...verdict};
}

let before_lines;

test('the head is published as it moves, and fits the audit', async () => {
  const [first] = heads();
  assert.deepEqual(Object.keys(first), ['at', 'seq', 'hash']);
  const verdict = await ctl('verify', '--head', file);
  assert.equal(verdict.status, 0, verdict.error);
  assert.match(verdict.out, /the audit is whole: \d+ rows, .*as published \d+ times/);
  before_lines = readFileSync(file, 'utf8');
  const wrong = join(folder, 'wrong.jsonl');
  writeFileSync(wrong, 'no head\n');
  assert.match((await ctl('verify', '--head', wrong)).error, /wrong\.jsonl:1 is no line that mynad publishes/);
  writeFileSync(wrong, '');
  assert.equal((await ctl('verify', '--head', wrong)).status, 1);
});

test('a start goes on in the same file, behind a line that a crash cut off', async () => {
  await stack.stop();
  writeFileSync(file, '{"at":"2026', {flag: 'a'});
  await stack.start();
  assert.equal((await admin.post('/groups', {id: 'five'})).status, 201);
  await until(30, 'it was not published', () => readFileSync(file, 'utf8').trim().split('\n').length > before_lines.trim().split('\n').length + 1);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  assert.ok(readFileSync(file, 'utf8').startsWith(before_lines), 'what stood there stands there');
  assert.ok(JSON.parse(lines.at(-1)).seq > 0);
  const verdict = await ctl('verify', '--head', file);
  assert.equal(verdict.status, 0, verdict.error);
  assert.match(verdict.error, /was cut off by a crash/);
});

for (const [name, change] of [
  ['changed row', "UPDATE myna.audit SET actor = 'operator:mallory' WHERE subject = 'group/two'"],
  ['deleted row', "DELETE FROM myna.audit WHERE subject = 'group/two'"],
  ['change of order', `WITH a AS (SELECT min(seq) AS x FROM myna.audit WHERE subject = 'group/two'), b AS (SELECT min(seq) AS y FROM myna.audit WHERE subject = 'group/three')
    UPDATE myna.audit SET subject = CASE seq WHEN x THEN 'group/three' ELSE 'group/two' END FROM a, b WHERE seq IN (x, y)`],
]) {
  test(`a ${name} is found, also when the whole chain was written anew`, async () => {
    const {chain, status, error} = await planted(change);
    assert.equal(chain, true, 'the chain alone tells nothing');
    assert.equal(status, 1);
    assert.match(error, /the audit was altered: row \d+, published at/);
    assert.equal((await ctl('verify')).status, 0, 'it was put back');
  });
}

test('the server itself raises an alert when the newest published head does not stand any more', async () => {
  await published();
  await stack.sql(`UPDATE myna.audit SET actor = 'operator:mallory' WHERE subject = 'group/two'; ${REWRITE}`);
  await until(30, 'no alert', async () => (await admin.get('/alerts')).body.items.some(({kind}) => kind === 'audit_altered'));
  const {items} = (await admin.get('/alerts')).body;
  assert.equal(items.find(({kind}) => kind === 'audit_altered').severity, 'critical');
});

test('all of it comes as lines of JSON', async () => {
  const {out, status} = await ctl('export');
  assert.equal(status, 0);
  const rows = out.trim().split('\n').map((line) => JSON.parse(line));
  const [[count]] = await stack.sql('SELECT count(*) FROM myna.audit');
  assert.equal(rows.length, Number(count));
  assert.deepEqual(rows.map(({seq}) => seq), rows.map((row, i) => rows.length - i));
});

test('while nothing outside the database tells the head, an alert says so, until something does', async () => {
  const current = async () => (await admin.get('/alerts')).body.items.some(({kind, state}) => kind === 'audit_unpublished' && state !== 'cleared');
  const before_ = readFileSync(stack.config, 'utf8');
  const startWith = async (config) => {
    await stack.stop();
    writeFileSync(stack.config, config);
    await stack.start();
  };
  assert.equal(await current(), false);
  await startWith(before_.replace(/^audit_head_file.*$/m, '').replace('audit_head_syslog = yes', 'audit_head_syslog = no'));
  await until(30, 'no alert', current);
  await startWith(before_);
  await until(30, 'it stays', async () => !(await current()));
});

test('I7: what a migration raised in own roles is in the audit, once', async () => {
  const told = new URL('../../../migrations/0264_audit_right_told.sql', import.meta.url);
  const rows = () => stack.sql("SELECT before #>> '{may,audit}', after #>> '{may,audit}' FROM myna.audit WHERE subject = 'role/auditor' AND actor = 'mynad'");
  assert.equal((await admin.post('/roles', {id: 'auditor', may: {audit: 'operator'}})).status, 201);
  await stack.sql(readFileSync(told, 'utf8'));
  assert.deepEqual(await rows(), [], 'it stands there already');
  await stack.sql(`SELECT myna.audit_append('operator:root', '', 'role.update', 'role/auditor', NULL, jsonb_build_object('may', jsonb_build_object('audit', 'viewer')))`);
  for (let i = 0; i < 2; i++) await stack.sql(readFileSync(told, 'utf8'));
  assert.deepEqual(await rows(), [['viewer', 'operator']]);
  assert.equal((await admin.get('/audit/verify')).body.ok, true);
});
