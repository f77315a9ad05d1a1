// What strangers may do to the listeners, over real sockets with TLS: each limit of SECURITY.md that
// a connection can meet. They come from 127.0.0.2 and others of loopback, so that an operator at
// 127.0.0.1 can be asked meanwhile whether anybody noticed.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect as tlsConnect} from 'node:tls';
import {after, before, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const PER_ADDRESS = 12;
const TOTAL = 30;
const MIB = 1 << 20;

const folder = mkdtempSync(join(tmpdir(), 'myna-sockets-'));
let stack;
let admin;

before(async () => {
  const [tls_cert, tls_key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-keyout', tls_key, '-out', tls_cert], {stdio: 'ignore'});
  stack = hold(await Stack.create({tls_cert, tls_key, connections: TOTAL, connections_per_address: PER_ADDRESS, request_timeout_s: 2}));
  admin = await stack.login();
});

after(async () => {
  await stack?.end();
  rmSync(folder, {recursive: true, force: true});
});

// {socket, closed, status()}: what came back is kept.
function open({from = '127.0.0.2', port = stack.port, raw = false, unread = false} = {}) {
  const where = {host: '127.0.0.1', port, localAddress: from, rejectUnauthorized: false};
  const socket = raw ? connect(where) : tlsConnect(where);
  const seen = {socket, text: '', isClosed: false, wasReady: false};
  socket.on('error', () => {});
  if (unread) socket.pause();
  else socket.on('data', (data) => { seen.text += data.toString('latin1'); });
  seen.closed = new Promise((done) => socket.once('close', () => { seen.isClosed = true; done('closed'); }));
  seen.ready = new Promise((done) => socket.once(raw ? 'connect' : 'secureConnect', () => { seen.wasReady = true; done('ready'); }));
  seen.status = () => Number(/^HTTP\/1\.1 (\d+)/.exec(seen.text)?.[1]);
  return seen;
}

// The status that a whole request gets.
async function ask(text, options) {
  const seen = open(options);
  await seen.ready;
  seen.socket.write(text);
  for (let i = 0; i < 400 && !seen.status() && !seen.isClosed; i++) await sleep(10);
  seen.socket.destroy();
  return seen.status();
}

const isServed = async () => assert.equal((await admin.get('/me')).status, 200, 'others are served');

async function metric(name) {
  const {body} = await stack.send('GET', '/metrics');
  return Number(body.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
}

// Bytes that the server has in memory.
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stack.server.pid}/status`, 'utf8'))[1]) * 1024;

// Says one byte after another and never all.
function drip(seen, text) {
  let at = 0;
  const timer = setInterval(() => {
    if (seen.isClosed || at === text.length) clearInterval(timer);
    else seen.socket.write(text[at++]);
  }, 100);
}

test('who says a header or a body byte by byte, or no whole handshake, is cut at the time limit while others are served', async () => {
  const long = 'x'.repeat(5000);
  const head = 'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n';
  const cut = await metric('myna_http_connections_cut_total{listener="dashboard"}');
  const slow = [];

  for (const port of [stack.port, stack.devicePort]) {
    const [header, body, mute, handshake] = [open({port}), open({port}), open({port}), open({port, raw: true})];
    await Promise.all([header, body, mute, handshake].map(({ready}) => ready));
    drip(header, `GET /healthz HTTP/1.1\r\nX-Long: ${long}\r\n\r\n`);
    body.socket.write(head);
    drip(body, long);
    drip(handshake, '\x16\x03\x01\x02\x00' + long);
    slow.push(header, body, mute, handshake);
  }
  for (const seen of slow) {
    await isServed();
    assert.equal(await Promise.race([seen.closed, sleep(30000)]), 'closed');
  }
  assert.ok(slow.every(({text}) => !/ 200 /.test(text)));
  assert.equal(await metric('myna_http_connections_cut_total{listener="dashboard"}'), cut + 4);
  assert.match(stack.log(), /connections cut, for they took too long listener=dashboard count=\d+ \(hint: request_timeout_s is the limit\)/);
});

test('who asks for more and more and reads nothing is cut, and costs no memory', async () => {
  const before = memory();
  const seen = open({unread: true});
  await seen.ready;
  for (let i = 0; i < 200; i++) seen.socket.write('GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
  await sleep(500);
  await isServed();
  for (let i = 0; i < 300 && !seen.isClosed; i++) {
    await sleep(100);
    seen.socket.write('G', () => {});
  }
  assert.ok(seen.isClosed);
  assert.ok(memory() - before < 64 * MIB, `${memory() - before} bytes more`);
});

test('pipelined requests are answered one after another, all of them', async () => {
  const seen = open();
  await seen.ready;
  seen.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(300));
  const count = () => seen.text.split('HTTP/1.1 200 ').length - 1;
  for (let i = 0; i < 1000 && count() < 300 && !seen.isClosed; i++) await sleep(10);
  assert.equal(count(), 300);
  seen.socket.destroy();
});

test('headers, cookies, queries and addresses beyond their limits are refused, not cut short', async () => {
  const get = (path, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
  const many = (count, line) => Array.from({length: count}, (_, n) => line(n)).join('');
  assert.equal(await ask(get('/healthz', many(63, (n) => `X-${n}: 1\r\n`))), 200);
  assert.equal(await ask(get('/healthz', many(64, (n) => `X-${n}: 1\r\n`))), 431);
  assert.equal(await ask(get('/healthz', `Cookie: ${many(65, (n) => `c${n}=1; `)}z=1\r\n`)), 431);
  assert.equal(await ask(get('/healthz', `X-Long: ${'x'.repeat(40000)}\r\n`)), 431);
  assert.equal(await ask(get(`/healthz?${many(65, (n) => `q${n}=1&`)}`)), 414);
  assert.equal(await ask(get(`/${'x'.repeat(40000)}`)), 414);
  assert.ok([400, NaN].includes(await ask('\0\x01\x02\r\n\r\n')), 'what is no HTTP is refused or hung up on');
  await isServed();
});

test('a packed body is refused before it is read, bomb or not', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * MIB)); // 64 KiB
  const before = memory();
  for (const encoding of ['gzip', 'deflate', 'br', 'identity, gzip']) {
    const {status, body} = await admin.post('/groups', bomb, {'Content-Encoding': encoding});
    assert.equal(status, 415, encoding);
    assert.match(body.detail, /leave out Content-Encoding/);
  }
  assert.equal((await admin.post('/groups', '{"id":"plain"}', {'Content-Encoding': 'identity'})).status, 201);
  assert.ok(memory() - before < 16 * MIB);
});

test('documents that are deep, with endless numbers or texts, are refused', async () => {
  const refused = async (body, pattern) => {
    const {status, body: problem} = await admin.post('/groups', body);
    assert.equal(status, 400, body.slice(0, 40));
    assert.match(JSON.stringify(problem), pattern);
  };
  await refused(`{"id":${'['.repeat(500000)}`, /deep|level/);
  await refused(`{"id":${'{"a":'.repeat(33)}1${'}'.repeat(33)}}`, /deep|level/);
  await refused(`{"id":1${'0'.repeat(100000)}}`, /./);
  await refused('{"id":1e999}', /./);
  await refused(`{"id":"${'x'.repeat(900000)}"}`, /id/);
  await isServed();
});

test('files of a million lines, or of one without end, are refused or read in bounded memory', async () => {
  assert.equal((await admin.post('/vendors', {id: 'v1', base_url: 'https://v.example/v1', key: 'k'})).status, 201);
  const send = (path, body) => admin.post(path, body, {'Content-Type': 'text/csv'});
  const before = memory();
  const refused = async (path, body, statuses) => {
    const answer = await send(path, body).catch(() => ({status: 'closed'}));
    assert.ok(statuses.includes(answer.status), `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await isServed();
  };
  await refused('/claims/import', `serial\n${'1\n'.repeat(500000)}`, [400, 422]);
  await refused('/claims/import', `serial\n${'x'.repeat(MIB - 100)}`, [400, 422]);
  await refused('/claims/import', `serial\n"${'"",\n'.repeat(200000)}`, [400, 422]);
  await refused('/vendors/v1/invoices', `request_id,output\n${'q,\n'.repeat(1000000)}`, [400, 422]);
  await refused('/vendors/v1/invoices', `request_id,output\n"${'x'.repeat(8 * MIB)}`, [400, 422, 500]);
  await refused('/vendors/v1/usage-imports', 'x'.repeat(8 * MIB), [400, 422]);
  await refused('/vendors/v1/usage-imports', '{}\n'.repeat(1000000), [400, 422]);
  assert.ok(memory() - before < 256 * MIB, `${memory() - before} bytes more`);
});

