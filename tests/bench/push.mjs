import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet, sleep, until} from '../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = Number(process.env.ROBOTS ?? 200);
const ROUNDS = 11;

// A bare broker, without TLS, lists or limits: what moving the bytes alone takes here.
async function limit() {
  const folder = mkdtempSync(join(tmpdir(), 'myna-bench-'));
  const port = fleet.base + 9;
  writeFileSync(join(folder, 'conf'),
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\n` +
    'max_queued_messages 200000\nset_tcp_nodelay true\npersistence false\nlog_dest none\n');
  const broker = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'conf')], {stdio: 'ignore'});
  try {
    await sleep(500);
    const {stdout} = await run(join(process.env.MYNA_BUILD, 'tests/bench/fanout'),
      ['127.0.0.1', String(port), String(ROBOTS), '1024', String(ROUNDS)]);
    return Number(stdout);
  } finally {
    broker.kill();
    rmSync(folder, {recursive: true});
  }
}

// Both times are the database's: the change's own transaction, and that of the last report.
async function push(round) {
  await fleet.myna('ctl', 'config', 'set', 'fleet', `screen_mark="${round}"`);
  const behind = () => fleet.sql('SELECT count(*) FROM myna.device_link WHERE reported_generation < desired_generation')
    .then(([[count]]) => Number(count));
  await until(30, async () => `${await behind()} robots are behind`, async () => (await behind()) === 0);
  const [[ms]] = await fleet.sql(`
    SELECT extract(epoch FROM max(reported_at) - max(desired_since)) * 1000 FROM myna.device_link`);
  return Number(ms);
}

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(60, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= ROBOTS + 1);
  const times = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await push(round));
  times.sort((a, b) => a - b);
  const bound = await limit();
  const limitIs = `bare broker, ${ROBOTS} messages of 1 KiB out and answers back`;
  for (const [metric, value] of [['change_to_last_report_p50', times[ROUNDS >> 1]], ['change_to_last_report_max', times.at(-1)]])
    console.log(JSON.stringify({bench: 'push', metric, value: Number(value.toFixed(3)), unit: 'ms', limit: bound,
      limit_is: limitIs, ratio: Number((value / bound).toFixed(3))}));
} finally {
  await fleet.end();
}
