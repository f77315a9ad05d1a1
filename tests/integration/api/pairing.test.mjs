// Robots without a claim code: six digits that a person carries from the loudspeaker to the server.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {appendFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {X509Certificate} from 'node:crypto';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {fetchRoot, Pairing, Robot} from './robot.mjs';

let stack;
let admin;
let root;
let expired; // its id

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  root = await fetchRoot(stack);
});

after(() => stack?.end());

const say = (path, body) => stack.send('POST', `/enrol/pairings${path}`, {device: true, ca: root, body});
const outcome = (asked) => say('/outcome', {token: asked.token});
const list = async () => (await admin.get('/pairings')).body;
const other = (digits) => String((Number(digits) + 1) % 1000000).padStart(6, '0');
const audited = async (id) => (await admin.get(`/audit?subject=pairing/${id}`)).body.items.map(({action}) => action).reverse();

// A robot that has asked and revealed: {pairing, token, digits, id}.
async function ask(id, serial = `SN-${id}`) {
  const pairing = new Pairing(new Robot(id, serial), root);
  const begun = await say('', pairing.beginning());
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  const revealed = await say('/reveal', {token: begun.body.token, nonce: pairing.nonce.toString('base64')});
  assert.equal(revealed.status, 202, JSON.stringify(revealed.body));
  const item = (await list()).items.find(({device_id}) => device_id === id);
  return {pairing, token: begun.body.token, digits: pairing.digits(begun.body.nonce), id: item.id};
}

test('pairing is closed until an operator opens it, and closes by itself', async () => {
  const pairing = new Pairing(new Robot('early'), root);
  assert.deepEqual((await list()).window, {open_until: null, opened_by: null});
  const refused = await say('', pairing.beginning());
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /pairing is closed/);

  const {status, body} = await admin.post('/pairings/window', {for_s: 60});
  assert.equal(status, 200);
  assert.ok(Date.parse(body.open_until) - Date.now() < 61000);
  assert.equal(body.opened_by, 'operator:root');
  assert.equal((await say('', pairing.beginning())).status, 201);

  await stack.sql('UPDATE myna.pairing_window SET open_until = now()');
  assert.equal((await say('', new Pairing(new Robot('late'), root).beginning())).status, 403);
  assert.deepEqual((await list()).window, {open_until: null, opened_by: null});

  await admin.post('/pairings/window', {});
  assert.equal((await admin.remove('/pairings/window')).status, 204);
  assert.equal((await admin.remove('/pairings/window')).status, 204);
  assert.equal((await say('', new Pairing(new Robot('late'), root).beginning())).status, 403);
  const {body: audit} = await admin.get('/audit?subject=pairing');
  assert.deepEqual(audit.items.map(({action}) => action), ['pairing.close', 'pairing.open', 'pairing.open']);
  for (const for_s of [59, 14401]) assert.equal((await admin.post('/pairings/window', {for_s})).status, 400);
});

test('the digits that a robot speaks let it in, and are in no answer', async () => {
  await admin.post('/pairings/window', {});
  await admin.post('/groups', {id: 'lobby', name: 'Lobby'});
  const asked = await ask('p1');
  const waits = await outcome(asked);
  assert.deepEqual([waits.status, waits.body.state], [202, 'waiting']);
  const shown = await list();
  assert.ok(!JSON.stringify(shown).includes(asked.digits));
  const {id, state, serial, software, address, attempts_left, taken} = shown.items[0];
  assert.deepEqual([id, state, serial, software, address, attempts_left, taken],
    [asked.id, 'waiting', 'SN-p1', '1.2.3', '127.0.0.1', 3, false]);

  const typed = `${asked.digits.slice(0, 3)} ${asked.digits.slice(3)}`;
  const confirmed = await admin.post(`/pairings/${asked.id}/confirm`, {digits: typed, group: 'lobby'});
  assert.deepEqual([confirmed.status, confirmed.body.state, confirmed.body.group], [200, 'confirmed', 'lobby']);
  assert.equal((await admin.get('/devices/p1')).status, 404, 'the robot has not come yet');
  const {status, body} = await outcome(asked);
  assert.equal(status, 200);
  const [leaf, ca] = body.certificate.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
  assert.match(leaf.subject, /CN=p1$/);
  assert.ok(leaf.verify(ca.publicKey) && ca.verify(new X509Certificate(root).publicKey));
  const {body: device} = await admin.get('/devices/p1');
  assert.deepEqual([device.serial, device.groups], ['SN-p1', ['lobby']]);

  // a lost answer is given anew; nothing is typed twice
  const again = await outcome(asked);
  assert.equal(again.status, 200);
  assert.notEqual(again.body.certificate, body.certificate);
  assert.equal((await admin.post(`/pairings/${asked.id}/confirm`, {digits: typed})).status, 409);
  assert.equal((await admin.post(`/pairings/${asked.id}/refuse`)).status, 409);
});

