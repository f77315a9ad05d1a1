// A threshold acts on real robots: they talk until it is reached, then ask the other vendor, and go
// back when it is lifted. And the dead-man ping of a server that is well.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Fleet, sleep, until} from '../../support/fleet.mjs';
import {Hook} from '../../support/receivers.mjs';

const ROBOTS = 8;
const demo = new URL('../../../server/demo/dahan-2026.yaml', import.meta.url);
let fleet;
let watcher;

before(async () => {
  watcher = await Hook.open();
  fleet = await Fleet.create();
  Object.assign(fleet.env, {MYNAD_DEADMAN_URL: `${watcher.url}/ping`, MYNAD_DEADMAN_INTERVAL_S: '1'});
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '60');
});

after(async () => {
  await fleet?.end();
  await watcher?.close();
});

const threshold = async (name = 'many') => (await fleet.ctl('threshold', 'list')).items.find(({source}) => source === `contract:dahan-2026:${name}`);
const fired = (name) => until(60, async () => JSON.stringify(await threshold(name)), async () => (await threshold(name))?.state === 'fired');
// The demo's contract from now on, with this threshold alone.
async function agree(rule) {
  const file = join(fleet.home, 'dahan.yaml');
  writeFileSync(file, readFileSync(demo, 'utf8').replace(/^thresholds:[^]*/m, `thresholds:\n  - ${rule}\n`));
  await fleet.myna('ctl', 'contract', 'apply', '-f', file);
}
const held = async (device, name) => {
  const {value, layer, outcome} = (await fleet.ctl('device', 'effective', device)).items.find((item) => item.name === name);
  return [value, layer, outcome].join(' ');
};
const effective = async (device, name) => (await fleet.sql(`SELECT value FROM myna.effective_setting WHERE device_id = '${device}' AND name = '${name}'`))[0]?.[0];
const behind = async () => Number((await fleet.sql('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation'))[0][0]);
const asked = async (seconds) => Object.fromEntries(await fleet.sql(`SELECT vendor_id, count(*) FROM myna.usage
  WHERE at > now() - interval '${seconds} seconds' GROUP BY 1`));

test('a server that is well says so to its watcher, and falls silent with its database', async () => {
  await until(20, () => 'no ping', () => watcher.requests.length >= 3);
  assert.deepEqual([watcher.requests[0].method, watcher.requests[0].url], ['GET', '/ping']);
  fleet.kill('postgresql', 'SIGQUIT');
  await sleep(5000); // what was under way is over
  const silent = watcher.requests.length;
  await sleep(5000);
  assert.equal(watcher.requests.length, silent);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '60');
  const pings = watcher.requests.length;
  await until(40, () => 'no ping any more', () => watcher.requests.length > pings);
});

test('at the limit of one contract the robots ask the other vendor, and come back when it is lifted', async () => {
  await until(120, () => 'the robots do not talk', async () => (await asked(10)).dahan > 5);
  const used = Number((await fleet.sql("SELECT sum(requests) FROM myna.usage_day WHERE contract_id = 'dahan-2026'"))[0][0]);
  await agree(`{name: many, of: requests, limit: ${used + 30}, per: term, at: "100%", do: [alert, {fall_back_to: erxian-2026}]}`);

  await fired('many');
  const [alert] = (await fleet.ctl('alert', 'list')).items.filter(({kind}) => kind === 'threshold');
  assert.equal(alert.subject, 'contract/dahan-2026/many');
  assert.equal(await effective('sim-0001', 'limit_mode'), '"fallback"');
  await until(30, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  await sleep(5000);
  const fallen = await asked(4);
  assert.ok(fallen.erxian > 0 && !fallen.dahan, JSON.stringify(fallen));

  await fleet.myna('ctl', 'threshold', 'reset', String((await threshold()).id));
  await until(30, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  await sleep(5000);
  const back = await asked(4);
  assert.ok(back.dahan > 0 && !back.erxian, JSON.stringify(back));
});

test('throttled robots apply the threshold\'s settings, and nobody talks oftener than they say', async () => {
  await agree('{name: slow, of: output, limit: 1, per: term, at: "100%", do: [alert, {throttle: {turns_per_minute: 3, max_output_tokens: 64}}]}');
  await fired('slow');
  for (const device of ['sim-0001', 'myna-1'])
    for (const [name, value] of [['limit_mode', 'throttled'], ['turns_per_minute', '3'], ['max_output_tokens', '64']])
      await until(30, () => held(device, name), async () => (await held(device, name)) === `${value} threshold:contract:dahan-2026:slow applied`);
  await until(30, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  await sleep(2000); // turns that had begun
  const before = fleet.ledger().length;
  await sleep(20000);
  const turns = fleet.ledger().length - before;
  assert.ok(turns > 0 && turns <= 2 * ROBOTS, `${turns} requests of ${ROBOTS} robots in 20 s`);
});

test('blocked robots ask no vendor and say why; lifted, they talk again', async () => {
  await agree('{name: stop, of: requests, limit: 1, per: term, at: "100%", do: [block]}');
  await fired('stop');
  for (const device of ['sim-0001', 'myna-1'])
    await until(30, () => held(device, 'limit_mode'), async () => (await held(device, 'limit_mode')) === 'blocked threshold:contract:dahan-2026:stop applied');
  await until(30, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  await sleep(5000);
  const before = fleet.ledger().length;
  await assert.rejects(fleet.say('Who are you?'), ({stdout, stderr}) => {
    assert.match(stdout + stderr, /I have used up what I may say for now/);
    assert.match(stdout + stderr, /the setting limit_mode keeps this robot from asking a vendor/);
    return true;
  });
  assert.equal(fleet.ledger().length, before, 'no robot asked');
  await fleet.myna('ctl', 'threshold', 'reset', String((await threshold('stop')).id));
  await until(30, () => held('myna-1', 'limit_mode'), async () => (await held('myna-1', 'limit_mode')).startsWith('none '));
  assert.match(await fleet.say('Who are you?'), /\w/);
});
