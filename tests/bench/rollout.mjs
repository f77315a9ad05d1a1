import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Fleet, sleep, until} from '../support/fleet.mjs';
import {bareBroker, configBytes} from './broker.mjs';
import {CpuTimes, enrolInBulk} from './crowd.mjs';
import {FAULTS, Faults, PATIENCE, talkRate} from './rollout_faults.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 200);
const ONLY = process.env.ONLY; // "switch", "drain", or "gates", or names of faults between commas
const PATIENCE_S = 3600;
const PILOT_S = 40;
const PLAN = {gates: 'off', soak_s: 0, rate_per_minute: 0, unreachable_after_s: 10,
  waves: [{share: '1%'}, {share: '5%'}, {share: '25%'}, {share: '50%'}, {share: '100%'}],
  confirm: {test: true, deadline_s: 120}};
const route = (vendor, model) => ({vendor, model, contract: `${vendor}-2026`});
const ROUTES = {
  dahan: [route('dahan', 'dahan-chat'), route('erxian', 'erxian-mini')],
  erxian: [route('erxian', 'erxian-mini'), route('dahan', 'dahan-chat')],
};

const number = async (query) => Number((await fleet.sql(query))[0][0]);
const online = async (count) => until(PATIENCE_S, async () => `${(await fleet.ctl('fleet')).online} of ${count} robots are online`,
  async () => (await fleet.ctl('fleet')).online >= count + 1); // and the full robot
const behind = () => number('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');
const all = () => until(PATIENCE_S, async () => `${await behind()} robots are behind`, async () => await behind() === 0);

// Seconds until every robot runs a change that needs no waves.
async function atOnce() {
  await fleet.myna('ctl', 'config', 'set', 'fleet', `screen_mark="${Date.now()}"`);
  await all();
  return number('SELECT extract(epoch FROM max(reported_at) - max(desired_since)) FROM myna.device_link');
}

// Seconds from its start to its end; each robot it opened has tried the vendor by itself.
async function move(id, vendor) {
  const file = join(fleet.home, `${id}.json`);
  writeFileSync(file, JSON.stringify(PLAN));
  await fleet.ctl('rollout', 'create', id, `routes=${JSON.stringify(ROUTES[vendor])}`, '--plan', file, '--start');
  const state = () => fleet.sql(`SELECT concat_ws('/', state, step, wave, cause) FROM myna.rollout WHERE rollout_id = '${id}'`);
  await until(PATIENCE_S, async () => `rollout ${id} stands at ${await state()}`, async () => {
    const [[at]] = await state();
    if (/^(paused|aborted|rolled_back)/.test(at)) throw new Error(`rollout ${id} ended as ${at}`);
    return at.startsWith('completed');
  });
  return number(`SELECT extract(epoch FROM ended_at - started_at) FROM myna.rollout WHERE rollout_id = '${id}'`);
}

function tell(metric, value, unit, limit, limitIs, more = {}) {
  console.log(JSON.stringify({bench: 'rollout', metric, value: Number(value.toFixed(3)), unit, limit: Number(limit.toFixed(3)),
    limit_is: limitIs, ratio: Number((value / limit).toFixed(3)), robots: ROBOTS, ...more}));
}
const tellSeconds = (metric, value, bound, cpu) => tell(metric, value, 's', bound.seconds, bound.is, {cpu_s: cpu.passed()});

// The fleet's whole change at once is the limit of all that moves it in waves; the bare broker's is that one's.
async function bounds() {
  const cpu = new CpuTimes(fleet);
  const seconds = await atOnce();
  tell('at_once', seconds, 's', await bareBroker(fleet, ROBOTS, 3) / 1000,
    `bare broker, ${ROBOTS} messages of ${configBytes(fleet)} bytes out and answers back`, {cpu_s: cpu.passed()});
  return {seconds, is: `a change of ${ROBOTS} robots at once, without waves and trials`};
}

