// What a switch of vendors would bring about: asked of a draft, kept with what starts, and in the way of
// what must not.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const run = promisify(execFile);
const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
const ROBOTS = ['r1', 'r2', 'r3', 'r4'];
const TERM = {from: '2020-01-01', to: '2050-01-01'};
const to = (id, model = `${id}-chat`) => ({routes: [{vendor: id, model, contract: id}]});

let stack;
let admin;
let env;

const contract = (id, price, more = {}) => ({
  contract: id, vendor: id, currency: 'CNY', zone: 'Asia/Shanghai', term: TERM,
  charges: [{name: 'tokens', kind: 'unit', metric: 'output', models: [`${id}-chat`], price, unit: 1000000, per: 'month'}], ...more});

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
  for (const id of ['old', 'new', 'tight', 'later'])
    assert.equal((await admin.post('/vendors', {id, base_url: 'https://vendor.example/v1', key: 'k'})).status, 201);
  assert.equal((await admin.post('/contracts', contract('old', '2.00'))).status, 201);
  assert.equal((await admin.post('/contracts', contract('new', '5.00'))).status, 201);
  assert.equal((await admin.post('/contracts', contract('tight', '1.00', {caps: [{name: 'few', metric: 'requests', at_most: 3, per: 'day', hard: true}]}))).status, 201);
  // a day of it: each robot a million tokens and two requests
  await stack.sql(`INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts, requests, output, price)
    SELECT id, date_trunc('hour', now()) - interval '24 hours', 'old', 'old', 'old-chat', 'CNY', 2, 2, 1000000, 2 FROM unnest('{${ROBOTS}}'::text[]) id`);
  const {body} = await admin.post('/api-keys', {name: 'ctl', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
});

after(() => stack?.end());

const make = (id, patch, more = {}) => admin.post('/rollouts', {id, patch, plan: {gates: 'off', soak_s: 0, control: {at_least: 0}}, ...more});
const ask = async (id) => {
  const {status, body} = await admin.post(`/rollouts/${id}/preflight`);
  assert.equal(status, 200);
  return body;
};
const amounts = (document) => Object.fromEntries(document.contracts.map((item) => [item.contract, [item.amount, item.amount_at_end]]));

test('a draft is priced under both contracts, and stays a draft', async () => {
  assert.equal((await make('switch', to('new'))).status, 201);
  const document = await ask('switch');
  assert.equal(document.robots, 4);
  assert.equal(document.refused, false);
  const found = amounts(document);
  // the same tokens at 2 and at 5
  const [stay, left] = found.old.map(Number);
  const [, joined] = found.new.map(Number);
  assert.ok(stay > 0);
  assert.equal(left, 0);
  assert.equal(found.new[0], '0.00');
  assert.ok(Math.abs(joined / stay - 2.5) < 1e-6, `${joined} against ${stay}`);
  assert.equal(document.waves.at(-1).robots, 4);
  const rollout = (await admin.get('/rollouts/switch')).body;
  assert.deepEqual([rollout.state, rollout.preflight], ['draft', null]);
  assert.equal((await admin.post('/rollouts/none/preflight')).status, 404);
});

test('what is not even a draft is looked over the same way, for whom its filter chooses', async () => {
  const look = async (more) => admin.post('/rollouts', {id: 'idea', patch: to('new'), plan: {gates: 'off', soak_s: 0, control: {at_least: 0}},
    dry_run: true, preflight: true, ...more});
  const whole = (await look()).body.preflight;
  const draft = await ask('switch');
  assert.deepEqual([whole.robots, amounts(whole)], [4, amounts(draft)]);
  const half = (await look({filter: 'id in (r1, r2)'})).body.preflight;
  assert.equal(half.robots, 2);
  assert.ok(Math.abs(Number(amounts(whole).new[1]) / Number(amounts(half).new[1]) - 2) < 1e-6);
  assert.equal((await look({dry_run: false})).status, 400);
  assert.equal((await admin.get('/rollouts/idea')).status, 404);
  assert.equal((await admin.get('/groups/idea')).status, 404);
});

test('mynactl prints it for people, and fails when it would be refused', async () => {
  const {stdout} = await run(mynactl, ['rollout', 'preflight', 'switch'], {env});
  assert.match(stdout, /^4 robots would move\n/);
  assert.match(stdout, /known +the contracts' terms cost [\d,.]+ CNY when all have moved/);
  assert.match(stdout, /contract's whole term +if nobody moves +when all have\n/);
  assert.match(stdout, /new +0\.00 +[\d,.]+ CNY {2}\(joined\)/);
  assert.match(stdout, /as metered in the last 24 hours; robots followed until 2050-01-01/);
  const {stdout: json} = await run(mynactl, ['rollout', 'preflight', 'switch', '--json'], {env});
  assert.equal(JSON.parse(json).robots, 4);
  const idea = ['rollout', 'create', 'idea', `routes=${JSON.stringify(to('new').routes)}`, '--dry-run'];
  const {stdout: dry} = await run(mynactl, idea, {env});
  assert.match(dry, /^4 robots, 0 of them online\n[^]*\n4 robots would move\n[^]*contract's whole term/);
  const {stdout: told} = await run(mynactl, ['rollout', 'history', 'switch'], {env});
  assert.match(told, /when +by +what[^]*operator:root +create/);
  assert.equal((await make('over', to('tight'))).status, 201);
  const refused = await run(mynactl, ['rollout', 'preflight', 'over'], {env}).catch((error) => error);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /REFUSED\s+from wave 1: cap:tight:few has 3 requests: 0 when nobody moves, 8 when all have/);
});

test('what would break a cap does not start, and says so', async () => {
  assert.equal((await admin.post('/rollouts/over/start')).status, 200);
  for (let i = 0; ; i++) {
    const {state, reason, preflight, preflight_at} = (await admin.get('/rollouts/over')).body;
    if (state === 'draft' && preflight !== null) {
      assert.match(reason, /cap:tight:few has 3 requests/);
      assert.equal(preflight.refused, true);
      assert.ok(preflight_at);
      break;
    }
    assert.ok(i < 300, `${state}: ${reason}`);
    await sleep(100);
  }
  assert.deepEqual(await stack.sql('SELECT count(*) FROM myna.rollout_device'), [['0']]);
});
