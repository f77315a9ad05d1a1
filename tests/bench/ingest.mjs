import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet, until} from '../support/fleet.mjs';

const run = promisify(execFile);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
// What a talking fleet sends, and what one sends that could not for a while.
const LOADS = [
  {metric: 'usage_records_per_s_single', robots: 500, batches: 20, records: 1},
  {metric: 'usage_records_per_s', robots: 500, batches: 10, records: 20},
];
const LIMIT = 'the same messages by the same queue, unnest into the same table shape, no rules';

const program = (name) => join(process.env.MYNA_BUILD, 'tests/bench', name);
const database = () => `host=${join(fleet.home, 'pg/run')} user=myna dbname=myna`;
const state = () => join(fleet.home, 'server');
const port = () => String(fleet.base + 3);
const rows = (load) => load.robots * load.batches * load.records;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// From the first batch to the answer that acknowledges the last.
async function send(load, prefix, ...mode) {
  const {stdout} = await run(program('ingest_load'), [state(), database(), port(), prefix,
    String(load.robots), String(load.batches), String(load.records), ...mode]);
  // the robots' sealing keys are none that a server could start with
  await fleet.sql("UPDATE myna.sealing_key SET retired_at = now() WHERE private_wrapped = ''");
  return rows(load) / Number(stdout);
}

async function expectRows(load, query) {
  const [[counted]] = await fleet.sql(query);
  if (Number(counted) !== rows(load)) throw new Error(`${counted} of ${rows(load)} records are in the database`);
}

async function ingest(load, round) {
  const prefix = `bench-${load.records}-${round}`;
  await fleet.up();
  await fleet.sql('CHECKPOINT');
  const rate = await send(load, prefix);
  await expectRows(load, `SELECT count(*) FROM myna.usage WHERE device_id LIKE '${prefix}-%'`);
  return rate;
}

// mynad must not take the messages, or its work for strangers would slow the limit down.
async function raw(load, round) {
  const pid = fleet.pid('mynad');
  fleet.kill('mynad', 'SIGTERM');
  await until(20, () => 'mynad still runs', () => { try { process.kill(pid, 0); return false; } catch { return true; } });
  await fleet.sql('DROP TABLE IF EXISTS public.bench');
  await fleet.sql('CREATE TABLE public.bench (LIKE myna.usage_default INCLUDING ALL)');
  await fleet.sql('CHECKPOINT');
  const writer = spawn(program('ingest_raw'), [state(), database(), port(), String(load.records)],
    {stdio: ['pipe', 'pipe', 'inherit']});
  await once(writer.stdout, 'data');
  const rate = await send(load, `limit-${load.records}-${round}`, 'raw');
  writer.stdin.end();
  await once(writer, 'exit');
  await expectRows(load, 'SELECT count(*) FROM public.bench');
  return rate;
}

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '0');
  for (const load of LOADS) {
    const values = [];
    const limits = [];
    for (let round = 0; round < ROUNDS; round++) {
      values.push(await ingest(load, round));
      limits.push(await raw(load, round));
    }
    const value = median(values);
    const limit = median(limits);
    console.log(JSON.stringify({bench: 'ingest', metric: load.metric, value: Math.round(value), unit: 'records/s',
      limit: Math.round(limit), limit_is: LIMIT, ratio: Number((value / limit).toFixed(3))}));
  }
} finally {
  await fleet.end();
}