// A vendor's drain and its return, as its own report times them; all robots ask it first by then.
async function drain(bound, vendor) {
  const report = (id, done) => until(PATIENCE_S, () => `drain ${id} of ${vendor} is not done`, async () => {
    const found = (await fleet.ctl('vendor', 'drains', vendor, String(id))).report;
    return found && done(found) && found;
  });
  let cpu = new CpuTimes(fleet);
  const {id} = await fleet.ctl('vendor', 'drain', vendor, '--reason', 'bench');
  const away = await report(id, ({robots, moved}) => robots >= ROBOTS && moved === robots);
  tellSeconds('drained', away.last_moved_s, bound, cpu);
  cpu = new CpuTimes(fleet);
  await fleet.ctl('vendor', 'return', vendor);
  const home = await report(id, ({robots, back}) => back === robots);
  tellSeconds('returned', home.last_back_s, bound, cpu);
}

async function connected() {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0.2');
  await online(ROBOTS);
  await all();
  return bounds();
}

async function switches() {
  const bound = await connected();
  let cpu = new CpuTimes(fleet);
  tellSeconds('five_waves', await move('all', 'erxian'), bound, cpu);
  await all();

  const half = ROBOTS >> 1;
  await fleet.up('--robots', String(half), '--talk-rate', '0.2');
  await until(PATIENCE_S, () => 'the others do not leave', async () => (await fleet.ctl('fleet')).online <= half + 1);
  cpu = new CpuTimes(fleet);
  tellSeconds('five_waves_half_away', await move('half', 'dahan'), bound, cpu);
  const before = performance.now();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0.2');
  cpu = new CpuTimes(fleet);
  await online(ROBOTS);
  await all();
  tellSeconds('the_others_are_back', (performance.now() - before) / 1000, bound, cpu);
  await drain(bound, 'dahan');
}

async function gates(names) {
  const faults = new Faults(fleet, ROBOTS);
  try {
    await faults.begin();
    await fleet.up('--robots', String(ROBOTS), '--talk-rate', String(talkRate(ROBOTS)));
    await online(ROBOTS);
    await faults.settled();
    await sleep(PILOT_S * 1000);
    const pilot = await faults.pilot(PILOT_S);
    if (process.env.MYNA_BENCH_CPU) console.error(JSON.stringify({pilot}));
    for (const name of names) await (name === 'same' ? through(faults) : stopped(faults, name)).catch((error) => {
      console.error(`bench rollout: ${error.message}`); // and what else is planted is looked at all the same
      process.exitCode = 1;
    });
  } finally {
    faults.end();
  }
}

// Beside the soaks alone, which the plan asks for.
async function through(faults) {
  const done = await faults.through();
  const soak = done.waves.filter(({control}) => !control).length * done.soak_s;
  if (process.env.MYNA_BENCH_CPU) console.error(JSON.stringify(done));
  tell('judged_waves', done.seconds, 's', soak, `the plan's soaks; a human was asked ${done.asked} times`, {cpu_s: done.cpu_s});
}

async function stopped(faults, name) {
  const done = await faults.stopped(name);
  tell(`stop_${name}`, done.seconds, 's', done.least_s, `half the last soak and all before; ${FAULTS[name].what}: ` +
    `stopped in wave ${done.red} for ${done.because}, can be known in wave ${done.first}`, {cpu_s: done.cpu_s});
}

const fleet = await Fleet.create();
fleet.env.MYNAD_ROLLOUT_APPROVAL = '1000000'; // nobody is here to approve
Object.assign(fleet.env, PATIENCE);
try {
  await enrolInBulk(fleet, ROBOTS);
  if (!ONLY || ONLY === 'switch') await switches();
  else if (ONLY === 'drain') await drain(await connected(), 'dahan');
  if (!['switch', 'drain'].includes(ONLY)) await gates(!ONLY || ONLY === 'gates' ? ['same', ...Object.keys(FAULTS)] : ONLY.split(','));
} finally {
  await fleet.end();
}