test('I7: every step of a pairing stands in the audit', async () => {
  const {items} = await list();
  const {id} = items.find(({device_id}) => device_id === 'p1');
  assert.deepEqual(await audited(id), ['pairing.begin', 'pairing.reveal', 'pairing.confirm']);
  const {body} = await admin.get('/audit?subject=device/p1');
  assert.deepEqual(body.items.map(({actor, action}) => [actor, action]).reverse(),
    [[`pairing:${id}`, 'device.enrol'], [`pairing:${id}`, 'device.enrol_again']]);
});

test('wrong digits three times end a request, and the right ones come too late then', async () => {
  const asked = await ask('p2');
  const type = (digits) => admin.post(`/pairings/${asked.id}/confirm`, {digits});
  for (const digits of ['12345', '1234567', 'abcdef', ''])
    assert.deepEqual([(await type(digits)).status, (await list()).items[0].attempts_left], [400, 3]);
  for (const left of [2, 1]) {
    const wrong = await type(other(asked.digits));
    assert.equal(wrong.status, 422);
    assert.match(wrong.body.detail, new RegExp(`other digits: tries left: ${left}$`));
    assert.equal((await list()).items[0].attempts_left, left);
  }
  assert.match((await type(other(asked.digits))).body.detail, /last try/);
  assert.equal((await type(asked.digits)).status, 409);
  const ended = await outcome(asked);
  assert.deepEqual([ended.status, /new keys/.test(ended.body.detail)], [403, true]);
  assert.equal((await admin.get('/devices/p2')).status, 404);
  const {body: {items: alerts}} = await admin.get('/alerts');
  assert.deepEqual(alerts.map(({kind, subject, title}) => [kind, subject, title]),
    [['pairing_failed', `pairing/${asked.id}`, 'Robot whose digits were wrong three times']]);
  assert.match(JSON.stringify(alerts), /Robot \\"p2\\" asked to be let in from 127\.0\.0\.1/);
  assert.deepEqual(await audited(asked.id), ['pairing.begin', 'pairing.reveal', 'pairing.wrong', 'pairing.wrong', 'pairing.wrong']);

  const same = await say('', asked.pairing.beginning());
  assert.equal(same.status, 409);
  assert.match(same.body.detail, /begin again with new keys/);
});

test('many who type at once have three tries together', async () => {
  const asked = await ask('p3');
  const answers = await Promise.all(Array.from({length: 8}, () => admin.post(`/pairings/${asked.id}/confirm`, {digits: other(asked.digits)})));
  assert.deepEqual(answers.map(({status}) => status).sort(), [409, 409, 409, 409, 409, 422, 422, 422]);
});

