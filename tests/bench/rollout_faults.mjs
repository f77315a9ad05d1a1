// rollout_faults.mjs - switches to vendors of which one is as good as the one before and four are
// not, over a fleet whose robots talk, judged by its gates.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {until} from '../support/fleet.mjs';
import {setConditions, startVendor} from '../support/vendor.mjs';
import {CpuTimes} from './crowd.mjs';

const PATIENCE_S = 3600;
const MOST_JUDGED = 1000; // robots of each side
const MODEL = 'dahan-chat';
const INTERRUPTED = 30; // per cent of all answers
const PACE = {first_token_ms: 400, jitter_ms: 200, tokens_per_s: 6};
const SETTINGS = ['history_turns=0', 'max_output_tokens=16']; // what is said takes little of what is measured
const TURNS_PER_S = Number(process.env.TURNS_PER_S ?? 150); // of the whole fleet: about half of two cores
const SOAK_TURNS = 2.5; // of a robot, at least
const MOST_SOAK_S = 1200;
const PLAN = {rate_per_minute: 0, unreachable_after_s: 60, on_red: 'roll_back', confirm: {test: true, deadline_s: 300}};
// Simulated robots have no voice. A fault is looked for in every wave, and none waits until it is known.
const QUICK = {first_audio: null, ...Object.fromEntries(['failures', 'first_token', 'interrupted', 'cost'].map((metric) => [metric, {wait: false}]))};
// To be red, one rollout in a hundred being a false alarm, and to be so in 99 of 100.
const CERTAIN = 4.0 + 2.3; // standard errors beyond the margin

// What is wrong with each vendor: its conditions, its price, its listeners' patience.
export const FAULTS = {
  slow: {metric: 'first_token', what: '30 % slower first token'},
  failing: {metric: 'failures', what: '5 % failures', conditions: {500: 0.05}},
  dear: {metric: 'cost', what: '25 % dearer', price: 1.25},
  dull: {metric: 'interrupted', what: 'twice the interruptions'},
};
const VENDORS = {usual: {}, same: {}, ...FAULTS};
export const PATIENCE = {MYNA_ROBOTS_INTERRUPTS: String(INTERRUPTED), MYNA_ROBOTS_INTERRUPTS_OF: `dull=${2 * INTERRUPTED}`};

// Turns a minute and robot.
export const talkRate = (robots) => Math.min(12, Number((60 * TURNS_PER_S / robots).toFixed(2)));
const soakS = (robots) => Number(process.env.SOAK_S ?? Math.max(60, Math.round(60 * SOAK_TURNS / talkRate(robots))));

function contract(vendor, price) {
  const year = new Date().getFullYear();
  const per = (amount) => `"${(amount * price).toFixed(5)}"`;
  return `contract: ${vendor}-terms
vendor: ${vendor}
currency: CNY
zone: Asia/Shanghai
term: {from: ${year}-01-01, to: ${year + 1}-01-01}
charges:
  - {name: requests, kind: unit, metric: requests, per: month, price: ${per(0.0004)}}
  - {name: tokens, kind: matrix, per: month, unit: 1000000, prices: {input_uncached: ${per(1.2)}, input_cached: ${per(0.3)}, output: ${per(4.8)}, reasoning: ${per(4.8)}}}
caps:
  - {metric: requests, at_most: 1000000000, per: day, hard: true}
`;
}

export class Faults {
  constructor(fleet, robots) {
    Object.assign(this, {fleet, robots, programs: [], soakS: soakS(robots)});
  }

