import {Fleet, sleep, until} from '../support/fleet.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 200);
const TALK_RATE = Number(process.env.TALK_RATE ?? 30);
const SECONDS = Number(process.env.SECONDS ?? 30);
const ROUNDS = 20;
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

const wanting = `myna.credit_account WHERE wanted > 0 AND NOT is_closed AND unit = 'requests'`;
const timed = async (body) => {
  const start = performance.now();
  await fleet.sql(`DO $$ BEGIN ${body} END $$`);
  return (performance.now() - start) / 1000;
};

// All quiet robots want at once, again as soon as all have got it: what the server can grant, through its own
// queue, rules and transaction. Also how many transactions that took.
async function capacity() {
  const before = [await metric('credit_grants'), await metric('ingest_batches')];
  const seconds = await timed(`FOR round IN 1..${ROUNDS} LOOP
    UPDATE myna.credit_account SET wanted = 1 WHERE NOT is_closed AND unit = 'requests' AND granted > 0;
    UPDATE myna.credit_revision SET revision = revision + 1; PERFORM pg_notify('myna_credit', ''); COMMIT;
    WHILE EXISTS (SELECT FROM ${wanting}) LOOP PERFORM pg_sleep(0.002); COMMIT; END LOOP; END LOOP;`);
  const grants = await metric('credit_grants') - before[0];
  return {grants, transactions: await metric('ingest_batches') - before[1], rate: grants / seconds};
}

// As many rows in as many transactions, without rule, lock or message: of accounts alone, which every grant
// writes, in a table of the same shape with the same indexes.
async function bare({grants, transactions}) {
  await fleet.sql(`CREATE TABLE public.bench (LIKE myna.credit_account INCLUDING ALL);
    INSERT INTO public.bench SELECT * FROM myna.credit_account WHERE NOT is_closed AND unit = 'requests' AND granted > 0;
    CREATE TABLE public.bench_order AS SELECT row_number() OVER (ORDER BY device_id) - 1 AS place, device_id, journal_id,
      line_id, measure, epoch FROM public.bench; CREATE INDEX ON public.bench_order (place); ANALYZE public.bench_order`);
  const accounts = await number('SELECT count(*) FROM public.bench_order');
  const rows = Math.max(1, Math.round(grants / transactions));
  const rounds = Math.ceil(grants / rows);
  const seconds = await timed(`FOR round IN 0..${rounds - 1} LOOP
    UPDATE public.bench b SET granted = granted + 1, wanted = 0, granted_at = now() FROM (SELECT * FROM public.bench_order
      WHERE place IN (SELECT (round * ${rows} + n) % ${accounts} FROM generate_series(0, ${rows - 1}) n)) o
    WHERE b.device_id = o.device_id AND b.journal_id = o.journal_id AND b.line_id = o.line_id AND b.measure = o.measure
      AND b.epoch = o.epoch; COMMIT; END LOOP;`);
  return rounds * rows / seconds;
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
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await sleep(5000); // the last attempts are told
  const most = await capacity();
  say('grants_capacity_per_s', most.rate, '1/s', await bare(most),
    'as many accounts in as many transactions written raw into the same shape, with the same indexes, without rules');
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', String(TALK_RATE));
  await sleep(5000);
  const stopped = await stop();
  const out = await number(`SELECT outstanding FROM myna.pool WHERE source = 'budget:bench'`);
  say('cap_lowered_to_stop_s', stopped, 's', TARGET_S, `what the design asks of connected robots; ${out} attempts stay outstanding`);
} finally {
  await fleet.end();
}
