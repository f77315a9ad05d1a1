// How a robot comes by its next certificate.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {createHash, generateKeyPairSync, verify, X509Certificate} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {fetchRoot, Robot} from './robot.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

async function enrolled(id) {
  const robot = new Robot(id);
  const {body: {code}} = await admin.post('/claims');
  const {status, body} = await robot.enrol(stack, code);
  assert.equal(status, 200);
  return {robot, body};
}

const row = async (id) => (await stack.sql(`SELECT certificate_serial, encode(certificate_key_hash, 'hex'), status
  FROM myna.device WHERE device_id = '${id}'`))[0];

test('a renewed certificate is one that openssl verifies, for the same name and key', async () => {
  const {robot, body: first} = await enrolled('r1');
  const {status, body} = await robot.renew(stack, first.certificate);
  assert.equal(status, 200);

  const folder = join(stack.home, 'openssl');
  mkdirSync(folder);
  const [leaf, ca] = body.certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  for (const [name, pem] of [['leaf', leaf], ['ca', ca], ['root', body.root]]) writeFileSync(join(folder, name), pem);
  const openssl = (...words) => execFileSync('openssl', words, {cwd: folder, encoding: 'utf8'});
  assert.match(openssl('verify', '-purpose', 'sslclient', '-CAfile', 'root', '-untrusted', 'ca', 'leaf'), /leaf: OK/);
  assert.match(openssl('x509', '-in', 'leaf', '-noout', '-subject', '-ext', 'extendedKeyUsage'), /CN = r1\n[^]*Client Authentication/);
  const [before_, after_] = [first, body].map(({certificate}) => new X509Certificate(certificate));
  assert.ok(after_.publicKey.equals(before_.publicKey));
  assert.notEqual(after_.serialNumber, before_.serialNumber);
  assert.equal((await row('r1'))[0].toUpperCase(), after_.serialNumber);
});

test('the clock of the answer is signed for this renewal', async () => {
  const {robot, body: first} = await enrolled('r2');
  const ca = await fetchRoot(stack);
  const {body: {challenge}} = await stack.send('POST', '/renew/challenge', {device: true, ca});
  const order = robot.renewal(first.certificate, challenge);
  const {body} = await stack.send('POST', '/renew', {device: true, ca, body: order});
  const clock = Buffer.alloc(8);
  clock.writeBigInt64BE(BigInt(body.clock_ms));
  const statement = Buffer.concat([Buffer.from('myna clock 1'), createHash('sha256').update(Buffer.from(order.proof, 'base64')).digest(), clock]);
  assert.ok(verify('sha256', statement, new X509Certificate(body.server_ca).publicKey, Buffer.from(body.clock_signature, 'base64')));
  assert.ok(Math.abs(body.clock_ms - Date.now()) < 60000);
});

test('only who has the key of the certificate renews it, by a challenge of this server', async () => {
  const {robot, body: {certificate}} = await enrolled('r3');
  const {body: {certificate: foreign}} = await enrolled('r3-other');
  const thief = generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey;
  const of = async (changes, old) => {
    const {status, body} = await robot.renew(stack, certificate, changes, old);
    return [status, body.errors?.[0].pointer];
  };
  const before_ = await row('r3');
  assert.deepEqual(await of({}, thief), [400, '/proof']);
  assert.deepEqual(await of({certificate: foreign}), [400, '/csr']);
  assert.deepEqual(await of({certificate: 'rubbish'}), [400, '/certificate']);
  assert.deepEqual(await of({challenge: Buffer.alloc(56).toString('base64')}), [400, '/challenge']);
  assert.deepEqual(await of({sealing_public: new Robot('r3').sealingPublic().toString('base64')}), [400, '/signature']);
  assert.deepEqual(await of({certificate: readFileSync(join(stack.home, 'server/mynad-1.pem'), 'utf8')}), [403, undefined]);
  assert.deepEqual(await row('r3'), before_);
});

test('with a new key the old one is good once more, for an answer may be lost, and the ones before are not', async () => {
  const {robot, body: first} = await enrolled('r4');
  const [zero, one, two] = [robot.key, ...[1, 2].map(() => generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey)];
  const to = (key, shown, old) => {
    robot.key = key;
    return robot.renew(stack, shown, {}, old);
  };
  const second = await to(one, first.certificate, zero);
  assert.equal(second.status, 200);
  assert.equal((await to(one, first.certificate, zero)).status, 200, 'its answer was lost');
  assert.equal((await to(two, second.body.certificate, one)).status, 200);
  const refused = await to(zero, first.certificate, zero);
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /revoked or retired, or enrolled anew/);
});