test('an address that has its connections gets no more, others do, and it is counted and logged once', async () => {
  const refused = 'myna_http_connections_refused_total{listener="dashboard"}';
  const before = await metric(refused);
  const held = Array.from({length: PER_ADDRESS}, () => open());
  await Promise.all(held.map(({ready}) => ready));
  const more = Array.from({length: 5}, () => open());
  await Promise.all(more.map(({closed}) => closed));
  assert.ok(more.every(({wasReady}) => !wasReady));
  await isServed();
  assert.equal(await metric(refused), before + 5);
  assert.ok(await metric('myna_http_connections{listener="dashboard"}') >= PER_ADDRESS);

  // and then all together
  const others = [3, 4].flatMap((n) => Array.from({length: PER_ADDRESS}, () => open({from: `127.0.0.${n}`})));
  await Promise.all(others.map(({ready, closed}) => Promise.race([ready, closed])));
  const inside = others.filter(({wasReady}) => wasReady).length;
  assert.ok(inside >= TOTAL - PER_ADDRESS - 3 && inside <= TOTAL - PER_ADDRESS, `${inside} of ${others.length}`);
  for (const {socket} of [...held, ...others]) socket.destroy();
  for (let i = 0; i < 100 && (await metric('myna_http_connections{listener="dashboard"}').catch(() => 99)) > 3; i++) await sleep(50);
  assert.equal(await ask('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), 200, 'there is room again');
  await sleep(1200);
  assert.equal(stack.log().match(/connections refused, for too many were open listener=dashboard count=\d+ open=\d+ last_address=127\.0\.0\.\d/g)?.length ?? 0, 1);
});
