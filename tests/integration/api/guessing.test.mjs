// Who guesses at passwords: he does not stop the server, gets few tries, and leaves a trace.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

const login = (name, password, from = '127.0.0.1') =>
  stack.send('POST', '/api/v1/login', {body: {name, password}, from});

const many = (count, make) => Promise.all(Array.from({length: count}, (_, i) => make(i)));

const count = (statuses, wanted) => statuses.filter((status) => status === wanted).length;

// The tables are in memory: each test begins with empty ones.
async function forget() {
  await stack.stop();
  await stack.start();
}

test('i10: 64 strangers at the login take neither the workers nor the processor from everybody else', async () => {
  let answered = 0;
  const attack = many(64, (i) => login(`made-up-${i}`, 'a wrong password', `127.0.1.${i + 1}`)
    .then((answer) => (answered++, answer)));
  const health = await stack.send('GET', '/healthz');
  assert.equal(health.status, 200);
  assert.equal((await admin.get('/me')).status, 200);
  const answers = await attack;
  const busy = answers.filter(({status}) => status === 503);
  assert.ok(busy.length > 0, `all of ${answered} passwords were looked at: ${answers.map(({status}) => status)}`);
  assert.ok(busy.every(({headers}) => Number(headers['retry-after']) > 0));
  assert.ok(answers.every(({status}) => [401, 503].includes(status)));
  const [[rows]] = await stack.sql("SELECT count(*) FROM myna.audit WHERE action = 'login.fail'");
  assert.equal(Number(rows), count(answers.map(({status}) => status), 401), 'a password that nobody looked at is no try');
  await forget();
});

// One after another: none is turned away for the sake of another.
async function guess(times, name, from) {
  const statuses = [];
  for (let i = 0; i < times; i++) {
    const {status} = await login(name(i), 'a wrong password', from(i));
    statuses.push(status);
  }
  return statuses;
}

test('one address that tries many names is slowed down, and another is not', async () => {
  const statuses = await guess(54, (i) => `name-${i}`, () => '127.0.2.1');
  assert.deepEqual([count(statuses, 401), count(statuses, 429)], [50, 4]);
  assert.equal((await login('name-99', 'a wrong password', '127.0.2.2')).status, 401);
  await forget();
});

test('many addresses that try one name are slowed down, and its owner gets in where he was before', async () => {
  assert.equal((await login('root', stack.password, '127.0.3.200')).status, 200);
  const statuses = await guess(30, () => 'root', (i) => `127.0.3.${i + 1}`);
  assert.ok(count(statuses, 401) >= 20 && count(statuses, 429) >= 5, statuses.join(' '));
  const stranger = await login('root', stack.password, '127.0.3.100');
  assert.equal(stranger.status, 429);
  assert.ok(Number(stranger.headers['retry-after']) <= 11, 'slowed down, not locked out');
  assert.equal((await login('root', stack.password, '127.0.3.200')).status, 200);

  const {body} = await admin.get('/alerts?kind=login_guessing');
  const alert = body.items.find(({subject}) => subject === 'operator/root');
  assert.equal(alert.detail.problem, 'somebody guesses at one password');
  assert.match(alert.detail.address, /^127\.0\.3\./);
  assert.ok(body.items.some(({subject}) => subject === 'logins'), 'the address that tried many names');
});

test('each failed login stands in the audit with its address, without the password or a name that nobody has', async () => {
  await login('root', 'secret-one-typed', '127.0.4.1');
  await login('my-own-secret', 'secret-two-typed', '127.0.4.2');
  const {body} = await admin.get('/audit?limit=1000');
  const at = (source) => body.items.filter((row) => row.source === source);
  assert.deepEqual(at('127.0.4.2').map(({actor, action, subject}) => [actor, action, subject]), [['nobody', 'login.fail', 'operator']]);
  assert.ok(at('127.0.4.1').length <= 1, 'root may be slowed down by now');
  const dump = (await stack.sql('SELECT to_jsonb(a)::text FROM myna.audit a')).flat().join('\n') + stack.log();
  for (const secret of ['secret-one-typed', 'secret-two-typed', 'my-own-secret']) assert.ok(!dump.includes(secret), secret);
  const metrics = (await stack.send('GET', '/metrics')).body;
  assert.ok(Number(/^myna_logins_failed_total (\d+)$/m.exec(metrics)[1]) >= 20);
  assert.ok(Number(/^myna_logins_slowed_total (\d+)$/m.exec(metrics)[1]) >= 5);
});

test('a password that is guessed first cannot be set, by anybody', async () => {
  for (const password of ['password', 'Password1!', '12345678', 'anna-li2024', 'qwertyui']) {
    const refused = await admin.post('/operators', {id: 'anna-li', role: 'viewer', password});
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/password'], password);
  }
  assert.equal((await admin.post('/operators', {id: 'anna-li', role: 'viewer', password: 'not one of those'})).status, 201);
  assert.equal((await admin.patch('/operators/anna-li', {password: 'Password1!'})).status, 400);
  await assert.rejects(stack.task(['operator', 'berta', '--role', 'viewer'], 'berta1234\n'), /the password is the operator's name/);
});
