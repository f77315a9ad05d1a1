import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../support/fleet.mjs';
import {CpuTimes, enrolInBulk} from './crowd.mjs';

const run = promisify(execFile);
const ROBOTS = Number(process.env.ROBOTS ?? 10000);
const FEW = 200;
const ANSWER_BYTES = 200;
const SEALING_BYTES = 110; // header, box and lengths around a configuration's content

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// What every robot was sent, as it lies on one's disk: in the newer one of two places, each a head of
// number, generation and size, then the content (tests/robots/config_file.c).
const PLACE_BYTES = 40 << 10;
function configBytes() {
  const bytes = readFileSync(join(fleet.home, 'robots/sim-0001/config'));
  const heads = [0, PLACE_BYTES].filter((at) => at < bytes.length)
    .map((at) => ({number: bytes.readBigUInt64LE(at), size: Number(bytes.readBigUInt64LE(at + 16))}));
  return heads.reduce((a, b) => (b.number > a.number ? b : a)).size + SEALING_BYTES;
}

// A bare broker, without TLS, lists or limits: what moving the bytes alone takes here, in ms.
async function limit(robots, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'myna-bench-'));
  const port = fleet.base + 9;
  writeFileSync(join(folder, 'conf'),
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\n` +
    'max_queued_messages 200000\nset_tcp_nodelay true\npersistence false\nlog_dest none\n');
  const broker = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'conf')], {stdio: 'ignore'});
  try {
    await sleep(500);
    const {stdout} = await run(join(process.env.MYNA_BUILD, 'tests/bench/fanout'),
      [port, robots, configBytes(), ANSWER_BYTES, rounds].map(String));
    return Number(stdout);
  } finally {
    broker.kill();
    rmSync(folder, {recursive: true});
  }
}

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
async function push(round) {
  const cpu = new CpuTimes(fleet);
  await fleet.myna('ctl', 'config', 'set', 'fleet', `screen_mark="${round}"`);
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
  const bound = await limit(robots, rounds);
  const limitIs = `bare broker, ${robots} messages of ${configBytes()} bytes out and answers back`;
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
try {
  if (!process.env.ONLY_MANY) await few();
  await many();
} finally {
  await fleet.end();
}
