import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Fleet, sleep} from '../support/fleet.mjs';
import {fillHistory} from './crowd.mjs';

const run = promisify(execFile);
const DEVICES = Number(process.env.BENCH_DEVICES || 10000);
const RECORDS = Number(process.env.BENCH_RECORDS || 1000000);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 4);
// Each asks again as soon as it is answered, which an operator's page does not. So many leave no processor
// idle, and requests are counted; with half of them, who are as many as the server works for at once, times
// are taken: those of more say how long the readers' own queue is, whatever is asked.
const readers = (each) => Number(process.env.READERS || each * availableParallelism());
const MANY = readers(4);
const FEW = readers(2);
const PARTS = process.env.PARTS?.split(',');
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
  {name: 'device_page', piece: "myna.devices_after($1, $2 + 1)",
    paths: robots(7919).map((id) => `/api/v1/devices?limit=50&after=${id}`),
    sets: robots(7919).map((id) => [id, '50'])},
  {name: 'device', piece: "'stale_messages', l.stale_messages",
    paths: robots(7919).map((id) => `/api/v1/devices/${id}`), sets: robots(7919).map((id) => [id])},
  {name: 'usage_by_day', piece: 'u.day::timestamp~json_strip_nulls',
    paths: [`/api/v1/usage?by=vendor,model,day&from=${day(29)}&to=${day(0)}`], sets: [['3', 'day', day(29), day(0), ...Array(6).fill('\\N'), '10000']]},
  {name: 'contract', piece: "'document', cv.document, 'versions', (SELECT json_agg(",
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

const load = (port, paths, token, count) =>
  feed('api_load', paths, String(port), String(count), String(SECONDS), token);
const query = (page, count) => feed('api_query', page.sets.map((set) => set.join('\t')), database(), String(count),
  String(SECONDS), page.piece);

async function hello() {
  const child = spawn(program('api_hello'), [], {stdio: ['pipe', 'pipe', 'inherit']});
  const [port] = await once(child.stdout, 'data');
  const result = await load(Number(port), ['/'], 'none', MANY);
  child.stdin.end();
  await once(child, 'exit');
  return result;
}

// Both limits and the server in turn, so that what else the machine does meets all of them.
async function measure(page, token) {
  const server = [], timed = [], bare = [];
  const limits = {hello: [], query: []};
  for (let round = 0; round < ROUNDS; round++) {
    server.push(await load(fleet.base, page.paths, token, MANY));
    limits.query.push(await query(page, MANY));
    limits.hello.push(await hello());
    timed.push(await load(fleet.base, page.paths, token, FEW));
    bare.push(await query(page, FEW));
  }
  const rate = (results) => median(results.map((result) => result.rate));
  const isQuery = rate(limits.query) < rate(limits.hello);
  const slower = isQuery ? limits.query : limits.hello;
  const name = isQuery ? 'the same query by libpq alone' : 'a bare libmicrohttpd hello';
  report({metric: `${page.name}_per_s`, value: Math.round(rate(server)), unit: 'requests/s', limit: Math.round(rate(slower)),
    limit_is: name, ratio: Number((rate(server) / rate(slower)).toFixed(3))});
  const [p99, bareP99] = [timed, bare].map((results) => median(results.map((result) => result.p99_ms)));
  report({metric: `${page.name}_p99_ms`, value: p99, unit: 'ms', limit: 25, limit_is: 'the target',
    ratio: Number((p99 / 25).toFixed(3))});
  report({metric: `${page.name}_p99_beside_bare`, value: p99, unit: 'ms', limit: bareP99,
    limit_is: 'the same query by libpq alone, its p99', ratio: Number((p99 / bareP99).toFixed(3))});
}

// What the fleet's page asks for, by one reader alone; the statement and its parameters as of PAGES.
const TERMS = {
  region: (value) => ({field: 'region', op: '=', texts: [value]}), online: {field: 'online', op: '=', texts: ['true']},
  shop: (value) => ({field: 'labels', key: 'shop', op: '=', texts: [value]}), serial: (value) => ({field: 'serial', op: '=', texts: [value]}),
  cost: (amount) => ({field: 'cost_today', key: 'CNY', op: '>', amounts: [amount]}),
};
const compiled = (...terms) => JSON.stringify({terms, steps: terms.flatMap((_, i) => (i ? [i, -2] : [i]))});
const listed = (text, {filter = '\\N', state = '\\N', group = '\\N', part = '\\N'}) => [`/devices?limit=50&${text}`,
  'myna.device_page($3::jsonb', ['\\N', '50', filter, state, group, part, '\\N']];
const filtered = (text, ...terms) => listed(`filter=${encodeURIComponent(text)}`, {filter: compiled(...terms)});
const LISTS = {
  online: listed('state=online', {state: 'online'}), offline: listed('state=offline', {state: 'offline'}),
  behind: listed('state=behind', {state: 'behind'}), revoked: listed('state=revoked', {state: 'revoked'}),
  group: listed('group=desk', {group: 'desk'}), search: listed('q=sn99', {part: 'sn99'}),
  search_nothing: listed('q=no-such-robot', {part: 'no-such-robot'}),
  filter_many: filtered('region = cn', TERMS.region('cn')),
  filter_few: filtered('labels.shop = s77 and region = eu', TERMS.shop('s77'), TERMS.region('eu')),
  filter_one: filtered(`serial = SN${DEVICES}`, TERMS.serial(`SN${DEVICES}`)),
  filter_online: filtered('online and region = cn', TERMS.online, TERMS.region('cn')),
  filter_cost: filtered('cost_today > 1000 CNY', TERMS.cost('1000')), filter_cost_any: filtered('cost_today > 0 CNY', TERMS.cost('0')),
  counts: ['/fleet', 'FROM myna.device_fact f GROUP BY 1)~open_alerts', []], parts: ['/fleet/parts', 'PARTITION BY kind', []],
  audit: ['/audit?subject=device/bench-000001'],
};

async function lists(token) {
  for (const [name, [path, piece, set]] of Object.entries(LISTS)) {
    const result = await feed('api_load', [`/api/v1${path}`], String(fleet.base), '1', '2', token);
    report({metric: `fleet_${name}_p99_ms`, value: result.p99_ms, unit: 'ms', limit: 100,
      limit_is: 'what a person takes for at once', ratio: Number((result.p99_ms / 100).toFixed(3))});
    if (!piece) continue;
    const bare = await feed('api_query', [set.join('\t')], database(), '1', '2', piece);
    report({metric: `fleet_${name}_per_s`, value: Number(result.rate.toFixed(1)), unit: 'requests/s', limit: Number(bare.rate.toFixed(1)),
      limit_is: 'the same query by libpq alone', ratio: Number((result.rate / bare.rate).toFixed(3))});
  }
}

const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${fleet.pid('mynad')}/status`, 'utf8'))[1]) / 1024;

// Each robot's days as a file, beside the same sums by psql alone.
async function file(token) {
  const path = `/api/v1/usage?by=device,day&from=${day(29)}&to=${day(0)}&format=csv`;
  const before = resident();
  const start = performance.now();
  let rows = -1, first = 0, most = before;
  const answer = await fetch(`${fleet.url}${path}`, {headers: {Authorization: `Bearer ${token}`}});
  if (answer.status !== 200) throw new Error(`the file was refused: ${await answer.text()}`);
  for await (const piece of answer.body) {
    first ||= performance.now() - start;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) rows++;
    most = Math.max(most, resident());
  }
  const seconds = (performance.now() - start) / 1000;
  const bareStart = performance.now();
  await run('/usr/lib/postgresql/15/bin/psql', ['-h', join(fleet.home, 'pg/run'), '-U', 'myna', '-d', 'myna', '-q', '-o', '/dev/null', '-c',
    `SET jit = off; SET work_mem = '64MB'; SET TIME ZONE 'UTC'; COPY (SELECT (hour AT TIME ZONE 'Asia/Shanghai')::date AS day, device_id, currency,
      sum(attempts), sum(failed), sum(requests), sum(input_uncached), sum(output), sum(price) FROM myna.usage_hour
      WHERE hour AT TIME ZONE 'Asia/Shanghai' >= '${day(29)}' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) TO STDOUT`]);
  const bare = (performance.now() - bareStart) / 1000;
  report({metric: 'usage_file_rows_per_s', value: Math.round(rows / seconds), unit: 'rows/s', limit: Math.round(rows / bare),
    limit_is: 'the same sums by psql alone', ratio: Number((bare / seconds).toFixed(3))});
  report({metric: 'usage_file_first_row_s', value: Number((first / 1000).toFixed(2)), unit: 's', limit: 10,
    limit_is: 'what a statement may take', ratio: Number((first / 10000).toFixed(3))});
  report({metric: 'usage_file_memory_mb', value: Number((most - before).toFixed(1)), unit: 'MB', limit: 64,
    limit_is: 'a request\'s, whatever the file', ratio: Number(((most - before) / 64).toFixed(3))});
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

async function fill() {
  const start = performance.now();
  const passed = () => (performance.now() - start) / 1000;
  await fillHistory(fleet, DEVICES, RECORDS, (what) => console.error(`api: ${what} after ${passed().toFixed(1)} s`));
  report({metric: 'fill_s_per_million', value: Number((passed() * 1e6 / RECORDS).toFixed(2)), unit: 's', limit: 4.8,
    limit_is: 'a fifth of what it took record by record', ratio: Number((passed() * 1e6 / RECORDS / 4.8).toFixed(3))});
  writeFileSync(filled, JSON.stringify({devices: DEVICES, records: RECORDS}));
}

const isFilled = () => existsSync(filled) && readFileSync(filled, 'utf8') === JSON.stringify({devices: DEVICES, records: RECORDS});

const fleet = await Fleet.create(process.env.BENCH_KEEP);
const filled = join(fleet.home, 'bench.json');
try {
  if (!isFilled()) {
    await fleet.up('--robots', '1');
    await fill();
  }
  await fleet.up('--robots', '0');
  const {key} = await fleet.ctl('apikey', 'create', 'bench', '--role', 'operator');
  const parts = {...Object.fromEntries(PAGES.map((page) => [page.name, () => measure(page, key)])),
    lists: () => lists(key), file: () => file(key), dashboards: () => dashboards(key)};
  for (const name of PARTS ?? Object.keys(parts)) {
    if (!parts[name]) throw new Error(`PARTS: there is no part "${name}"; there are ${Object.keys(parts).join(', ')}`);
    await parts[name]();
  }
} finally {
  await (process.env.BENCH_KEEP ? fleet.myna('down') : fleet.end());
}