  // A vendor of its own, with the keys of the others.
  async #start(vendor, conditions) {
    const {program, port} = await startVendor(this.fleet, vendor, {...PACE, ...conditions});
    this.programs.push(program);
    return port;
  }

  async begin() {
    const {fleet} = this;
    const usual = fleet.base + 4;
    await setConditions(usual, PACE);
    this.ports = {slow: await this.#start('slow', {}), failing: await this.#start('failing', FAULTS.failing.conditions)};
    for (const [vendor, {price}] of Object.entries(VENDORS)) {
      const file = join(fleet.home, `${vendor}-terms.yaml`);
      writeFileSync(file, contract(vendor, price ?? 1));
      await fleet.ctl('vendor', 'set', vendor, '--name', vendor, '--dialect', 'openai',
        '--base-url', `http://127.0.0.1:${this.ports[vendor] ?? usual}/v1`, '--key-file', join(fleet.home, 'vendors/dahan.key'));
      await fleet.ctl('contract', 'apply', '-f', file);
    }
    await fleet.ctl('config', 'set', 'fleet', `routes=${this.routes('usual')}`, ...SETTINGS);
  }

  end() {
    for (const program of this.programs) program.kill();
  }

  routes(vendor) {
    return JSON.stringify([{vendor, model: MODEL, contract: `${vendor}-terms`}]);
  }

  async #number(query) {
    return Number((await this.fleet.sql(query))[0][0]);
  }

  async settled() {
    const behind = () => this.#number('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');
    await until(PATIENCE_S, async () => `${await behind()} robots are behind`, async () => await behind() === 0);
  }

  // What robots do while nothing is wrong, of the last so many seconds: how much each metric scatters from turn to turn.
  async pilot(seconds) {
    const [row] = await this.fleet.sql(`SELECT count(*), avg(first_token_ms), avg(ln(first_token_ms)), stddev(ln(first_token_ms)),
      avg((outcome IN (3, 5, 6))::int), avg(interrupted::int), stddev(price) / avg(price)
      FROM myna.usage WHERE arrived_at > now() - interval '${seconds} s' AND purpose = 0 AND attempt = 1 AND first_token_ms > 0`);
    const [turns, firstTokenMs, , scatter, failing, interrupted, spread] = row.map(Number);
    this.known = {perRobot: turns / this.robots / seconds, firstTokenMs, scatter, failing, interrupted, spread};
    await setConditions(this.ports.slow, {...PACE, first_token_ms: PACE.first_token_ms + 0.3 * firstTokenMs});
    return this.known;
  }

  // How many standard errors lie between what is planted and what is allowed, in turns of so many robots and their control's.
  #distance(metric, treated, held) {
    const {scatter, interrupted: share, spread} = this.known;
    const of = (one, other) => Math.sqrt(one ** 2 / treated + other ** 2 / held);
    switch (metric) {
      case 'first_token': return Math.log(1.3 / 1.2) / of(scatter, scatter);
      case 'failures': return 0.03 / of(Math.sqrt(0.05 * 0.95), 0.05);
      case 'cost': return 0.05 / of(1.25 * spread, 1.2 * spread);
      default: return share * 0.5 / of(Math.sqrt(2 * share * (1 - 2 * share)), 1.5 * Math.sqrt(share * (1 - share)));
    }
  }

  // The first wave, of so many robots each, whose soak can show the fault; 0: none.
  #firstToKnow(metric, waves, soakS) {
    const turns = this.known.perRobot * soakS;
    let changed = 0;
    for (const [n, size] of waves.entries()) {
      changed += size;
      const held = this.robots - changed;
      const distance = this.#distance(metric, Math.min(changed, MOST_JUDGED) * turns, Math.max(1, Math.min(held, MOST_JUDGED)) * turns);
      if (distance >= CERTAIN) return n + 1;
    }
    return 0;
  }

  async #waves(id) {
    return (await this.fleet.sql(`SELECT wave, state, planned, extract(epoch FROM published_at - opened_at),
      extract(epoch FROM confirmed_at - published_at), looks, is_control, verdict ->> 'because', verdict ->> 'words'
      FROM myna.rollout_wave WHERE rollout_id = '${id}' ORDER BY wave`))
      .map(([wave, state, planned, published, confirmed, looks, control, because, words]) => ({wave: Number(wave), state,
        planned: Number(planned), published_s: Number(published), confirmed_s: Number(confirmed), looks: Number(looks),
        control: control === 't', because, words}));
  }

  async #run(id, vendor, gates, soakS = this.soakS) {
    const {fleet} = this;
    const file = join(fleet.home, `${id}.json`);
    writeFileSync(file, JSON.stringify({...PLAN, soak_s: soakS, gates}));
    const cpu = new CpuTimes(fleet);
    await fleet.ctl('rollout', 'create', id, `routes=${this.routes(vendor)}`, '--plan', file, '--start');
    const place = async () => (await fleet.sql(`SELECT concat_ws('/', state, step, cause, wave, state_reason) FROM myna.rollout WHERE rollout_id = '${id}'`))[0][0];
    let asked = 0;
    await until(PATIENCE_S, async () => `rollout ${id} stands at ${await place()}`, async () => {
      const at = await place();
      if (/^(aborted|draft|paused\/judging\/refused)/.test(at)) throw new Error(`rollout ${id} ended as ${at}`);
      if (/^paused\/.*no_verdict/.test(at)) { // a human looks at the numbers, and goes on
        asked++;
        await fleet.ctl('rollout', 'force', id, '--reason', 'too few turns to tell');
      }
      return /^(completed|rolled_back)/.test(at);
    });
    const [[state, seconds]] = await fleet.sql(`SELECT state, extract(epoch FROM ended_at - started_at) FROM myna.rollout WHERE rollout_id = '${id}'`);
    return {state, seconds: Number(seconds), asked, soak_s: soakS, waves: await this.#waves(id), cpu_s: cpu.passed()};
  }

  // Another vendor that is as good: every wave is judged green.
  async through() {
    const done = await this.#run('same', 'same', {first_audio: null});
    if (done.state !== 'completed') throw new Error(`a switch to a vendor that is as good was stopped: ${JSON.stringify(done.waves)}`);
    await this.settled();
    return done;
  }

  // The waves as the server would cut them.
  async #planned(fault) {
    const file = join(this.fleet.home, 'waves.json');
    writeFileSync(file, JSON.stringify({...PLAN, soak_s: this.soakS, gates: QUICK}));
    const {waves} = await this.fleet.ctl('rollout', 'create', 'waves', `routes=${this.routes(fault)}`, '--plan', file, '--dry-run');
    return waves.filter(({control}) => !control).map(({planned}) => planned);
  }

  // A soak in which some wave can know the fault: a fleet that is small talks for longer.
  async #soakFor(fault) {
    const waves = await this.#planned(fault);
    for (let soakS = this.soakS; soakS <= MOST_SOAK_S; soakS = Math.ceil(1.25 * soakS)) {
      const first = this.#firstToKnow(FAULTS[fault].metric, waves, soakS);
      if (first > 0) return {soakS, first};
    }
    throw new Error(`${FAULTS[fault].what}: no wave of ${this.robots} robots can know it in ${MOST_SOAK_S} s of soak, so that nothing is shown ` +
      'by this fleet (hint: more ROBOTS, or TURNS_PER_S)');
  }

  // A vendor that is not: stopped in the first wave that can know it, and everybody is back.
  async stopped(fault) {
    const {fleet} = this;
    const {what} = FAULTS[fault];
    await fleet.ctl('config', 'set', 'fleet', `routes=${this.routes('usual')}`);
    await this.settled();
    const {soakS, first} = await this.#soakFor(fault);
    const done = await this.#run(`to-${fault}`, fault, QUICK, soakS);
    const red = done.waves.find(({state}) => state === 'red');
    if (process.env.MYNA_BENCH_CPU) console.error(JSON.stringify({...done, first}));
    if (done.state !== 'rolled_back' || !red) throw new Error(`${what}: it was not stopped, the rollout ended as ${done.state}`);
    if (red.wave > first) throw new Error(`${what}: it was stopped in wave ${red.wave}, and wave ${first} can know it: ${red.words}`);
    await this.settled();
    await this.#everybodyIsBack(fault);
    return {...done, first, red: red.wave, because: red.because, least_s: soakS * (red.wave - 0.5)};
  }

  async #everybodyIsBack(fault) {
    const left = await this.#number(`SELECT count(*) FROM myna.effective_setting WHERE name = 'routes' AND value #>> '{0,vendor}' <> 'usual'`);
    if (left > 0) throw new Error(`${left} robots still have ${fault}, which was taken back`);
  }
}