// The heart of it. Somebody on the way ends both sides' TLS: to the robot he is a server with a root
// of his own, to the server a robot with keys of his own, for the serial number that is expected.
test('whoever sits between and swaps the keys makes the digits differ', async () => {
  const folder = stack.home;
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=Myna root',
    '-keyout', join(folder, 'thief.key'), '-out', join(folder, 'thief.pem')], {stdio: 'ignore'});
  const thiefRoot = readFileSync(join(folder, 'thief.pem'), 'utf8');

  // He must commit to a number before he sees the server's, and show the robot one before he sees the robot's.
  const robot = new Pairing(new Robot('p4', 'SN-p4'), thiefRoot);
  const thief = new Pairing(new Robot('p4', 'SN-p4'), root);
  const begun = (await say('', thief.beginning())).body;
  const spoken = robot.digits(begun.nonce); // he hands the server's number on: the best that he can do
  assert.equal((await say('/reveal', {token: begun.token, nonce: thief.nonce.toString('base64')})).status, 202);
  assert.notEqual(spoken, thief.digits(begun.nonce));

  const {id} = (await list()).items.find(({device_id}) => device_id === 'p4');
  const typed = await admin.post(`/pairings/${id}/confirm`, {digits: spoken});
  assert.equal(typed.status, 422);
  assert.equal((await outcome(begun)).status, 202);
  // control: with his own digits he would be in
  assert.equal((await admin.post(`/pairings/${id}/confirm`, {digits: thief.digits(begun.nonce)})).status, 200);
});

test('a number that was not committed to, or a root that is not the server\'s, ends a request', async () => {
  const late = new Pairing(new Robot('p5'), root);
  const begun = (await say('', late.beginning())).body;
  const another = await say('/reveal', {token: begun.token, nonce: Buffer.alloc(32, 7).toString('base64')});
  assert.equal(another.status, 403);
  assert.match(another.body.detail, /does not fit what was committed to/);
  // the right one comes too late: a number may not be searched for
  assert.equal((await say('/reveal', {token: begun.token, nonce: late.nonce.toString('base64')})).status, 403);
  assert.equal((await outcome(begun)).status, 403);

  const misled = new Pairing(new Robot('p6'), readFileSync(join(stack.home, 'thief.pem'), 'utf8'));
  const passed = (await say('', misled.beginning())).body;
  assert.equal((await say('/reveal', {token: passed.token, nonce: misled.nonce.toString('base64')})).status, 403);
  assert.ok(!(await list()).items.some(({device_id, state}) => ['p5', 'p6'].includes(device_id) && state !== 'failed'));
});

test('keys that do not belong together are refused, field by field', async () => {
  const pairing = new Pairing(new Robot('p7'), root);
  const stranger = new Robot('p7');
  const cases = [
    ['/commitment', {commitment: 'AAAA'}],
    ['/csr', {csr: pairing.robot.request('p8')}],
    ['/signature', {signature: stranger.application('').signature}],
    ['/sealing_public', {sealing_public: 'AAAA'}],
    ['/claim', {claim: 'x'}],
  ];
  for (const [pointer, change] of cases) {
    const {status, body} = await say('', pairing.beginning(change));
    assert.deepEqual([status, body.errors?.[0].pointer], [400, pointer]);
  }
  assert.equal((await say('/outcome', {token: Buffer.alloc(32).toString('base64')})).status, 404);
});

test('what nobody confirms in time expires, and so does what the robot does not come for', async () => {
  const asked = await ask('p9');
  const confirmed = await ask('p10');
  assert.equal((await admin.post(`/pairings/${confirmed.id}/confirm`, {digits: confirmed.digits})).status, 200);
  await stack.sql(`UPDATE myna.pairing SET expires_at = now() WHERE pairing_id IN (${asked.id}, ${confirmed.id})`);
  assert.equal((await admin.post(`/pairings/${asked.id}/confirm`, {digits: asked.digits})).status, 409);
  for (const one of [asked, confirmed]) {
    const ended = await outcome(one);
    assert.deepEqual([ended.status, /in time/.test(ended.body.detail)], [403, true]);
    assert.equal((await list()).items.find(({id}) => id === one.id).state, 'expired');
  }
  expired = asked.id;
  // keys of a request that expired may ask again
  assert.equal((await say('', asked.pairing.beginning())).status, 201);
});

