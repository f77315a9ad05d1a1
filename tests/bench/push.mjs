import {Fleet, sleep, until} from '../support/fleet.mjs';
import {bareBroker, configBytes} from './broker.mjs';
import {CpuTimes, enrolInBulk} from './crowd.mjs';
import {Talks} from '../support/talks.mjs';

const ROBOTS = Number(process.env.ROBOTS ?? 10000);
const FEW = 200;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// Returns when nobody is behind any more, as anybody may read it in the database. Waits for one of
// those who are, whoever it is, then for one of the rest: asking for any each time would pass over
// all who answered already, and take a tenth of what is measured.
const waitForAll = () => fleet.sql(`
  DO $$ DECLARE id text; BEGIN
    LOOP
      SELECT device_id INTO id FROM myna.device_link WHERE reported_generation < desired_generation
        ORDER BY random() LIMIT 1;
      EXIT WHEN NOT FOUND;
      WHILE EXISTS (SELECT FROM myna.device_link WHERE device_id = id
                    AND reported_generation < desired_generation) LOOP
        PERFORM pg_sleep(0.05);
      END LOOP;
    END LOOP;
  END $$`);

// From the change's own transaction: until half of the answers had come, 99 of 100, and until the
// last one was committed.
async function push(round, ...more) {
  const cpu = new CpuTimes(fleet);
  await fleet.myna('ctl', 'config', 'set', 'fleet', `screen_mark="${round}"`, ...more);
  await waitForAll();
  const [[half, most, all, wrong]] = await fleet.sql(`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY ms),
      max(since), count(*) FILTER (WHERE NOT same) FROM (
        SELECT extract(epoch FROM reported_at - desired_since) * 1000 AS ms,
          extract(epoch FROM clock_timestamp() - desired_since) * 1000 AS since,
          reported_hash = desired_hash AS same FROM myna.device_link) l`);
  if (Number(wrong) > 0) throw new Error(`${wrong} robots answered with another hash than was sent`);
  const times = {half: Number(half), most: Number(most), all: Number(all)};
  if (process.env.MYNA_BENCH_CPU) console.error(JSON.stringify({round, ...times, cpu_s: cpu.passed()}));
  return times;
}

async function measure(robots, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) times.push(await push(`${robots}-${round}`));
  const bound = await bareBroker(fleet, robots, rounds);
  const limitIs = `bare broker, ${robots} messages of ${configBytes(fleet)} bytes out and answers back`;
  return {
    times: (which) => times.map((each) => each[which]),
    tell: (metric, ms, unit) => {
      const scale = unit === 's' ? 1000 : 1;
      console.log(JSON.stringify({bench: 'push', metric, value: Number((ms / scale).toFixed(3)), unit,
        limit: Number((bound / scale).toFixed(3)), limit_is: limitIs, ratio: Number((ms / bound).toFixed(3))}));
    },
  };
}

async function few() {
  await fleet.up('--robots', String(FEW), '--talk-rate', '0');
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= FEW + 1);
  const {times, tell} = await measure(FEW, 11);
  tell('change_to_last_report_p50', median(times('all')), 'ms');
  tell('change_to_last_report_max', Math.max(...times('all')), 'ms');
  quiet = Number(median(times('all')).toFixed(3));
}

// While all of them talk, their fleet is changed again and again, every second time who answers them:
// no turn is lost, none is answered or metered twice.
async function talking() {
  const rounds = 10;
  const talks = new Talks(fleet);
  await talks.begin(FEW, 15);
  const vendors = ['erxian', 'dahan'].map((first, n, all) => [first, all[1 - n]]);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const routes = vendors[(round >> 1) % 2].map((vendor) => ({vendor, model: {dahan: 'dahan-chat', erxian: 'erxian-mini'}[vendor], contract: `${vendor}-2026`}));
    times.push((await push(`talk-${round}`, ...(round % 2 ? [] : [`routes=${JSON.stringify(routes)}`]))).all);
    await sleep(2000);
  }
  const {turns, lost} = await talks.end();
  console.log(JSON.stringify({bench: 'push', metric: 'talking_turns_lost', value: lost.length, unit: 'turns', limit: turns,
    limit_is: `turns asked of ${FEW} robots during ${rounds} changes`, ratio: lost.length / turns}));
  if (lost.length > 0) throw new Error(`turns were lost: ${JSON.stringify(lost.slice(0, 5))}`);
  console.log(JSON.stringify({bench: 'push', metric: 'talking_change_p50', value: Number(median(times).toFixed(3)), unit: 'ms',
    limit: quiet, limit_is: `the same of ${FEW} robots that do not talk`, ratio: Number((median(times) / quiet).toFixed(3))}));
}

async function many() {
  await enrolInBulk(fleet, ROBOTS);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(300, async () => `${(await fleet.ctl('fleet')).online} robots are online`,
    async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  await waitForAll();
  const {times, tell} = await measure(ROBOTS, Number(process.env.ROUNDS ?? 7));
  tell('push_10k_ack_p50', median(times('half')), 's');
  tell('push_10k_ack_p99', median(times('most')), 's');
  tell('push_10k_last_ack_s', median(times('all')), 's');
  tell('push_10k_last_ack_max', Math.max(...times('all')), 's');
}

const fleet = await Fleet.create();
fleet.env.MYNAD_ROLLOUT_APPROVAL = '-1'; // routes change by an edit here
let quiet; // what a change takes of few robots that do not talk, in ms
try {
  if (!process.env.ONLY_MANY) {
    await few();
    await talking();
  }
  await many();
} finally {
  await fleet.end();
}
