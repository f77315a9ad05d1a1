// storm.mjs - a fleet that lost its broker, or its server, and comes back all at once.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect} from 'node:net';
import {join} from 'node:path';
import {Fleet, sleep, until} from '../support/fleet.mjs';
import {Talks} from '../support/talks.mjs';
import {CpuTimes, enrolInBulk} from './crowd.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 1000);
const TALK_RATE = Number(process.env.TALK_RATE ?? 0.2);
const PATIENCE_S = 1800;
const AWAY_S = 5; // enough for every robot to know
const SHAKERS = 3; // of bare handshakes: more of them make no more, the broker has one thread
const SHAKE_S = 6;
const BROKER_PORT = 2; // counted from the fleet's first
const QUEUES = {bus_queued: 'messages', bus_in_flight: 'messages'};
const LOSSES = ['bus_refused_total', 'messages_forged_total', 'usage_quarantined_total'];

// Bare TLS handshakes a second with this broker, each side showing its certificate.
async function handshakes() {
  const robot = join(fleet.home, 'robots/sim-0001');
  const shakers = Array.from({length: SHAKERS}, () => {
    const program = spawn('openssl', ['s_time', '-connect', `127.0.0.1:${fleet.base + BROKER_PORT}`, '-new', '-time', String(SHAKE_S),
      '-CAfile', join(robot, 'root.pem'), '-cert', join(robot, 'device.pem'), '-key', join(robot, 'device.key')]);
    let said = '';
    program.stdout.on('data', (data) => { said += data; });
    return once(program, 'close').then(() => Number(said.match(/(\d+) connections in \d+ real seconds/)[1]));
  });
  const counts = await Promise.all(shakers);
  return counts.reduce((sum, count) => sum + count, 0) / SHAKE_S;
}

const isOpen = (port) => new Promise((answer) => {
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => { socket.destroy(); answer(true); });
  socket.once('error', () => answer(false));
});

async function metrics() {
  const answer = await fetch(`${fleet.url}/metrics`).catch(() => null);
  if (!answer?.ok) return {};
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('myna_'));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0].slice(5), Number(line.split(' ')[1])]));
}

// The most of each queue, looked at four times a second, until end() is called.
function watchQueues() {
  const most = {};
  let ended = false;
  const done = (async () => {
    while (!ended) {
      const now = await metrics();
      for (const name of Object.keys(QUEUES)) most[name] = Math.max(most[name] ?? 0, now[name] ?? 0);
      await sleep(250);
    }
  })();
  return {end: async () => { ended = true; await done; return most; }};
}

const tell = (metric, value, unit, limit, limitIs, more = {}) =>
  console.log(JSON.stringify({bench: 'storm', metric, value: Number(value.toFixed(3)), unit, limit: Number(limit.toFixed(3)),
    limit_is: limitIs, ratio: limit > 0 ? Number((value / limit).toFixed(3)) : null, robots: ROBOTS, ...more}));

const number = async (query) => Number((await fleet.sql(query))[0][0]);
const behind = () => number('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');
const current = () => until(PATIENCE_S, async () => `${await behind()} robots are behind`, async () => await behind() === 0);

// Kills a part, changes the whole fleet (what needs the server waits for it), starts the part again;
// the seconds from when it listens until the last robot's answer is in the database.
async function storm(part, port) {
  fleet.kill(part);
  await sleep(AWAY_S * 1000);
  const change = () => fleet.ctl('config', 'set', 'fleet', `screen_mark="${part} ${Date.now()}"`);
  if (part !== 'mynad') await change();
  const cpu = new CpuTimes(fleet);
  const queues = watchQueues();
  const up = fleet.up();
  await until(60, () => `${part} does not listen`, () => isOpen(port));
  const began = Date.now();
  await up;
  if (part === 'mynad') await change();
  await current();
  const last = await number('SELECT extract(epoch FROM max(reported_at)) * 1000 FROM myna.device_link');
  return {seconds: (last - began) / 1000, cpu_s: cpu.passed(), most: await queues.end()};
}

async function measure(part, port, perSecond) {
  const {seconds, cpu_s, most} = await storm(part, port);
  tell(`${part}_back`, seconds, 's', ROBOTS / perSecond, `${ROBOTS} bare handshakes with this broker at ${perSecond.toFixed(0)} a second`, {cpu_s});
  for (const [name, unit] of Object.entries(QUEUES))
    tell(`${part}_${name}`, most[name] ?? 0, unit, ROBOTS, 'one message of each robot');
}

const fleet = await Fleet.create();
try {
  await enrolInBulk(fleet, ROBOTS);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(PATIENCE_S, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await current();
  const talks = new Talks(fleet);
  await talks.begin(ROBOTS, TALK_RATE);
  await current();
  const perSecond = await handshakes();
  await measure('mosquitto', fleet.base + BROKER_PORT, perSecond);
  await measure('mynad', fleet.base, perSecond);
  const counts = await metrics();
  for (const name of LOSSES) if (counts[name] > 0) throw new Error(`${name} is ${counts[name]}`);
  const {turns, lost} = await talks.end();
  tell('turns_lost', lost.length, 'turns', turns, `turns asked of ${ROBOTS} robots meanwhile, each metered once as the vendors' ledger has it`);
  if (lost.length > 0) throw new Error(`turns were lost: ${JSON.stringify(lost.slice(0, 5))}`);
} finally {
  await fleet.end();
}
