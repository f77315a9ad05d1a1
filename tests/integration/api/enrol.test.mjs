// How robots come in: claims, keys, certificates.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {createPublicKey, diffieHellman, verify, X509Certificate} from 'node:crypto';
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

async function claim(order = {}) {
  const {status, body} = await admin.post('/claims', order);
  assert.equal(status, 201);
  return body.code;
}

const uses = async () => Number((await stack.sql('SELECT sum(uses) FROM myna.claim'))[0][0]);

test('a claimed robot gets a certificate that its root verifies', async () => {
  await admin.post('/groups', {id: 'lobby', name: 'Lobby'});
  const robot = new Robot('r1', 'SN-1');
  const {status, body} = await robot.enrol(stack, await claim({serial: 'SN-1', group: 'lobby'}));

  assert.equal(status, 200);
  const [leaf, ca] = body.certificate.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
  const root = new X509Certificate(body.root);
  const day = 86400 * 1000;
  assert.ok(Math.abs(Date.parse(leaf.validTo) - body.renew_after_ms - 730 * day / 3) < day, 'a third of its life is left');
  assert.match(leaf.subject, /CN=r1$/);
  assert.ok(leaf.verify(ca.publicKey) && ca.verify(root.publicKey));
  assert.deepEqual(body.brokers, ['127.0.0.1:1', '127.0.0.1:2']);
  const {body: device} = await admin.get('/devices/r1');
  assert.deepEqual([device.serial, device.groups, device.online], ['SN-1', ['lobby'], false]);
});

test('the sealing key comes with a statement of the server CA', async () => {
  const {body} = await new Robot('r2').enrol(stack, await claim());
  const valid = Buffer.alloc(8);
  valid.writeBigInt64BE(BigInt(body.sealing_key.valid_from_ms));
  const key = Buffer.from(body.sealing_key.public_key, 'base64');
  const statement = Buffer.concat([Buffer.from('myna sealing key 1'), key, valid]);
  const ca = new X509Certificate(body.server_ca);

  assert.ok(ca.verify(new X509Certificate(body.root).publicKey));
  assert.ok(verify('sha256', statement, ca.publicKey, Buffer.from(body.sealing_key.signature, 'base64')));
});

test('a lost answer may be asked for again with the same key, and only with it', async () => {
  const code = await claim();
  const robot = new Robot('r3');
  const first = await robot.enrol(stack, code);
  const before = await uses();
  const again = await robot.enrol(stack, code);
  const thief = await new Robot('r3').enrol(stack, code);

  assert.deepEqual([first.status, again.status, thief.status], [200, 200, 403]);
  assert.notEqual(again.body.certificate, first.body.certificate);
  assert.equal(await uses(), before);
});

test('a taken id is refused and costs the claim nothing', async () => {
  const code = await claim({uses: 2});
  assert.equal((await new Robot('r4').enrol(stack, code)).status, 200);
  const before = await uses();
  assert.equal((await new Robot('r4').enrol(stack, code)).status, 409);
  assert.equal(await uses(), before);
});

test('a batch claim lets in exactly as many robots as it says, also at once', async () => {
  const code = await claim({uses: 5});
  const answers = await Promise.all(Array.from({length: 9}, (_, n) => new Robot(`batch-${n}`).enrol(stack, code)));
  assert.equal(answers.filter(({status}) => status === 200).length, 5);
  assert.equal(answers.filter(({status}) => status === 403).length, 4);
});

test('an unknown, expired or withdrawn claim, or one for another serial number, is refused alike', async () => {
  const expired = await claim({expires_in_s: 60});
  await stack.sql("UPDATE myna.claim SET expires_at = now() WHERE claim_id = (SELECT max(claim_id) FROM myna.claim)");
  const {body} = await admin.post('/claims');
  assert.equal((await admin.remove(`/claims/${body.id}`)).status, 204);
  const foreign = await claim({serial: 'SN-9'});
  const unknown = `0000000000000000-${body.code.split('-')[1]}`;

  for (const code of [expired, body.code, foreign, unknown]) {
    const answer = await new Robot('r5', 'SN-5').enrol(stack, code);
    assert.equal(answer.status, 403);
    assert.equal(answer.body.detail, 'this claim is unknown, used up, expired or for another robot');
  }
});

test('a code may be typed in capitals, with o for 0 and i for 1', async () => {
  const [secret, print] = (await claim()).split('-');
  const typed = `${secret.toUpperCase().replaceAll('0', 'O').replaceAll('1', 'I')}-${print}`;
  assert.equal((await new Robot('r6').enrol(stack, typed)).status, 200);
});

