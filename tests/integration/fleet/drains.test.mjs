// A vendor is drained under robots that talk: each asks its next route from then on, and the vendor
// again when it is given back. The same for some of them as a drill, with its timed report. And a
// switch to a vendor that begins to fail is judged by what those robots meet.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Fleet, until} from '../../support/fleet.mjs';
import {Talks} from '../../support/talks.mjs';
import {setConditions, startVendor} from '../../support/vendor.mjs';

const ROBOTS = 12;
let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '40');
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await until(60, asked, async () => (await asked()).dahan > 5);
});

after(() => fleet?.end());

// Attempts by vendor that began after that instant of the database; those of trials left out.
const now = async () => (await fleet.sql('SELECT clock_timestamp()'))[0][0];
const asked = async (since = '-infinity') => Object.fromEntries((await fleet.sql(`SELECT vendor_id, count(*) FROM myna.usage
  WHERE at > '${since}' AND purpose = 0 GROUP BY 1`)).map(([vendor, count]) => [vendor, Number(count)]));
const drain = async (number) => fleet.ctl('vendor', 'drains', 'dahan', String(number));
const ended = (number) => until(60, async () => JSON.stringify(await drain(number)), async () => (await drain(number)).state === 'ended');
const moved = (number) => until(60, async () => JSON.stringify(await drain(number)), async () => {
  const {robots, report} = await drain(number);
  return report.moved === robots;
});

test('all robots leave a drained vendor at once, talk on elsewhere, and come back', async () => {
  const {id, robots, capacity} = await fleet.ctl('vendor', 'drain', 'dahan', '--reason', 'no answer');
  assert.equal(robots, ROBOTS + 1);
  assert.ok(capacity.landings.some(({vendor}) => vendor === 'erxian'));
  await moved(id);
  const {report} = await drain(id);
  assert.ok(report.last_moved_s < 60, `${report.last_moved_s} s`);
  const since = await now();
  await until(60, () => 'nobody talks', async () => (await asked(since)).erxian > 5);
  assert.equal((await asked(since)).dahan, undefined);

  await fleet.myna('ctl', 'vendor', 'return', 'dahan');
  await ended(id);
  const back = await now();
  await until(60, () => 'nobody talks', async () => (await asked(back)).dahan > 5);
  assert.equal((await asked(back)).erxian, undefined);
  const {report: whole} = await drain(id);
  assert.deepEqual([whole.moved, whole.back, whole.strayed], [ROBOTS + 1, ROBOTS + 1, 0]);
  assert.ok(whole.landed.attempts > 5);
});

test('a drill leads some away, and reports how it went', async () => {
  const {id, robots} = await fleet.ctl('vendor', 'drill', 'dahan', '--share', '30%', '--minutes', '30', '--no-wait');
  assert.equal(robots, 4);
  await moved(id);
  const since = await now();
  await until(60, () => 'they do not talk', async () => {
    const {erxian, dahan} = await asked(since);
    return erxian > 2 && dahan > 2;
  });
  await fleet.myna('ctl', 'vendor', 'return', 'dahan');
  await ended(id);
  const {report} = await drain(id);
  assert.deepEqual([report.moved, report.back, report.strayed, report.landed.failed], [4, 4, 0, 0]);
  assert.ok(report.landed.attempts > 2 && report.landed.first_token_ms > 0);
  assert.equal(report.money.length, 1);
});

// As good as the other while robots are tried and confirmed; from then on all its answers are errors,
// so that few robots are enough to tell.
test('a wave whose vendor fails its robots is red, and goes back by itself', async () => {
  const {program, port} = await startVendor(fleet, 'brittle', {first_token_ms: 50});
  try {
    const terms = join(fleet.home, 'brittle.yaml');
    writeFileSync(terms, `contract: brittle-terms
vendor: brittle
currency: CNY
zone: Asia/Shanghai
term: {from: 2020-01-01, to: 2050-01-01}
charges:
  - {name: tokens, kind: matrix, per: month, unit: 1000000, prices: {input_uncached: "1", input_cached: "1", output: "2", reasoning: "2"}}
`);
    await fleet.ctl('vendor', 'set', 'brittle', '--name', 'Brittle', '--dialect', 'openai', '--base-url', `http://127.0.0.1:${port}/v1`,
      '--key-file', join(fleet.home, 'vendors/dahan.key'));
    await fleet.ctl('contract', 'apply', '-f', terms);
    const plan = join(fleet.home, 'brittle.json');
    writeFileSync(plan, JSON.stringify({waves: [{share: '50%'}, {share: '100%'}], control: {at_least: 6}, soak_s: 10, rate_per_minute: 0,
      on_red: 'roll_back', confirm: {test: false}, gates: {first_token: null, first_audio: null, interrupted: null, cost: null}}));
    await fleet.ctl('rollout', 'create', 'to-brittle', `routes=${JSON.stringify([{vendor: 'brittle', model: 'dahan-chat', contract: 'brittle-terms'}])}`,
      '--plan', plan, '--start');
    const get = () => fleet.ctl('rollout', 'get', 'to-brittle');
    const stands = async () => {
      const {state, step, cause, reason, waves} = await get();
      return JSON.stringify({state, step, cause, reason, verdict: waves[0]?.verdict});
    };
    await until(60, stands, async () => (await get()).step === 'soaking');
    await setConditions(port, {500: 1});
    await until(120, stands, async () => (await get()).state === 'rolled_back');
    const {waves, reason, members, counts} = await get();
    const {verdict} = waves[0];
    assert.deepEqual([waves[0].state, verdict.colour, verdict.because, waves[1].state], ['red', 'red', 'failures', 'planned'], reason);
    const failures = verdict.metrics.find(({metric}) => metric === 'failures');
    assert.ok(failures.treated > 0.3 && failures.lower > failures.margin && failures.control < 0.1, JSON.stringify(failures));
    assert.equal(counts.reverted, 7, JSON.stringify({members, counts}));
    const {items} = await fleet.ctl('rollout', 'history', 'to-brittle');
    const [red] = items.filter(({to}) => to?.state === 'rolling_back');
    assert.deepEqual([red.event, red.actor], ['red', 'mynad'], 'nobody had to take it back');
    const since = await now();
    await until(60, () => 'nobody talks', async () => (await asked(since)).dahan > 20);
    assert.equal((await asked(since)).brittle, undefined);
  } finally {
    program.kill();
  }
});

test('I1: a fleet that is changed while it talks loses no turn, and counts none twice', {skip: !process.env.DRAINS_LONG}, async () => {
  const route = (vendor, model) => ({vendor, model, contract: `${vendor}-2026`});
  const routes = [route('erxian', 'erxian-mini'), route('dahan', 'dahan-chat')];
  const talks = new Talks(fleet);
  await talks.begin(ROBOTS, 60);
  for (let change = 0; change < 3; change++) {
    const since = await now();
    await fleet.myna('ctl', 'config', 'set', 'fleet', `screen_mark="${change}"`, `routes=${JSON.stringify(routes.reverse())}`);
    await until(60, () => 'not all robots run it', async () => Number((await fleet.sql(
      'SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation'))[0][0]) === 0);
    await until(60, () => 'nobody talks', async () => Object.values(await asked(since)).reduce((sum, n) => sum + n, 0) > 3);
  }
  const {turns, lost} = await talks.end();
  assert.ok(turns > 10, `${turns} turns`);
  assert.deepEqual(lost, []);
});