test('an operator sends a robot away, and its keys are not taken again', async () => {
  const asked = await ask('p11');
  assert.equal((await admin.post(`/pairings/${asked.id}/refuse`)).status, 204);
  const ended = await outcome(asked);
  assert.deepEqual([ended.status, ended.body.detail], [403, 'an operator refused this robot']);
  assert.equal((await say('', asked.pairing.beginning())).status, 409);
  assert.equal((await admin.post('/pairings/999999/refuse')).status, 404);
  assert.equal((await admin.post('/pairings/999999/confirm', {digits: '123456'})).status, 404);
});

test('an id that another robot has is not given twice', async () => {
  const asked = await ask('p1', 'SN-other');
  assert.equal((await list()).items[0].taken, true);
  const typed = await admin.post(`/pairings/${asked.id}/confirm`, {digits: asked.digits});
  assert.equal(typed.status, 409);
  assert.match(typed.body.detail, /"p1" exists already/);
  assert.equal((await list()).items[0].attempts_left, 3);
  assert.equal((await admin.post(`/pairings/${asked.id}/confirm`, {digits: asked.digits, group: 'nowhere'})).body.errors[0].pointer, '/group');
});

test('a robot that begins anew takes the place of its earlier request', async () => {
  const robot = new Robot('p12');
  const first = (await say('', new Pairing(robot, root).beginning())).body;
  const second = await say('', new Pairing(robot, root).beginning());
  assert.equal(second.status, 201);
  assert.equal((await outcome(first)).status, 403);
  assert.equal((await outcome(second.body)).status, 202);
});

test('so many may wait from one address, and so many at all', async () => {
  await stack.sql("UPDATE myna.pairing SET expires_at = now() WHERE state IN ('begun', 'waiting')");
  for (let n = 0; n < 5; n++) assert.equal((await say('', new Pairing(new Robot(`c${n}`), root).beginning())).status, 201);
  const sixth = await say('', new Pairing(new Robot('c5'), root).beginning());
  assert.equal(sixth.status, 429);
  assert.match(sixth.body.detail, /5 robots wait from this address/);

  await stack.sql(`INSERT INTO myna.pairing (token_hash, device_id, serial, software, source, csr, key_hash, sealing_public,
      commitment, server_nonce, expires_at)
    SELECT sha256(n::text::bytea), 'far-' || n, '', '', '192.0.2.' || n, '', sha256(n::text::bytea), '', '', '', now() + interval '1 minute'
    FROM generate_series(1, 100) n`);
  await stack.sql("UPDATE myna.pairing SET expires_at = now() WHERE source = '127.0.0.1'");
  const full = await say('', new Pairing(new Robot('c6'), root).beginning());
  assert.equal(full.status, 503);
  await stack.sql("DELETE FROM myna.pairing WHERE device_id = 'far-100'");
  assert.equal((await say('', new Pairing(new Robot('c6'), root).beginning())).status, 201);
});

test('mynactl opens, shows, confirms, refuses and closes', async () => {
  const {body: {key}} = await admin.post('/api-keys', {name: 'door', role: 'operator'});
  const env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: key, MYNACTL_CONFIG: join(stack.home, 'none')};
  const ctl = (...words) => new Promise((done) => {
    execFile(process.env.MYNACTL ?? '.build/release/mynactl', ['pairing', ...words], {env, timeout: 60000},
      (error, stdout, stderr) => done({code: error?.code ?? 0, stdout, stderr}));
  });
  await stack.sql("UPDATE myna.pairing SET expires_at = now() WHERE state IN ('begun', 'waiting')");
  assert.deepEqual(await ctl('close'), {code: 0, stdout: 'closed pairing\n', stderr: ''});
  assert.match((await ctl('list')).stdout, /^closed: mynactl pairing open lets robots ask\n/);
  assert.deepEqual([(await ctl('open', '--for', '2')).code, (await ctl('open', '--for', '5h')).code], [2, 1]);
  assert.match((await ctl('open', '--for', '5m')).stdout, /^open until +20/);
  const [first, second] = [await ask('ctl-1'), await ask('ctl-2')];
  const listed = (await ctl('list')).stdout;
  assert.match(listed, /^open until 20.*, by api-key:\d+\n/);
  assert.match(listed, /ctl-2[^]*ctl-1/);
  assert.ok(!listed.includes(first.digits));
  const wrong = await ctl('confirm', String(first.id), other(first.digits));
  assert.deepEqual([wrong.code, /other digits: tries left: 2/.test(wrong.stderr)], [1, true]);
  assert.match((await ctl('confirm', String(first.id), first.digits, '--group', 'lobby')).stdout, /confirmed/);
  assert.equal((await ctl('refuse', String(second.id))).stdout, `refused pairing ${second.id}\n`);
  assert.equal(JSON.parse((await ctl('list', '--json')).stdout).items[0].state, 'refused');
});

