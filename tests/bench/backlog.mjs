import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet} from '../support/fleet.mjs';

const run = promisify(execFile);
const ROBOTS = 1000;
const RECORDS = 40;
const batches = Math.max(1, Math.ceil(Number(process.env.BACKLOG ?? 2000000) / ROBOTS / RECORDS));
const rows = ROBOTS * RECORDS * batches;
const limit = rows * 600 / 2000000; // two million in ten minutes

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '0');
  const {stdout} = await run(join(process.env.MYNA_BUILD, 'tests/bench/ingest_load'),
    [join(fleet.home, 'server'), `host=${join(fleet.home, 'pg/run')} user=myna dbname=myna`, String(fleet.base + 3),
      'backlog', String(ROBOTS), String(batches), String(RECORDS)]);
  const [[counted]] = await fleet.sql("SELECT count(*) FROM myna.usage WHERE device_id LIKE 'backlog-%'");
  if (Number(counted) !== rows) throw new Error(`${counted} of ${rows} records are in the database`);
  const value = Number(stdout);
  console.log(JSON.stringify({bench: 'backlog', metric: 'backlog_drained_s', value: Number(value.toFixed(1)), unit: 's',
    limit, limit_is: `${rows} records at 2,000,000 in ten minutes`, ratio: Number((value / limit).toFixed(3))}));
} finally {
  await fleet.end();
}
