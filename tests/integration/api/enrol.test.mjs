// How robots come in: claims, keys, certificates.
import assert from 'node:assert/strict';
import {createPublicKey, diffieHellman, verify, X509Certificate} from 'node:crypto';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = await Stack.create();
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
