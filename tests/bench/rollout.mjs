import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Fleet, until} from '../support/fleet.mjs';
import {enrolInBulk} from './crowd.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 200);
const PATIENCE_S = 1200;
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

function tell(metric, value, bound) {
  console.log(JSON.stringify({bench: 'rollout', metric, value: Number(value.toFixed(3)), unit: 's', limit: Number(bound.toFixed(3)),
    limit_is: `a change of ${ROBOTS} robots at once, without waves and trials`, ratio: Number((value / bound).toFixed(3))}));
}

const fleet = await Fleet.create();
fleet.env.MYNAD_ROLLOUT_APPROVAL = '1000000'; // nobody is here to approve
try {
  await enrolInBulk(fleet, ROBOTS);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0.2');
  await online(ROBOTS);
  await all();
  const bound = await atOnce();
  tell('five_waves', await move('all', 'erxian'), bound);
  await all();

  const half = ROBOTS >> 1;
  await fleet.up('--robots', String(half), '--talk-rate', '0.2');
  await until(PATIENCE_S, () => 'the others do not leave', async () => (await fleet.ctl('fleet')).online <= half + 1);
  tell('five_waves_half_away', await move('half', 'dahan'), bound);
  const before = performance.now();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0.2');
  await online(ROBOTS);
  await all();
  tell('the_others_are_back', (performance.now() - before) / 1000, bound);
} finally {
  await fleet.end();
}