test('keys that do not belong together are refused, field by field', async () => {
  const code = await claim({uses: 50});
  const robot = new Robot('r7');
  const other = new Robot('r7');
  const cases = [
    ['/csr', {csr: robot.request('r8')}],
    ['/csr', {csr: 'rubbish'}],
    ['/signature', {signature: other.application(code).signature}],
    ['/signature', {sealing_public: other.sealingPublic().toString('base64')}],
    ['/sealing_public', {sealing_public: 'AAAA'}],
    ['/device_id', {device_id: 'Not A Slug'}],
    ['/model', {model: 'x'}],
  ];
  for (const [pointer, change] of cases) {
    const {status, body} = await robot.enrol(stack, code, change);
    assert.equal(status, 400, pointer);
    assert.equal(body.errors[0].pointer, pointer);
  }
  assert.equal((await admin.get('/devices/r7')).status, 404);
});

test('a sealing key of low order is refused', async () => {
  const robot = new Robot('r8');
  robot.sealingPublic = () => Buffer.alloc(32);
  const {status, body} = await robot.enrol(stack, await claim());
  assert.deepEqual([status, body.errors[0].pointer], [400, '/sealing_public']);
});

test('the pair\'s secret is in the database only wrapped', async () => {
  const robot = new Robot('r9');
  const {body} = await robot.enrol(stack, await claim());
  const server = createPublicKey({format: 'der', type: 'spki',
    key: Buffer.concat([robot.sealing.publicKey.export({type: 'spki', format: 'der'}).subarray(0, -32), Buffer.from(body.sealing_key.public_key, 'base64')])});
  const secret = diffieHellman({privateKey: robot.sealing.privateKey, publicKey: server}).toString('hex');
  const [[row]] = await stack.sql("SELECT secret_wrapped::text FROM myna.device WHERE device_id = 'r9'");
  assert.equal(row.length, 2 + 2 * (32 + 28));
  assert.ok(!row.includes(secret));
});

test('each enrolment stands in the audit, by its claim', async () => {
  const {body} = await admin.get('/audit?subject=device/r1');
  assert.deepEqual(body.items.map(({actor, action}) => [actor.split(':')[0], action]), [['claim', 'device.enrol']]);
});

const CSV = {'Content-Type': 'text/csv'};
const importList = (csv, query = '') => admin.post(`/claims/import${query}`, csv, CSV);

test('a list of serial numbers gives a code each, that lets only its own robot in, and once', async () => {
  await admin.post('/groups', {id: 'works', name: 'Works'});
  const {status, body} = await importList('serial,group\nL-1,works\nL-2,\n', '?group=lobby');
  assert.equal(status, 201);
  assert.deepEqual(body.items.map(({serial, group}) => [serial, group]), [['L-1', 'works'], ['L-2', 'lobby']]);
  const [first, second] = body.items;
  assert.equal(first.uri, `myna:enrol?claim=${first.code}&url=${body.device_url}`);
  assert.ok(!('qr' in first));

  assert.equal((await new Robot('l1', 'L-1').enrol(stack, second.code)).status, 403);
  assert.equal((await new Robot('l1').enrol(stack, first.code)).status, 403);
  assert.equal((await new Robot('l1', 'L-1').enrol(stack, first.code)).status, 200);
  assert.equal((await new Robot('l1-again', 'L-1').enrol(stack, first.code)).status, 403);
  const {body: device} = await admin.get('/devices/l1');
  assert.deepEqual([device.serial, device.groups], ['L-1', ['works']]);
  const listed = (await admin.get('/claims')).body.items.find(({id}) => id === second.id);
  assert.deepEqual([listed.serial, listed.uses_allowed, listed.uses, listed.expires_at], ['L-2', 1, 0, body.expires_at]);
});

test('a robot has the labels of its line from the start, and joins the groups that ask for them', async () => {
  await admin.post('/groups', {id: 'seventh', filter: 'labels.floor = 7'});
  const {status, body} = await importList('serial;group;labels\nB-1;;"floor=7; shop = Main ""Street"" "\nB-2;;\n');
  assert.equal(status, 201);
  assert.deepEqual(body.items.map(({labels}) => labels), [{floor: '7', shop: 'Main "Street"'}, {}]);
  assert.deepEqual((await admin.get('/claims')).body.items.find(({id}) => id === body.items[0].id).labels, {floor: '7', shop: 'Main "Street"'});
  for (const n of [1, 2]) assert.equal((await new Robot(`b${n}`, `B-${n}`).enrol(stack, body.items[n - 1].code)).status, 200);
  const {body: device} = await admin.get('/devices/b1');
  assert.deepEqual([device.labels, device.groups], [{floor: '7', shop: 'Main "Street"'}, ['seventh']]);
  assert.deepEqual((await admin.get('/devices/b2')).body.labels, {});
  const [row] = (await admin.get('/audit?action=device.enrol&subject=device/b1')).body.items;
  assert.deepEqual(row.after.labels, {floor: '7', shop: 'Main "Street"'});
  const wrong = await importList('serial,labels\nB-3,floor\nB-4,floor=7;floor=8\nB-5,=7\nB-6,floor=7;\n');
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.body.errors.map(({pointer, detail}) => [pointer, detail]), [['/2', 'labels are name=value, several with ; between them'],
    ['/3', 'label "floor" is there twice'], ['/4', 'labels are name=value, several with ; between them']]);
});

