// A vendor is drained under robots that talk: each asks its next route from then on, and the vendor
// again when it is given back. The same for some of them as a drill, with its timed report.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Fleet, until} from '../../support/fleet.mjs';
import {Talks} from '../../support/talks.mjs';

const ROBOTS = 6;
let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '60');
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
  assert.equal(robots, 3);
  await moved(id);
  const since = await now();
  await until(60, () => 'they do not talk', async () => {
    const {erxian, dahan} = await asked(since);
    return erxian > 2 && dahan > 2;
  });
  await fleet.myna('ctl', 'vendor', 'return', 'dahan');
  await ended(id);
  const {report} = await drain(id);
  assert.deepEqual([report.moved, report.back, report.strayed, report.landed.failed], [3, 3, 0, 0]);
  assert.ok(report.landed.attempts > 2 && report.landed.first_token_ms > 0);
  assert.equal(report.money.length, 1);
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