test('an expired certificate renews, a revoked robot does not', async () => {
  const {robot, body: {certificate}} = await enrolled('r5');
  // the device CA itself issues one that ended in 2021
  const folder = join(stack.home, 'expired');
  const state = join(stack.home, 'server');
  mkdirSync(folder);
  for (const [name, text] of [['csr', robot.request()], ['index', ''], ['serial', '01'],
    ['cnf', '[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n']])
    writeFileSync(join(folder, name), text);
  execFileSync('openssl', ['ca', '-batch', '-notext', '-config', 'cnf', '-in', 'csr', '-out', 'leaf', '-cert', join(state, 'device-ca.pem'),
    '-keyfile', join(state, 'device-ca.key'), '-startdate', '20200101000000Z', '-enddate', '20210101000000Z'], {cwd: folder, stdio: 'ignore'});
  const expired = readFileSync(join(folder, 'leaf'), 'utf8') + readFileSync(join(state, 'device-ca.pem'), 'utf8');
  assert.ok(Date.parse(new X509Certificate(expired).validTo) < Date.now());
  assert.equal((await robot.renew(stack, expired)).status, 200);
  await admin.post('/devices/r5/revoke');
  for (const shown of [certificate, expired])
    assert.equal((await robot.renew(stack, shown)).status, 403);
});

test('a robot that a restored database does not know is known again, with its row of the audit', async () => {
  const {robot, body: {certificate}} = await enrolled('r6');
  await stack.sql("DELETE FROM myna.device WHERE device_id = 'r6'");
  assert.equal((await admin.get('/devices/r6')).status, 404);
  assert.equal((await robot.renew(stack, certificate)).status, 200);
  assert.equal((await admin.get('/devices/r6')).body.status, 'active');
  const {body} = await admin.get('/audit?subject=device/r6');
  assert.deepEqual([body.items[0].actor, body.items[0].action], ['device:r6', 'device.recreate']);
  assert.equal((await robot.renew(stack, certificate)).status, 200);
  assert.equal((await admin.get('/audit?subject=device/r6')).body.items[0].action, 'device.renew');
});

