// Gates on the real server: usage records decide whether a wave is followed by the next.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';
import {Robot} from './robot.mjs';

const ROBOTS = Array.from({length: 10}, (_, i) => `r${i}`);
const PLAN = {waves: [{share: '50%'}, {share: '100%'}], control: {at_least: 5}, soak_s: 2, rate_per_minute: 0, confirm: {deadline_s: 600}};

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {code} = (await admin.post('/claims', {uses: ROBOTS.length})).body;
  for (const id of ROBOTS) assert.equal((await new Robot(id, `SN-${id}`).enrol(stack, code)).status, 200);
});

after(() => stack?.end());

const answer = () => stack.sql(`UPDATE myna.device_link SET session_number = 1, session_hello = true, ended_session = 0,
  last_seen = now(), held_generation = desired_generation, reported_generation = desired_generation`);

async function until(id, check) {
  const end = Date.now() + 60000;
  for (;;) {
    await answer();
    const {body} = await admin.get(`/rollouts/${id}`);
    if (await check(body)) return body;
    assert.ok(Date.now() < end, JSON.stringify(body));
    await sleep(100);
  }
}

// Two hundred answers of each robot; of those that run the change so many in a hundred fail.
const talk = (id, failing) => stack.sql(`INSERT INTO myna.usage (device_id, journal_id, seq, at, turn, attempt, vendor_id, model,
    model_served, contract_id, contract_version, vendor_request_id, provenance, outcome, error_class, duration_ms, first_token_ms,
    first_audio_ms, interrupted, generation, reserved_input, reserved_output, input_uncached, input_cached, cache_write_5m,
    cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms, requests, price, currency)
  SELECT device_id, gen_random_uuid(), n, now(), gen_random_uuid(), 1, 'v', 'm', '', '', 0, '', 1, CASE WHEN fails THEN 5 ELSE 1 END,
    CASE WHEN fails THEN 2 ELSE 0 END, 900, CASE WHEN fails THEN 0 ELSE 400 + n END, 0, false, 1, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 'CNY'
  FROM myna.rollout_device d, generate_series(1, 200) n, LATERAL (SELECT d.is_open AND n % 100 < ${failing} AS fails) f
  WHERE d.rollout_id = '${id}'`);

const start = async (id, volume) => {
  const {status, body} = await admin.post('/rollouts', {id, patch: {volume}, plan: PLAN, start: true});
  assert.equal(status, 201, JSON.stringify(body));
  return until(id, ({step}) => step === 'soaking');
};

test('a wave that nobody talked in is no verdict, however often it is looked at', async () => {
  await start('silent', 41);
  const {cause, reason, waves} = await until('silent', ({state}) => state === 'paused');
  assert.equal(cause, 'no_verdict');
  assert.match(reason, /0 and 0 counted: at least 20 of each are needed/);
  assert.equal(waves[0].looks, 3);
  assert.equal(waves[0].verdict.colour, 'none');
  assert.deepEqual(waves[0].course.map(({look, colour}) => [look, colour]), [[1, 'none'], [2, 'none'], [3, 'none']], 'each look is kept');
  assert.equal((await admin.post('/rollouts/silent/roll-back', {})).status, 200);
  await until('silent', ({state}) => state === 'rolled_back');
});

test('a wave that fails more than the others is red, with its numbers', async () => {
  await start('faulty', 42);
  await talk('faulty', 30);
  const {cause, reason, waves} = await until('faulty', ({state}) => state === 'paused');
  assert.equal(cause, 'red');
  const {verdict} = waves[0];
  assert.deepEqual([verdict.colour, verdict.because, verdict.wave, verdict.waves], ['red', 'failures', 1, 1]);
  const failures = verdict.metrics.find(({metric}) => metric === 'failures');
  assert.ok(Math.abs(failures.treated - 0.3) < 1e-9 && failures.control === 0, JSON.stringify(failures));
  assert.ok(failures.lower > failures.margin);
  assert.deepEqual(failures.counts, {treated: 1000, control: 1000, treated_robots: 5, control_robots: 5});
  assert.deepEqual(verdict.failures, [{class: 'busy', treated: failures.treated, control: 0}]);
  const {metrics, ...look} = waves[0].course.at(-1);
  assert.deepEqual([look.look, look.colour], [verdict.look, 'red']);
  assert.deepEqual(metrics.find(({metric}) => metric === 'failures'),
    {metric: 'failures', colour: 'red', currency: null, treated: failures.treated, control: 0});
  assert.match(reason, /failures: \+30\.00 points/);
  assert.equal((await admin.post('/rollouts/faulty/roll-back', {})).status, 200);
  await until('faulty', ({state}) => state === 'rolled_back');
});

test('a wave that does as well as the others is followed by the next', async () => {
  await start('good', 43);
  await talk('good', 0);
  const {waves} = await until('good', ({state}) => state === 'completed');
  assert.equal(waves[0].verdict.colour, 'green');
  assert.match(waves[0].verdict.words, /within its margin/);
});

test('a pause by hand does not wait for the gate to read what a fleet has used', async () => {
  await start('slow', 44);
  // what is read stands still, as it does for a while in a large fleet
  const reading = stack.sql('BEGIN; LOCK TABLE myna.usage IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(100); COMMIT').catch(() => 'cancelled');
  await until('slow', ({step}) => step === 'judging');
  await until('slow', async () => Number((await stack.sql(`SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%is_answer%' AND pid <> pg_backend_pid()`))[0][0]) > 0);
  await stack.sql(`SELECT FROM myna.rollout WHERE rollout_id = 'slow' FOR UPDATE NOWAIT`);
  const {status, body} = await admin.post('/rollouts/slow/pause');
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.cause, 'operator');
  await stack.sql(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND pid <> pg_backend_pid()`);
  assert.equal(await reading, 'cancelled');
  // what was read meanwhile is of a rollout that was not paused: it is not judged by it
  await sleep(1000);
  assert.equal((await admin.get('/rollouts/slow')).body.cause, 'operator');
  assert.equal((await admin.post('/rollouts/slow/roll-back', {})).status, 200);
  await until('slow', ({state}) => state === 'rolled_back');
});
