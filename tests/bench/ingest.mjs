import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet} from '../support/fleet.mjs';

const run = promisify(execFile);
const ROWS_PER_INSERT = 2000; // as much as the server's group committer takes at once
const LOADS = [
  // what a talking fleet sends, and what one sends that could not for a while
  {metric: 'one_record_a_message', robots: 500, batches: 20, records: 1},
  {metric: 'forty_records_a_message', robots: 250, batches: 5, records: 40},
];

const database = () => `host=${join(fleet.home, 'pg/run')} user=myna dbname=myna`;
const prefix = (load) => `bench-${load.records}`;

// Every record of the load, from the first batch to the state that acknowledges the last.
async function ingest(load) {
  const {stdout} = await run(join(process.env.MYNA_BUILD, 'tests/bench/ingest_load'),
    [join(fleet.home, 'server'), database(), String(fleet.base + 3), prefix(load),
      String(load.robots), String(load.batches), String(load.records)]);
  const rows = load.robots * load.batches * load.records;
  const [[counted]] = await fleet.sql(`SELECT count(*) FROM myna.usage WHERE device_id LIKE '${prefix(load)}-%'`);
  if (Number(counted) !== rows) throw new Error(`${counted} of ${rows} records are in the database`);
  return rows / Number(stdout);
}

// The rows that the load left, as INSERTs from unnest, into a table with the same columns and indexes.
async function bare(load) {
  await fleet.sql('CREATE TABLE IF NOT EXISTS bench (LIKE myna.usage_default INCLUDING ALL)');
  const columns = await fleet.sql(`SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'bench'::regclass AND attnum > 0 ORDER BY attnum`);
  const script = await fleet.sql(`
    SELECT format('INSERT INTO bench SELECT * FROM unnest(${columns.map(([, type]) => `%L::${type}[]`).join(', ')});',
      ${columns.map(([name]) => `array_agg(${name} ORDER BY n)`).join(', ')})
    FROM (SELECT *, row_number() OVER () AS n FROM myna.usage WHERE device_id LIKE '${prefix(load)}-%') u
    GROUP BY n / ${ROWS_PER_INSERT}`);
  const path = join(fleet.home, 'bench.sql');
  writeFileSync(path, script.map(([line]) => line).join('\n'));
  const times = [];
  for (let round = 0; round < 3; round++) {
    await fleet.sql('TRUNCATE bench');
    const start = performance.now();
    await run('psql', ['-d', database(), '-qf', path]);
    times.push((performance.now() - start) / 1000);
  }
  return load.robots * load.batches * load.records / times.sort((a, b) => a - b)[1];
}

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '0');
  for (const load of LOADS) {
    const value = await ingest(load);
    const limit = await bare(load);
    console.log(JSON.stringify({bench: 'ingest', metric: load.metric, value: Math.round(value), unit: 'records/s',
      limit: Math.round(limit), limit_is: `psql, ${ROWS_PER_INSERT} rows an INSERT from unnest into the same table shape`,
      ratio: Number((value / limit).toFixed(3))}));
  }
} finally {
  await fleet.end();
}