test('another device CA issues once mynad is restarted, and the one before lets no stranger in once it is retired', async () => {
  const state = (name) => join(stack.home, 'server', name);
  const {robot, body: {certificate: before_}} = await enrolled('r7');
  const stolen = {key: readFileSync(state('device-ca.key')), pem: readFileSync(state('device-ca.pem'), 'utf8')};
  const folder = join(stack.home, 'turned');
  mkdirSync(folder);
  const verified = (pem, by) => {
    const [leaf, ca] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    for (const [name, text] of [['leaf', leaf], ['ca', ca]]) writeFileSync(join(folder, name), text);
    const {status} = spawnSync('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', state(by), ...(by === 'root.pem' ? ['-untrusted', 'ca'] : []), 'leaf'],
      {cwd: folder});
    return status === 0;
  };
  const cas = async () => (await admin.get('/keys')).body.items.filter(({purpose}) => purpose === 'device-ca');
  const robots = async () => Object.fromEntries((await cas()).map((ca) => [ca.state, ca.robots]));
  const refused = (...words) => stack.task(words).then(() => assert.fail('not refused'), ({stderr}) => stderr);

  const all = (await robots()).current;
  const [{id: old}] = await cas();
  const {stdout} = await stack.task(['rotate', 'device-ca']);
  const [, id] = /^(device-ca-[0-9a-f]{16}) is made, and device-anchor\.pem holds it beside the one before/.exec(stdout);
  assert.match(await refused('retire', 'device-ca'), /no server issues certificates by the present device CA yet: restart mynad/);
  assert.match(await refused('rotate', 'device-ca'), /still trusted: run "mynad retire device-ca" first/);
  const {body: {certificate: meanwhile}} = await robot.renew(stack, before_);
  assert.ok(verified(meanwhile, 'device-anchor.pem'), 'the broker takes it');

  await stack.stop();
  await stack.start();
  admin = await stack.login();
  assert.deepEqual(await robots(), {current: 0, retiring: all});
  assert.deepEqual((await cas()).map((ca) => ca.id), [id, old]);
  assert.match(await refused('retire', 'device-ca'), new RegExp(`${all} robots have a certificate of the one before`));
  const {status, body: {certificate: renewed}} = await robot.renew(stack, before_);
  assert.equal(status, 200);
  assert.deepEqual(await robots(), {current: 1, retiring: all - 1});
  assert.ok((await admin.get(`/keys/${id}/robots`)).body.items.some((item) => item.id === 'r7'));
  for (const pem of [before_, renewed])
    for (const by of ['root.pem', 'device-anchor.pem']) assert.ok(verified(pem, by), by);
  assert.equal((await admin.post(`/keys/${old}/retire`)).status, 409);

  // by who has the key of the one before
  const stranger = new Robot('stranger');
  const forge = (name) => {
    for (const [file, text] of [['csr', stranger.request(name)], ['old.key', stolen.key], ['old.pem', stolen.pem]]) writeFileSync(join(folder, file), text);
    execFileSync('openssl', ['x509', '-req', '-in', 'csr', '-CA', 'old.pem', '-CAkey', 'old.key', '-CAcreateserial', '-days', '700', '-out', 'forged'],
      {cwd: folder, stdio: 'ignore'});
    return readFileSync(join(folder, 'forged'), 'utf8') + stolen.pem;
  };
  assert.match(await refused('retire', 'device-ca', '--force'), /--reason TEXT/);
  assert.match((await stack.task(['retire', 'device-ca', '--force', '--reason', 'stolen'])).stdout, new RegExp(`^device-anchor\\.pem holds ${id} alone: give`));
  assert.match((await stack.task(['retire', 'device-ca'])).stdout, /alone already/);
  await stack.stop();
  await stack.start();
  admin = await stack.login();
  assert.equal((await stranger.renew(stack, forge('stranger'))).status, 403);
  assert.deepEqual([before_, renewed].map((pem) => verified(pem, 'device-anchor.pem')), [false, true]);
  assert.equal((await robot.renew(stack, before_)).status, 200, 'a robot that was left behind proves its own key');
  const {body: {items}} = await admin.get('/audit?subject=key/' + old);
  assert.deepEqual(items.map(({action, after}) => [action, after?.reason, after?.robots]), [['device_ca.retire', 'stolen', all - 1], ['device_ca.create', undefined, undefined]]);
  assert.equal((await admin.get('/audit?action=device_ca.rotate')).body.items[0].before.id, old);
});

