// Secrets stay secret (I9): after a turn of a real fleet, everything that it wrote down, sent or shows is
// searched for every secret that it has. A control that is put into each of those places is found there.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Peer} from '../../support/broker.mjs';
import {Fleet, until} from '../../support/fleet.mjs';
import {dataKey, find, forms, scalar} from '../../support/planted.mjs';
import {codeOf} from '../../support/totp.mjs';

const NAMES = ['postgresql', 'mosquitto', 'mynad', 'myna-agent'];

const made = () => randomBytes(24).toString('base64url');
const PROVIDER_SECRET = made();

let fleet;

before(async () => {
  fleet = await Fleet.create();
  mkdirSync(join(fleet.home, 'provider'));
  writeFileSync(join(fleet.home, 'provider/secret'), PROVIDER_SECRET, {mode: 0o600});
  Object.assign(fleet.env, {MYNAD_OIDC_ISSUER: 'https://127.0.0.1:9/', MYNAD_OIDC_ROLES: 'staff=viewer', MYNAD_DASHBOARD_URL: 'https://myna.example/',
    MYNAD_OIDC_SECRET_FILE: join(fleet.home, 'provider/secret')});
  await fleet.up('--robots', '0');
});

after(() => fleet?.end());

// Every secret that is somewhere in a fleet, by name.
async function plant() {
  const home = (name) => readFileSync(join(fleet.home, name), 'utf8');
  const password = /^password: (.*)$/m.exec(home('login'))[1];
  let cookie = '';
  const ask = async (method, path, body) => {
    const answer = await fetch(`${fleet.url}/api/v1${path}`, {method, body: body && JSON.stringify(body),
      headers: {Origin: fleet.url, Cookie: cookie, ...(body && {'Content-Type': 'application/json'})}});
    cookie ||= answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const post = async (path, body) => JSON.parse(await ask('POST', path, body));
  await post('/login', {name: 'admin', password});
  const totp = (await post('/me/second-factor', {password})).secret;
  const digits = [...totp.replace(/[^A-Z2-7]/g, '')].map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0')).join('');
  const {recovery_codes} = await post('/me/second-factor/confirm', {code: codeOf(totp)});
  const [hook, hookSecret, mailSecret, nextKey] = [made(), made(), made(), made()];
  // nobody listens there: what goes wrong on the way is told, too
  await post('/channels', {id: 'hook', kind: 'webhook', url: `https://127.0.0.1:9/${hook}`, secret: hookSecret});
  await post('/channels', {id: 'mail', kind: 'email', url: 'smtp://127.0.0.1:9', login: 'myna', secret: mailSecret, from: 'myna@example.com', to: ['ops@example.com']});
  for (const id of ['hook', 'mail']) await post(`/channels/${id}/test`, {});
  await ask('PUT', '/vendors/dahan/key/next', {key: nextKey});
  await fetch(`${fleet.url}/api/v1/login/provider`, {redirect: 'manual'});
  const planted = {
    'the provider\'s secret': PROVIDER_SECRET,
    'the webhook\'s address': hook,
    'the webhook\'s secret': hookSecret,
    'the mail server\'s password': mailSecret,
    'the vendor\'s next key': nextKey,
    ...Object.fromEntries(recovery_codes.map((code, i) => [`recovery code ${i}`, code])),
    'the master key': Buffer.from(home('server/master.key').trim(), 'hex'),
    'the data key': await dataKey(fleet),
    'the root\'s key': scalar(home('server/root.key')),
    'the device CA\'s key': scalar(home('server/device-ca.key')),
    'the server CA\'s key': scalar(home('server/server-ca.key')),
    'the server\'s key at the broker': scalar(home('server/mynad-1.key')),
    'the robot\'s key': scalar(home('agent/device.key')),
    'the robot\'s sealing key': Buffer.from(home('agent/sealing.key').trim(), 'hex'),
    'the vendor\'s key': home('vendors/dahan.key').trim(),
    'the operator\'s password': password,
    'the session': cookie.split('=')[1],
    'the second factor': totp,
    'the bytes of the second factor': Buffer.from(digits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2))),
    'the API key': (await post('/api-keys', {name: 'planted', role: 'viewer'})).key,
    'the claim code': (await post('/claims', {})).code,
  };
  return {planted, ask};
}

