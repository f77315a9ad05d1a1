import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {Fleet, sleep} from '../support/fleet.mjs';
import {fillHistory} from './crowd.mjs';

const DEVICES = Number(process.env.BENCH_DEVICES || 10000);
const RECORDS = Number(process.env.BENCH_RECORDS || 1000000);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 4);
const CONNECTIONS = 8;
const DASHBOARDS = 500;
const QUIET_S = 20;

const program = (name) => join(process.env.MYNA_BUILD, 'tests/bench', name);
const database = () => `host=${join(fleet.home, 'pg/run')} user=myna dbname=myna`;
const report = (line) => console.log(JSON.stringify({bench: 'api', ...line}));
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const day = (ago) => new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10);
const robots = (step) => Array.from({length: 500}, (_, n) => `bench-${String(1 + (n * step) % DEVICES).padStart(6, '0')}`);

// What is asked, the statement that answers it by pieces of its text, and its parameters.
const PAGES = [
  {name: 'device_page', piece: 'WITH page AS (  SELECT d.device_id, row_number() OVER (ORDER BY d.device_id)',
    paths: robots(7919).map((id) => `/api/v1/devices?limit=50&after=${id}`),
    sets: robots(7919).map((id) => [id, '50', '\\N', '\\N', '\\N', '\\N'])},
  {name: 'device', piece: "'stale_messages', l.stale_messages",
    paths: robots(7919).map((id) => `/api/v1/devices/${id}`), sets: robots(7919).map((id) => [id])},
  {name: 'usage_by_day', piece: 'u.day::timestamp~ranked AS',
    paths: [`/api/v1/usage?by=vendor,model,day&from=${day(29)}&to=${day(0)}`], sets: [['3', 'day', day(29), day(0), ...Array(6).fill('\\N'), '0', '\\N', '10000']]},
  {name: 'contract', piece: "|| jsonb_build_object('versions', (SELECT jsonb_agg(",
    paths: ['/api/v1/contracts/dahan-2026'], sets: [['dahan-2026']]},
];

async function feed(name, lines, ...words) {
  const child = spawn(program(name), words, {stdio: ['pipe', 'pipe', 'inherit']});
  let text = '';
  child.stdout.on('data', (data) => { text += data; });
  child.stdin.end(lines.join('\n') + '\n');
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} failed`);
  return JSON.parse(text);
}

const load = (port, paths, token) =>
  feed('api_load', paths, String(port), String(CONNECTIONS), String(SECONDS), token);

async function hello() {
  const child = spawn(program('api_hello'), [], {stdio: ['pipe', 'pipe', 'inherit']});
  const [port] = await once(child.stdout, 'data');
  const result = await load(Number(port), ['/'], 'none');
  child.stdin.end();
  await once(child, 'exit');
  return result;
}

// Both limits and the server in turn, so that what else the machine does meets all of them.
async function measure(page, token) {
  const server = [];
  const limits = {hello: [], query: []};
  for (let round = 0; round < ROUNDS; round++) {
    server.push(await load(fleet.base, page.paths, token));
    limits.query.push(await feed('api_query', page.sets.map((set) => set.join('\t')), database(), String(CONNECTIONS),
      String(SECONDS), page.piece));
    limits.hello.push(await hello());
  }
  const rate = (results) => median(results.map((result) => result.rate));
  const isQuery = rate(limits.query) < rate(limits.hello);
  const slower = isQuery ? limits.query : limits.hello;
  const name = isQuery ? 'the same query by libpq alone' : 'a bare libmicrohttpd hello';
  report({metric: `${page.name}_per_s`, value: Math.round(rate(server)), unit: 'requests/s', limit: Math.round(rate(slower)),
    limit_is: name, ratio: Number((rate(server) / rate(slower)).toFixed(3))});
  const p99 = median(server.map((result) => result.p99_ms));
  report({metric: `${page.name}_p99_ms`, value: p99, unit: 'ms', limit: 25, limit_is: 'the target',
    ratio: Number((p99 / 25).toFixed(3))});
}

// CPU time of a process so far, in seconds.
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

// Dashboards hold a stream of events open, and ask for nothing while none comes.
async function dashboards(token) {
  const sockets = await Promise.all(Array.from({length: DASHBOARDS}, async () => {
    const socket = connect(fleet.base, '127.0.0.1');
    socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const [first] = await once(socket, 'data');
    if (!String(first).startsWith('HTTP/1.1 200')) throw new Error(`an event stream was refused: ${first}`);
    return socket;
  }));
  await sleep(2000);
  const pid = fleet.pid('mynad');
  const before = cpu(pid);
  const start = performance.now();
  await sleep(QUIET_S * 1000);
  const share = 100 * (cpu(pid) - before) / ((performance.now() - start) / 1000);
  sockets.forEach((socket) => socket.destroy());
  report({metric: 'quiet_dashboards_cpu_percent', value: Number(share.toFixed(2)), unit: '% of a core', limit: 5,
    limit_is: `the target, with ${DASHBOARDS} live dashboards`, ratio: Number((share / 5).toFixed(3))});
}

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '1');
  await fillHistory(fleet, DEVICES, RECORDS);
  const {key} = await fleet.ctl('apikey', 'create', 'bench', '--role', 'viewer');
  for (const page of PAGES) await measure(page, key);
  await dashboards(key);
} finally {
  await fleet.end();
}