test('robots are told of another server CA, which signs and serves once the one before is retired', async () => {
  const state = (name) => join(stack.home, 'server', name);
  const {robot, body: {certificate}} = await enrolled('r8');
  const refused = (...words) => stack.task(words).then(() => assert.fail('not refused'), ({stderr}) => stderr);
  const cas = async () => (await admin.get('/keys')).body.items.filter(({purpose}) => purpose === 'server-ca');
  const robots = async () => Object.fromEntries((await cas()).map((ca) => [ca.state, ca.robots]));
  const shown = (file) => spawnSync('openssl', ['verify', '-CAfile', state('server-anchor.pem'), state(file)]).status === 0;
  // who is named, and by whom the sealing key and the time are signed
  const renewed = async () => {
    const {status, body} = await robot.renew(stack, certificate);
    assert.equal(status, 200);
    const named = body.server_ca.split(/(?<=-----END CERTIFICATE-----\n)/);
    const at = Buffer.alloc(8);
    at.writeBigInt64BE(BigInt(body.sealing_key.valid_from_ms));
    const statement = Buffer.concat([Buffer.from('myna sealing key 1'), Buffer.from(body.sealing_key.public_key, 'base64'), at]);
    return {named, signed: named.map((pem) => verify('sha256', statement, new X509Certificate(pem).publicKey, Buffer.from(body.sealing_key.signature, 'base64')))};
  };
  const restart = async () => {
    await stack.stop();
    await stack.start();
    admin = await stack.login();
  };

  const all = (await robots()).current;
  const [{id: old}] = await cas();
  const [, id] = /^(server-ca-[0-9a-f]{16}) is made, and issues nothing yet: restart mynad/.exec((await stack.task(['rotate', 'server-ca'])).stdout);
  assert.match(await refused('retire', 'server-ca'), /no server has told robots of the newest server CA yet: restart mynad/);
  assert.match(await refused('rotate', 'server-ca'), /still in force: run "mynad retire server-ca" first/);
  assert.deepEqual([(await cas()).map((ca) => ca.id), await robots()], [[old], {current: all}], 'what is refused changes nothing');
  const first = readFileSync(state('server-ca.pem'), 'utf8');
  const second = readFileSync(state('server-ca-2.pem'), 'utf8');
  assert.deepEqual(await renewed(), {named: [first], signed: [true]});

  await restart();
  assert.deepEqual([await robots(), (await cas()).map((ca) => ca.id)], [{current: 0, retiring: all}, [id, old]]);
  assert.deepEqual(await renewed(), {named: [first, second], signed: [true, false]}, 'robots that know only the first take it');
  assert.deepEqual(await robots(), {current: 1, retiring: all - 1});
  assert.ok((await admin.get(`/keys/${id}/robots`)).body.items.some((item) => item.id === 'r8'));
  assert.match(await refused('retire', 'server-ca'), new RegExp(`${all - 1} robots know only the one before`));
  assert.match((await admin.post(`/keys/${old}/retire`)).body.detail, /mynad retire server-ca/);
  assert.match(await refused('retire', 'server-ca', '--force'), /--reason TEXT/);

  const before_ = readFileSync(state('mynad-1.pem'), 'utf8');
  assert.match((await stack.task(['retire', 'server-ca', '--force', '--reason', 'stolen'])).stdout,
    new RegExp(`listener are of ${id}: give broker\\.key, broker\\.pem and server-anchor\\.pem to the brokers`));
  assert.match((await stack.task(['retire', 'server-ca'])).stdout, /already/);
  await restart();
  assert.deepEqual(await renewed(), {named: [second], signed: [true]});
  writeFileSync(state('before.pem'), before_);
  assert.deepEqual(['broker.pem', 'device-https.pem', 'mynad-9.pem', 'before.pem'].map(shown), [true, true, true, false]);
  const {body: {items}} = await admin.get('/audit?subject=key/' + old);
  assert.deepEqual(items.map(({action, after}) => [action, after?.reason, after?.robots]), [['server_ca.retire', 'stolen', all - 1], ['server_ca.create', undefined, undefined]]);
  assert.equal((await admin.get('/audit?action=server_ca.rotate')).body.items[0].before.id, old);
});

test('I9: another data key takes the place of the present one as a whole, kill -9 in the middle or not, and a challenge of before counts', async () => {
  const {robot, body: {certificate}} = await enrolled('r9');
  const ca = await fetchRoot(stack);
  const {body: {challenge}} = await stack.send('POST', '/renew/challenge', {device: true, ca});
  const keys = () => stack.sql("SELECT encode(d.wrapped, 'hex'), encode(k.private_wrapped, 'hex') FROM myna.data_key d, myna.sealing_key k");
  const rotate = () => stack.task(['rotate', 'data']);
  const present = await keys();
  await assert.rejects(rotate(), ({stderr}) => /mynad runs on this database \(\d+ connections\).*stop it on every server/.test(stderr) || assert.fail(stderr));

  await stack.stop();
  // operators are the last whose secrets are wrapped anew
  const locked = stack.sql('BEGIN; LOCK TABLE myna.operator; SELECT pg_sleep(60)').catch(() => 'ended');
  const waits = (state) => stack.sql(`SELECT pid FROM pg_stat_activity WHERE ${state}`).then((rows) => rows.length > 0);
  await until(30, 'nobody holds the table', () => waits("wait_event = 'PgSleep'"));
  const rotating = rotate();
  const ended = rotating.catch(({signal}) => signal);
  await until(30, 'nobody waits for the table', () => waits("application_name = 'mynad keys' AND wait_event_type = 'Lock'"));
  rotating.child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL');
  await stack.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  await locked;
  assert.deepEqual(await keys(), present, 'nothing has happened');

  const {stdout} = await rotate();
  const [, secrets] = /another data key is in force: (\d+) secrets are under it/.exec(stdout);
  const [[wrapped, sealing]] = await keys();
  assert.ok(Number(secrets) > 1 && wrapped !== present[0][0] && sealing !== present[0][1]);
  await stack.start();
  admin = await stack.login();
  const {status} = await stack.send('POST', '/renew', {device: true, ca, body: robot.renewal(certificate, challenge)});
  assert.equal(status, 200);
  assert.equal((await robot.renew(stack, certificate)).status, 200);
  const {body: {items: [audited]}} = await admin.get('/audit?action=data_key.rotate');
  assert.equal(audited.after.secrets, Number(secrets));
});
