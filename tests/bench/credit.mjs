import {Fleet, sleep, until} from '../support/fleet.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 200);
const TALK_RATE = Number(process.env.TALK_RATE ?? 30);
const SECONDS = 30;
const TARGET_S = 5;

const number = async (query) => Number((await fleet.sql(query))[0][0]);
const behind = () => number('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation');

async function metric(name) {
  const text = await (await fetch(`${fleet.url}/metrics`)).text();
  return Number(text.match(new RegExp(`^myna_${name}_total (\\d+)$`, 'm'))[1]);
}

async function rates() {
  const before = [await metric('credit_grants'), await metric('usage_records')];
  await sleep(SECONDS * 1000);
  return [await metric('credit_grants') - before[0], await metric('usage_records') - before[1]].map((n) => n / SECONDS);
}

// Both times are the database's: the change's own, and the start of the last attempt.
async function stop() {
  await fleet.myna('ctl', 'budget', 'set', 'bench', '--at-most', '1');
  const [[changed]] = await fleet.sql(`SELECT max(at) FROM myna.audit WHERE action = 'budget.update'`);
  await sleep(3 * TARGET_S * 1000); // whoever still began one has told it by then
  return number(`SELECT coalesce(extract(epoch FROM max(at) - '${changed}'), 0) FROM myna.usage WHERE at > '${changed}'`);
}

const say = (name, value, unit, limit, limitIs) => console.log(JSON.stringify({bench: 'credit', metric: name,
  value: Number(value.toFixed(3)), unit, limit: Number(limit.toFixed(3)), limit_is: limitIs, ratio: Number((value / limit).toFixed(3))}));

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', String(TALK_RATE));
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await fleet.myna('ctl', 'budget', 'create', 'bench', '--scope', 'fleet', '--metric', 'requests', '--at-most', '100000000', '--per', 'once');
  await until(60, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  const [grants, records] = await rates();
  say('grants_per_s', grants, '1/s', records, 'attempts that the same robots made meanwhile');
  const stopped = await stop();
  const out = await number(`SELECT outstanding FROM myna.pool WHERE source = 'budget:bench'`);
  say('cap_lowered_to_stop_s', stopped, 's', TARGET_S, `what the design asks of connected robots; ${out} attempts stay outstanding`);
} finally {
  await fleet.end();
}