test('where a second person is asked for, whoever typed the digits lets nobody in alone', async () => {
  await stack.stop();
  appendFileSync(stack.config, 'pairing_approval = true\n');
  await stack.start();
  await admin.post('/operators', {id: 'second', role: 'approver', password: 'a second password of the tests'});
  const second = await stack.login('second', 'a second password of the tests');
  const {body: {key}} = await admin.post('/api-keys', {name: 'own', role: 'admin'});
  const own = stack.as({Authorization: `Bearer ${key}`});
  await admin.post('/pairings/window', {});
  await stack.sql("UPDATE myna.pairing SET expires_at = now() WHERE state IN ('begun', 'waiting')");
  const asked = await ask('two-1');
  const agree = (who) => who.post(`/pairings/${asked.id}/agree`);

  const early = await agree(second);
  assert.deepEqual([early.status, early.body.detail], [409, "nobody has typed this robot's digits yet: that comes first"]);
  const heard = await admin.post(`/pairings/${asked.id}/confirm`, {digits: asked.digits});
  assert.deepEqual([heard.status, heard.body.state, heard.body.heard_by, heard.body.decided_by], [200, 'heard', 'operator:root', null]);
  assert.deepEqual([(await outcome(asked)).status, (await admin.get('/devices/two-1')).status], [202, 404]);
  for (const who of [admin, own]) {
    const {status, body} = await agree(who);
    assert.equal(status, 409);
    assert.match(body.detail, /nor do their API keys: ask another operator/);
  }
  assert.equal((await outcome(asked)).status, 202);
  const agreed = await agree(second);
  assert.deepEqual([agreed.status, agreed.body.state, agreed.body.decided_by], [200, 'confirmed', 'operator:second']);
  assert.equal((await outcome(asked)).status, 200);
  assert.equal((await agree(second)).status, 409);
  assert.deepEqual(await audited(asked.id), ['pairing.begin', 'pairing.reveal', 'pairing.hear', 'pairing.agree']);

  // it may be sent away in between, and its time ends
  const away = await ask('two-2');
  const late = await ask('two-3');
  for (const {id, digits} of [away, late]) assert.equal((await admin.post(`/pairings/${id}/confirm`, {digits})).body.state, 'heard');
  assert.equal((await second.post(`/pairings/${away.id}/refuse`)).status, 204);
  assert.equal((await outcome(away)).status, 403);
  await stack.sql(`UPDATE myna.pairing SET expires_at = now() WHERE pairing_id = ${late.id}`);
  assert.equal((await second.post(`/pairings/${late.id}/agree`)).status, 409);
  assert.match((await outcome(late)).body.detail, /or agreed to them, in time/);
});

test('strangers are slowed down by address', async () => {
  let refused;
  for (let n = 0; n < 61 && refused?.status !== 429; n++) refused = await say('', {});
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.match(refused.body.detail, /too many pairing requests from this address/);
});

test('the janitor says in the audit what has expired', async () => {
  for (let left = 200; !(await audited(expired)).includes('pairing.expire'); left--) {
    assert.ok(left > 0);
    await sleep(100);
  }
});
