// Credit on the real stack: what lies ready when server and vendor are gone, a small plan, a robot
// that is written off, a period that ends while robots are silent.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Fleet, until} from '../../support/fleet.mjs';

const ROBOTS = 2;
const LOST = 'sim-0001';
const QUIET = ['--robots', String(ROBOTS), '--talk-rate', '0'];
const WIDE = 1000000;

let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up(...QUIET);
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await fleet.myna('ctl', 'config', 'set', 'fleet', 'report_interval_s=10');
});

after(() => fleet?.end());

const number = async (query) => Number((await fleet.sql(query))[0][0]);
const converged = () => until(60, () => 'robots are behind', async () =>
  (await number('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')) === 0);
// In the budget, not in the vendors' own caps.
const IN_BUDGET = `pools @> (SELECT array_agg(pool_id) FROM myna.pool
  WHERE source = 'budget:wide' AND is_active AND period_to > now())`;
// The lines on which a robot can start its shortest attempt.
const ready = (device) => number(`SELECT count(*) FROM myna.credit_account
  WHERE device_id = '${device}' AND ${IN_BUDGET} AND NOT is_closed AND granted - returned - greatest(used, settled) - open >= 400`);
const isReady = (device) => until(60, async () => `${device} is ready on ${await ready(device)} lines`,
  async () => (await ready(device)) >= 2);
// Spent and outstanding of each period, the newest last.
const pools = async () => (await fleet.sql(`SELECT trunc(spent), outstanding FROM myna.pool
  WHERE source = 'budget:wide' AND is_active ORDER BY period_from`)).map((row) => row.map(Number));
const charged = () => number(`SELECT sum(charged) FROM myna.credit_account WHERE device_id = '${LOST}' AND ${IN_BUDGET}`);
const talkers = () => fleet.ledger().map(({model}) => model.split('-')[0]);

test('I11: with the server gone and the first vendor down a robot answers by the second, out of a budget of both', async () => {
  await fleet.myna('ctl', 'budget', 'create', 'wide', '--scope', 'fleet', '--metric', 'output+reasoning',
    '--at-most', String(WIDE), '--per', 'year');
  await fleet.myna('ctl', 'vendor', 'set', 'dahan', '--base-url', 'http://127.0.0.1:1/v1');
  await converged();
  await isReady('myna-1');
  fleet.kill('mynad');
  const before = talkers().length;
  assert.ok((await fleet.say('Are you still there?')).trim().length > 0);
  assert.deepEqual(talkers().slice(before), ['erxian']);
  await fleet.up(...QUIET);
  await fleet.myna('ctl', 'vendor', 'set', 'dahan', '--base-url', `${fleet.vendors}/v1`);
  await converged();
});

test('a robot that is written off: what it had out is spent, until its records tell how much it was', async () => {
  await isReady(LOST);
  fleet.kill('myna-robots');
  const book = await fleet.ctl('device', 'write-off', LOST);
  const all = await charged();
  assert.ok(all >= 800 && book.charged.length > 0, JSON.stringify(book));
  // the other robot reports its own turn when it likes: the pool is the sum of both at any time
  await until(20, pools, async () => {
    const [[sum]] = await fleet.sql(`SELECT (SELECT row(trunc(spent), outstanding)
      = row((SELECT coalesce(sum(output + reasoning), 0) FROM myna.usage WHERE vendor_id IN ('dahan', 'erxian')) + ${all},
            (SELECT sum(granted - returned - settled) FROM myna.credit_account WHERE device_id <> '${LOST}' AND ${IN_BUDGET}))
      FROM myna.pool WHERE source = 'budget:wide' AND is_active)`);
    return sum === 't';
  });

  // what its records tell of is spent instead: the sum is the same until its old credit is used up
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '60');
  await until(60, charged, async () => (await charged()) < all);
  fleet.kill('myna-robots');
  const told = () => number("SELECT sum(output + reasoning) FROM myna.usage WHERE vendor_id IN ('dahan', 'erxian')");
  await until(20, async () => `${await pools()}`, async () => (await pools())[0][0] === (await told()) + (await charged()));
});

test('I2: at a period\'s end what silent robots have out counts in both periods until they are heard at rest', async () => {
  const silent = await number(`SELECT sum(granted - returned - settled - charged) FROM myna.credit_account
    WHERE device_id LIKE 'sim-%' AND ${IN_BUDGET}`);
  assert.ok(silent > 0);
  await fleet.sql(`UPDATE myna.pool SET period_from = period_from - interval '1 year', period_to = now()
    WHERE source = 'budget:wide' AND is_active`);
  await until(20, async () => `${(await pools()).length} periods`, async () => (await pools()).length === 2);
  await until(180, async () => `${await pools()}; the silent ones have ${silent}`, async () => (await pools())[0][1] === silent);
  assert.ok((await pools())[1][1] >= silent, `${await pools()}`);
  await fleet.up(...QUIET);
  await until(180, async () => `${await pools()}`, async () => (await pools())[0][1] === 0);
  assert.ok((await pools())[1][1] >= silent, `${await pools()}`);
});
