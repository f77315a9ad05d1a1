// A fleet spread over two brokers that know nothing of each other: robots are told them in an order
// of their own, and what a server sends finds a robot wherever it is.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Fleet, until} from '../../support/fleet.mjs';

const ROBOTS = 16;

let fleet;

before(async () => {
  fleet = await Fleet.create();
  await up();
});

after(() => fleet?.end());

async function up() {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '20', '--brokers', '2');
  await until(60, () => 'not all robots are online', allAreOnline);
}

const allAreOnline = async () => (await fleet.ctl('fleet')).online === ROBOTS + 1;

async function metrics(name) {
  const text = await (await fetch(`${fleet.url}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^myna_${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))].map(([, value]) => Number(value));
}

// How many robots are connected to the broker: its listener's established connections, from the kernel.
function robotsAt(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8').split('\n')
    .filter((line) => new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} [0-9A-F]{8}:[0-9A-F]{4} 01 `).test(line)).length;
}

const spread = () => [robotsAt(fleet.base + 2), robotsAt(fleet.base + 5)];

async function everyRobotObeys(volume) {
  await fleet.ctl('config', 'set', 'fleet', `volume=${volume}`);
  await until(60, async () => `not all robots obey: ${JSON.stringify(await fleet.ctl('fleet'))}`,
    async () => (await fleet.sql(`SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation`))[0][0] === '0');
}

test('robots are spread over the brokers and obey through each', async () => {
  assert.deepEqual(await metrics('broker_connected'), [1, 1]);
  await until(30, () => `robots are at ${spread()}`, () => spread()[0] + spread()[1] === ROBOTS + 1);
  const [first, second] = spread();
  assert.ok(first > 0 && second > 0, `${first} and ${second}`);
  await everyRobotObeys(31);
});

test('a broker that dies sends its robots to the other, where configuration finds them', async () => {
  fleet.kill('mosquitto-2');
  await until(60, () => `robots are at ${spread()}`, () => robotsAt(fleet.base + 2) === ROBOTS + 1);
  await until(30, () => 'not all robots are online', allAreOnline);
  assert.equal(await (await fetch(`${fleet.url}/readyz`)).text(), 'ready, but 1 of 2 brokers are away\n');
  await everyRobotObeys(32);
});

test('a robot at another broker than its own is found there when its own is back', async () => {
  await up();
  await until(30, () => 'the second broker is not connected to', async () => (await metrics('broker_connected')).join() === '1,1');
  assert.equal(robotsAt(fleet.base + 5), 0, 'nobody has gone back');
  await everyRobotObeys(33);
});

test('each broker learns who is revoked', async () => {
  fleet.kill('mosquitto');
  await until(60, () => `robots are at ${spread()}`, () => robotsAt(fleet.base + 5) === ROBOTS + 1);
  await up();
  await fleet.ctl('device', 'revoke', 'sim-0003');
  await until(30, () => `${robotsAt(fleet.base + 5)} robots`, () => robotsAt(fleet.base + 5) === ROBOTS);
  for (const name of ['mosquitto', 'mosquitto-2'])
    await until(30, () => `${name}: ${fleet.log(name)}`, () => fleet.log(name).includes('1 robots are revoked'));
});
