import {Fleet} from '../support/fleet.mjs';
import {CpuTimes, fillHistory} from './crowd.mjs';

const DEVICES = Number(process.env.BENCH_DEVICES || 10000);
const RECORDS = Number(process.env.BENCH_RECORDS || 1000000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const DAYS = 30;
const TARGET_MS = 2000;
const PATCH = {routes: [{vendor: 'erxian', model: 'erxian-mini', contract: 'erxian-2026'}, {vendor: 'dahan', model: 'dahan-chat', contract: 'dahan-2026'}]};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const report = (line) => console.log(JSON.stringify({bench: 'preflight', ...line}));

async function timed(work) {
  const times = [];
  const cpu = new CpuTimes(fleet);
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work(round);
    times.push(performance.now() - start);
  }
  return {ms: median(times), first_ms: times[0], cpu_s: cpu.passed()};
}

async function post(path, token, body) {
  const answer = await fetch(`${fleet.url}/api/v1/${path}`, {method: 'POST', body: JSON.stringify(body),
    headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json'}});
  const document = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(document)}`);
  return document;
}

// Sums by contract, model and hour of all that was metered in the days that pre-flight looks at.
const sums = () => fleet.sql(`SELECT contract_id, vendor_id, model, hour, sum(requests), sum(input_uncached), sum(output),
  sum(price) FROM myna.usage_hour WHERE hour > now() - interval '${DAYS} days' GROUP BY 1, 2, 3, 4`);

const tell = (metric, {ms, cpu_s}, limit, limitIs) => report({metric, value: Math.round(ms), unit: 'ms', limit: Math.round(limit),
  limit_is: limitIs, ratio: Number((ms / limit).toFixed(3)), robots: DEVICES, records: RECORDS, cpu_s});

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '1');
  await fillHistory(fleet, DEVICES, RECORDS);
  const {key} = await fleet.ctl('apikey', 'create', 'bench', '--role', 'operator');
  const bound = await timed(sums);
  let found;
  const preflight = await timed(async (round) => {
    found = await post('rollouts', key, {id: `bench-${round}`, patch: PATCH, dry_run: true, preflight: true});
  });
  if (found.preflight.robots < DEVICES) throw new Error(`it looked at ${found.preflight.robots} of ${DEVICES} robots`);
  tell('switch', preflight, bound.ms, `one query that sums what was metered in ${DAYS} days`);
  tell('switch_target', preflight, TARGET_MS, 'the target');
  tell('drain', await timed(() => post('vendors/dahan/drain/preview', key)), bound.ms, 'the same query');
} finally {
  await fleet.end();
}