test('I7: a list is one row of the audit, which holds no code', async () => {
  const {body} = await importList('serial\nA-1\nA-2\n');
  const [[row]] = await stack.sql("SELECT row_to_json(a)::text FROM myna.audit a ORDER BY seq DESC LIMIT 1");
  assert.match(row, /claim\.import[^]*A-1[^]*A-2/);
  for (const {code} of body.items) assert.ok(!row.includes(code.split('-')[0]));
});

test('of a list with wrong lines nothing is made, and every one is named', async () => {
  await admin.post('/groups', {id: 'chosen', filter: 'region = cn'});
  const waiting = (await admin.post('/claims', {serial: 'W-3'})).body;
  const before_ = (await stack.sql('SELECT count(*) FROM myna.claim'))[0][0];
  const written = await importList('serial\nW-1\nW-1\n\n W-2\n');
  assert.deepEqual([written.status, written.body.errors.map(({pointer}) => pointer)], [422, ['/3', '/5']]);
  const known = await importList('serial,group\nW-1,nowhere\nW-2,chosen\nW-3,\nW-4,works\n');
  assert.equal(known.status, 422);
  assert.deepEqual(known.body.errors.map(({pointer}) => pointer), ['/2', '/3', '/4']);
  assert.match(known.body.errors[2].detail, new RegExp(`claim ${waiting.id} for this serial number waits`));
  assert.equal((await stack.sql('SELECT count(*) FROM myna.claim'))[0][0], before_);
  for (const query of ['?replace=yes', '?expires_in_s=1', '?group=No+Group', '?qr=1'])
    assert.equal((await importList('serial\nW-9\n', query)).status, 400, query);
});

test('codes are made anew on demand, and those before them are worthless', async () => {
  const lost = (await importList('serial\nN-1\nN-2\n')).body.items;
  assert.equal((await importList('serial\nN-1\n')).status, 422);
  const {body} = await importList('serial\nN-1\n', '?replace=true');
  assert.equal(body.replaced, 1);
  assert.equal((await new Robot('n1', 'N-1').enrol(stack, lost[0].code)).status, 403);
  assert.equal((await new Robot('n1', 'N-1').enrol(stack, body.items[0].code)).status, 200);
  assert.equal((await new Robot('n2', 'N-2').enrol(stack, lost[1].code)).status, 200);
  // a used code is none that waits
  assert.equal((await importList('serial\nN-1\n')).status, 201);
});

test('a thousand pictures come at once, and as they were when the answer was lost', async () => {
  const list = `serial\n${Array.from({length: 1000}, (_, n) => `P-${n}`).join('\n')}\n`;
  const key = {...CSV, 'Idempotency-Key': 'thousand'};
  const {status, body} = await admin.post('/claims/import?qr=true', list, key);
  assert.equal(status, 201);
  assert.equal(body.items.length, 1000);
  for (const {qr} of body.items) assert.ok(qr.length >= 21 && qr.every((row) => row.length === qr.length));
  const again = await admin.post('/claims/import?qr=true', list, key);
  assert.deepEqual([again.status, again.body], [201, body]);
});

test('mynactl prints the codes of a list as CSV, writes their labels, and names wrong lines of the file', async () => {
  const {body: {key}} = await admin.post('/api-keys', {name: 'works', role: 'operator'});
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const ctl = (...words) => new Promise((done) => {
    execFile(process.env.MYNACTL ?? '.build/release/mynactl', ['claim', 'import', ...words], {env, timeout: 60000},
      (error, stdout, stderr) => done({code: error?.code ?? 0, stdout, stderr}));
  });
  const [list, labels] = [join(stack.home, 'serials.csv'), join(stack.home, 'labels.html')];
  await admin.post('/groups', {id: 'labelled'});
  writeFileSync(list, 'serial\nC-1\n"C,2"\n');
  const unknown = await ctl(list, '--labels', labels, '--language', 'fr');
  assert.deepEqual([unknown.code, unknown.stderr], [2, 'mynactl: --language must be en or zh, not "fr"\n']);
  const made = await ctl(list, '--group', 'labelled', '--labels', labels, '--language', 'zh');
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const [head, first, second] = made.stdout.split('\n');
  assert.equal(head, 'serial,group,code,uri');
  assert.match(first, /^C-1,labelled,[0-9a-z]{16}-[0-9a-z]{52},myna:enrol[?]claim=/);
  assert.match(second, /^"C,2",labelled,/);
  const code = first.split(',')[2];
  assert.match(readFileSync(labels, 'utf8'), new RegExp(`<b>C-1</b><i>认领码</i><code>${code}</code>`));
  assert.equal(statSync(labels).mode & 0o777, 0o600);

  const refused = await ctl(list);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  for (const part of [/for this serial number waits/, /serials.csv:2\b/, /serials.csv:3\b/]) assert.match(refused.stderr, part);
  assert.equal((await ctl(list, '--replace', '--expires-in', '3600')).code, 0);
  assert.equal((await new Robot('c1', 'C-1').enrol(stack, code)).status, 403);
});