// What each program shows of itself to who may read /proc, and what the API and its audit say.
// Who is not root sees less: the environment of programs that hold secrets is closed to others of their user.
const processes = (pids) => Buffer.concat(pids.flatMap((pid) => ['environ', 'cmdline'].map((name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`);
  } catch (error) {
    if (error.code !== 'EACCES' || process.getuid() === 0) throw error;
    return Buffer.of();
  }
})));
const ANSWERS = ['/channels/hook', '/channels/mail', '/deliveries', '/alerts', '/keys', '/vendors', '/vendors/dahan', '/vendors/dahan/key', '/operators', '/api-keys', '/claims', '/me', '/me/second-factor',
  '/devices/myna-1', '/devices/myna-1/effective', '/audit?limit=200', '/channels', '/layers'];


// Of no use to anybody: put everywhere, in each form.
const CONTROL = 'control "secret"\\ of the/t\u00e9st';
const SHAPES = Object.entries(forms(CONTROL)).map(([form, texts]) => [form, texts.at(-1)]);
const EVERY_SHAPE = SHAPES.map(([form]) => `control as ${form}`);
const seen = (bytes) => find(bytes, {control: CONTROL});

const instance = (number) => new Peer(fleet, {name: `Mynad_${number}`, port: fleet.base + 3,
  cert: join(fleet.home, `server/mynad-${number}.pem`), key: join(fleet.home, `server/mynad-${number}.key`)});

// A process that shows the control, for as long as it runs.
async function plantControl() {
  const text = Buffer.concat(SHAPES.flatMap(([, shape]) => [Buffer.from(shape), Buffer.from(' ')]));

  mkdirSync(join(fleet.home, 'log'), {recursive: true});
  writeFileSync(join(fleet.home, 'log/control.log'), text);
  await fleet.sql('CREATE TABLE public.control (value text)');
  await fleet.sql(`INSERT INTO public.control VALUES (convert_from(decode('${text.toString('hex')}', 'hex'), 'UTF8'))`);
  assert.equal((await instance(8).publish('myna/1/d/nobody/down/state', text)).code, 0);
  return spawn('sleep', ['120'], {env: {CONTROL: text.toString()}, stdio: 'ignore'});
}

// Everything that is written down, sent or shown, by where.
async function gather(ask, capture, pids) {
  const logs = execFileSync('find', [fleet.home, '-type', 'f', '(', '-path', '*/log/*', '-o', '-name', '*.log', ')'], {encoding: 'utf8'})
    .trim().split('\n');
  const dump = execFileSync('/usr/lib/postgresql/15/bin/pg_dump', ['-h', join(fleet.home, 'pg/run'), '-U', 'myna', 'myna'],
    {maxBuffer: 1 << 29});
  await until(30, () => 'the turn was not counted', async () => (await fleet.sql('SELECT count(*) FROM myna.usage'))[0][0] > 0);
  const messages = await capture.stop();
  for (const kind of ['up/usage', 'down/config', 'down/state'])
    assert.ok(messages.some(({topic}) => topic === `myna/1/d/myna-1/${kind}`), `${kind} was not captured`);
  return {
    logs: Buffer.concat(logs.map((name) => readFileSync(name))),
    dump,
    broker: Buffer.concat(messages.map(({payload}) => payload)),
    processes: processes(pids),
    api: Buffer.concat(await Promise.all(ANSWERS.map((path) => ask('GET', path)))),
  };
}

test('the search finds a control in each form, whatever stands before it', () => {
  for (const [form, shape] of SHAPES) assert.deepEqual(seen(Buffer.from(`before ${shape} after`)), [`control as ${form}`]);
  for (const before of ['', 'x', 'xy', 'xyz']) {
    const text = Buffer.from(`${before}${CONTROL}`).toString('base64');
    assert.deepEqual(seen(Buffer.from(text)), ['control as base64']);
    assert.deepEqual(seen(Buffer.from(text.replace(/.{16}/g, '$&\n'))), ['control as base64'], 'in lines, as PEM has them');
  }
  assert.deepEqual(seen(Buffer.from('control secret of the test')), []);
});

test('I9: no secret is in a log, the database, the broker, an answer or a process list, in any form', async () => {
  const capture = await instance(9).capture('myna/1/d/#');
  const {planted, ask} = await plant();
  const current = async () => (await fleet.sql("SELECT reported_generation >= desired_generation FROM myna.device_link"))[0][0] === 't';

  const child = await plantControl();
  try {
    await fleet.myna('ctl', 'config', 'set', 'fleet', 'volume=61'); // a configuration, with the vendor's key in it
    await until(60, () => 'the robot is behind', current);
    await fleet.say('Who keeps a secret?');
    const places = await gather(ask, capture, [child.pid, ...NAMES.map((name) => fleet.pid(name))]);
    for (const [where, bytes] of Object.entries(places)) {
      assert.ok(bytes.length > 200, where);
      assert.deepEqual(seen(bytes), where === 'api' ? [] : EVERY_SHAPE, where);
      assert.deepEqual(find(bytes, planted), [], where);
    }
  } finally {
    child.kill();
  }
});
