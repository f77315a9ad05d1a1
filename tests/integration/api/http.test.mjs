// The listener itself: pages, events, limits, start and stop.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect as tlsConnect} from 'node:tls';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {answersIn, holdAnswers, readAnswers} from '../../support/answers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {isModern} from '../../support/tls.mjs';
import {readYaml} from '../../../server/web/reference/yaml.js';
import {hold, openapi} from './openapi.mjs';

let stack;
let admin;

const PROXY = '127.0.9.1';

before(async () => {
  stack = hold(await Stack.create({trusted_proxies: PROXY}));
  admin = await stack.login();
});

after(() => stack?.end());

// Reads the event stream: {events, ended}.
function follow(who = admin) {
  const seen = {events: [], comments: 0, ended: false};
  return new Promise((done) => {
    seen.request = request({host: '127.0.0.1', port: stack.port, path: '/api/v1/events', headers: who.proof, agent: false}, (response) => {
      seen.status = response.statusCode;
      let text = '';
      response.on('data', (data) => {
        text += data;
        const parts = text.split('\n\n');
        text = parts.pop();
        for (const part of parts) {
          if (part.startsWith(':')) seen.comments++;
          const [, kind, ids] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
          if (kind) seen.events.push([kind, JSON.parse(ids).ids]);
        }
        done(seen);
      });
      response.on('end', () => done(seen));
      response.on('close', () => { seen.ended = true; });
    });
    seen.request.end();
  });
}

async function until(check, tries = 100) {
  for (let i = 0; i < tries; i++) {
    if (await check()) return true;
    await sleep(50);
  }
  return false;
}

test('a change is told to every open stream at once', async () => {
  const streams = await Promise.all([follow(), follow(), follow()]);
  await admin.post('/groups', {id: 'told'});
  for (const stream of streams) {
    assert.ok(await until(() => stream.events.length > 1), 'events came');
    assert.deepEqual(stream.events.sort(), [['audit', ['head']], ['group', ['told']]]);
    stream.request.destroy();
  }
});

test('what is written into the audit is told, also when nothing else is', async () => {
  const stream = await follow();
  await stack.sql("SELECT myna.audit_append('mynad', '', 'retention.run', 'retention/commands', NULL, NULL)");
  assert.ok(await until(() => stream.events.length), 'an event came');
  assert.deepEqual(stream.events, [['audit', ['head']]]);
  stream.request.destroy();
});

test('a stream ends with the right to listen', async () => {
  await admin.post('/operators', {id: 'guest', role: 'viewer', password: 'a guest password'});
  const guest = await stack.login('guest', 'a guest password');
  const stream = await follow(guest);
  await admin.patch('/operators/guest', {disabled: true});
  assert.ok(await until(() => stream.ended));
  assert.equal((await follow(guest)).status, 401);
});

test('when the database comes back, streams end so that readers look again', async () => {
  const stream = await follow();
  stack.cluster.stop();
  assert.equal((await stack.send('GET', '/healthz')).status, 200);
  assert.equal((await stack.send('GET', '/readyz')).status, 503);
  assert.equal((await admin.get('/fleet')).status, 503);
  stack.cluster.start();
  assert.ok(await until(() => stream.ended), 'the stream has ended');
  for (let i = 0; i < 100 && (await stack.send('GET', '/readyz')).status !== 200; i++) await sleep(100);
  assert.equal((await admin.get('/fleet')).status, 200);
});

test('a body that is too large is refused', async () => {
  const {status} = await admin.post('/groups', Buffer.alloc((1 << 20) + 1, 0x20)).catch(() => ({status: 413}));
  assert.equal(status, 413);
});

test('a body without an announced length is cut off at the limit', async () => {
  const result = await new Promise((done) => {
    const sent = request({host: '127.0.0.1', port: stack.port, method: 'POST', path: '/api/v1/login', agent: false},
      (response) => { response.resume(); done(response.statusCode); });
    sent.on('error', () => done('closed'));
    const chunk = Buffer.alloc(1 << 16, 0x20);
    const more = () => sent.write(chunk, (error) => (error ? done('closed') : more()));
    more();
  });
  assert.equal(result, 'closed');
  assert.equal((await admin.get('/me')).status, 200);
});

test('I10: strangers cannot fill the memory with bodies that never end', async () => {
  const size = 60 << 20; // of a path that takes 64 MiB; two of them have room
  const begin = () => {
    const sent = request({host: '127.0.0.1', port: stack.port, method: 'POST', agent: false,
      path: '/api/v1/vendors/none/usage-imports', headers: {'content-length': size}});
    const end = new Promise((done) => {
      sent.on('error', () => done('closed'));
      sent.on('response', (response) => { response.resume(); done(response.statusCode); });
    });
    const arrived = new Promise((done) => { sent.write(Buffer.alloc(size - 1, 0x20), () => done('held')); });
    return {sent, end, first: Promise.race([end, arrived])};
  };
  const held = [begin(), begin(), begin()];
  const outcomes = await Promise.all(held.map(({first}) => first));
  assert.ok(outcomes.includes('closed'), `of three bodies: ${outcomes}`);
  assert.equal((await admin.get('/me')).status, 200);
  for (const {sent} of held) sent.destroy();
  assert.ok(await until(async () => {
    const last = begin();
    await last.first;
    last.sent.end(' ');
    return (await last.end) === 401;
  }, 400), 'there is room again once the senders are known to be gone');
});

test('broken JSON, wrong types and other documents are told apart', async () => {
  for (const [body, pattern] of [['{"id":', /line 1/], ['[]', /must be a JSON object/], ['', /./], ['{"id":"a","id":"b"}', /duplicate/i], ['{"id":"\xff"}', /./]]) {
    const {status, body: problem} = await admin.post('/groups', Buffer.from(body, 'latin1'));
    assert.equal(status, 400, body);
    assert.match(problem.detail, pattern);
  }
});

test('an unknown path is a problem below /api and a page elsewhere', async () => {
  assert.equal((await admin.get('/nothing')).status, 404);
  assert.equal((await stack.send('DELETE', '/api/v1/fleet', {headers: admin.proof})).status, 405);
  const page = await stack.send('GET', '/robots/r1');
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.equal((await stack.send('GET', '/nothing.js')).status, 404);
  assert.equal((await stack.send('GET', '/..%2f..%2fetc/shells.conf')).status, 404);
});

test('pages are cached by their ETag, packed when the browser takes it, and fenced by a policy', async () => {
  const plain = await stack.send('GET', '/app.js');
  const packed = await stack.send('GET', '/app.js', {headers: {'Accept-Encoding': 'gzip'}});
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.notEqual(packed.headers.etag, plain.headers.etag, 'other bytes');
  const kept = await stack.send('GET', '/app.js', {headers: {'Accept-Encoding': 'gzip', 'If-None-Match': packed.headers.etag}});
  assert.equal(kept.status, 304);
  assert.ok(packed.bytes.length < plain.bytes.length);
  const again = await stack.send('GET', '/app.js', {headers: {'If-None-Match': plain.headers.etag}});
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  assert.match(plain.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(plain.headers['x-content-type-options'], 'nosniff');
});

test('metrics name the parts and count answers', async () => {
  const {headers, body} = await stack.send('GET', '/metrics');
  assert.match(headers['content-type'], /version=0\.0\.4/);
  for (const name of ['myna_http_answers_total{class="2xx"}', 'myna_devices{state="online"} 0', 'myna_broker_connected{broker="127.0.0.1:', 'myna_database_up 1', 'myna_usage_records_total 0'])
    assert.ok(body.includes(name), name);
});

test('metrics tell how far caps and budgets are used, and how vendors answered lately', async () => {
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('metered', 'http://127.0.0.1:1');
    INSERT INTO myna.vendor_hour (vendor_id, hour, model, error_class, attempts) SELECT 'metered', date_trunc('hour', now(), 'UTC') - h * interval '1 hour', 'm', c, 5
      FROM unnest(ARRAY[0, 1, 2]) h CROSS JOIN unnest(ARRAY[-1, 2]) c`);
  assert.equal((await admin.post('/budgets', {id: 'measured', scope: 'fleet', metric: 'requests', at_most: '100', per: 'once'})).status, 201);
  await stack.sql(`INSERT INTO myna.pool (source, scope, subject, unit, is_money, metrics, hard, period_from, period_to, limit_amount, scale, is_active)
    VALUES ('budget:own', 'device', 'r1', 'requests', false, 1024, true, now(), 'infinity', 100, 1, true)`);
  const {body} = await stack.send('GET', '/metrics');
  const pool = (name, value) => `myna_pool_${name}{source="budget:measured",unit="requests"} ${value}`;
  for (const line of ['myna_vendor_recent_attempts{vendor="metered"} 20', 'myna_vendor_recent_failures{vendor="metered"} 10',
    'myna_devices{state="silent"} 0', pool('limit', 100), pool('spent', 0), pool('held', 0)]) assert.ok(body.includes(`${line}\n`), line);
  assert.ok(!body.includes('budget:own'), "a robot's own");
});

test('metrics tell how long what a connected robot is owed has waited', async () => {
  const owed = async (kind) => Number(new RegExp(`^myna_outbox_oldest_seconds\\{kind="${kind}"\\} (\\S+)$`, 'm').exec((await stack.send('GET', '/metrics')).body)[1]);
  assert.deepEqual([await owed('config'), await owed('state'), await owed('command')], [0, 0, 0]);
  // nothing can be sent here: there is no broker
  await stack.sql(`INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public, server_key_id, secret_wrapped)
      SELECT 'owed', '1', now(), '', key_id, '' FROM myna.sealing_key LIMIT 1;
    INSERT INTO myna.device_link (device_id, desired_generation, config_due) VALUES ('owed', 1, now() - interval '1 hour')`);
  assert.equal(await owed('config'), 0, 'who is not connected is not waited for');
  await stack.sql("UPDATE myna.device_link SET session_hello = true, session_number = 1 WHERE device_id = 'owed'");
  assert.ok(await owed('config') >= 3600);
});

test('the reference page and the description it shows are served, and its reader reads all of it', async () => {
  const page = await stack.send('GET', '/api/v1/reference');
  const described = await stack.send('GET', '/api/v1/openapi.yaml');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  for (const [, path] of page.bytes.toString().matchAll(/(?:href|src)="(\/[^"]+)"/g)) assert.equal((await stack.send('GET', path)).status, 200, path);
  assert.doesNotMatch(page.bytes.toString(), /<script(?! type="module" src="\/)|style=|https?:/, 'its own files alone');
  assert.equal(described.headers['content-type'], 'application/yaml');
  assert.deepEqual(readYaml(described.bytes.toString()), openapi);
});

test('each request that may be sent again without harm says so: a POST of somebody takes an Idempotency-Key', () => {
  const key = '#/components/parameters/idempotency_key';
  for (const [path, {post}] of Object.entries(openapi.paths))
    if (post) assert.equal(post.parameters?.some(({$ref}) => $ref === key) ?? false, 'x-role' in post, `POST ${path}`);
});

test('whoever asks, an answer that openapi.yaml does not know is found', async () => {
  if (readAnswers(stack.home).next().done && process.env.MYNA_RECORDER !== '1') return; // a build without sanitizers does not tell
  const answer = await fetch(`http://127.0.0.1:${stack.port}/api/v1/groups`, {headers: admin.proof});
  assert.equal(answer.status, 200);
  const last = [...readAnswers(stack.home)].findLast(({path}) => path === '/api/v1/groups');
  assert.deepEqual(JSON.parse(last.body), await answer.json());

  const told = (path, status, type, body) => {
    const home = join(stack.home, 'told');
    mkdirSync(home, {recursive: true});
    const whole = `GET ${path} ${status} ${Buffer.byteLength(body)} ${type}\n${body}\n`;
    writeFileSync(`${answersIn(home)}.1`, whole + whole.slice(0, -2));
    return holdAnswers(home);
  };
  await told('/api/v1/groups', 200, 'application/json', '{"items": [], "next": null}');
  await assert.rejects(told('/api/v1/groups', 200, 'application/json', '{"items": [{"id": 7}], "next": null}'), /GET \/api\/v1\/groups: .*must be string/);
  await assert.rejects(told('/api/v1/groups/{id}', 200, 'text/csv', ''), /with text\/csv is not in openapi.yaml/);
  await assert.rejects(told('/api/v1/nothing', 200, 'application/json', '{}'), /is not in openapi.yaml/);
  await told('/api/v1/nothing', 404, 'application/problem+json', '{}');
});

test('each member and each parameter says what it is', () => {
  const plain = ['Slug', 'Time', 'Count', 'Money', 'Currency'].map((name) => `#/components/schemas/${name}`);
  const told = ({$ref, description}) => Boolean(description) || ($ref && !plain.includes($ref));
  const walk = (schema, at) => {
    if (schema === null || typeof schema !== 'object') return;
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      assert.ok(member === true || told(member), `${at}.${name} has no description`);
      walk(member, `${at}.${name}`);
    }
    for (const inner of [schema.items, schema.additionalProperties, ...schema.oneOf ?? [], ...schema.anyOf ?? [], ...schema.allOf ?? []]) walk(inner, at);
  };
  for (const [name, schema] of Object.entries(openapi.components.schemas)) walk(schema, name);
  for (const [path, methods] of Object.entries(openapi.paths))
    for (const {parameters = []} of [methods, ...Object.values(methods)])
      for (const parameter of parameters) assert.ok(told(parameter), `${path}: ${parameter.name} has no description`);
});

test('no description was cut in two by a comma', () => {
  const walk = (part, at) => {
    for (const [name, value] of Object.entries(part ?? {})) {
      assert.ok(value !== null || !name.includes(' '), `${at}: quote the text that "${name}" is a part of`);
      if (typeof value === 'object') walk(value, `${at}/${name}`);
    }
  };
  walk(openapi, '');
});

// The text format 0.0.4, and how Prometheus names things: counters end in _total, units are base units.
test('every metric has a help, a type, a unit in its name where it has one, and samples that are numbers', async () => {
  const {body} = await stack.send('GET', '/metrics');
  const families = new Map();
  let family;

  assert.ok(body.endsWith('\n'));
  for (const line of body.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z][a-z0-9_]*) (\S.*\S)$/.exec(line);
    const type = /^# TYPE ([a-z][a-z0-9_]*) (counter|gauge)$/.exec(line);
    const sample = /^([a-z][a-z0-9_]*)(?:\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\})? (-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)$/.exec(line);
    if (help) {
      assert.ok(!families.has(help[1]), `${help[1]} twice`);
      families.set(help[1], family = {name: help[1], series: new Set()});
    } else if (type) {
      assert.equal(type[1], family?.name, 'TYPE stands behind its HELP');
      assert.equal(family.type, undefined);
      family.type = type[2];
    } else {
      assert.ok(sample, `not in the format: ${line}`);
      assert.equal(sample[1], family.name, 'samples stand behind their TYPE');
      assert.ok(family.type, line);
      assert.ok(!family.series.has(sample[2]), `the same series twice: ${line}`);
      family.series.add(sample[2]);
      if (family.type === 'counter') assert.ok(Number(sample[3]) >= 0, line);
    }
  }
  assert.ok(families.size > 30, String(families.size));
  for (const {name, type, series} of families.values()) {
    assert.ok(series.size > 0, `${name} has no sample`);
    assert.match(name, /^myna_/);
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
    assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kib|mib|percent)(_|$)/, `${name}: seconds, bytes, ratios`);
  }
});

// A proxy that ends TLS, as nginx does by docs/install.md; it reaches the server from an address.
async function proxy(t, localAddress) {
  const server = createServer((incoming, outgoing) => {
    const {'x-forwarded-for': before_, ...headers} = incoming.headers;
    const onward = request({host: '127.0.0.1', port: stack.port, localAddress, method: incoming.method, path: incoming.url, agent: false,
      headers: {...headers, 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': [before_, incoming.socket.remoteAddress].filter(Boolean).join(', ')},
    }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const host = `127.0.0.1:${server.address().port}`;
  const logIn = (password, {from, headers = {}} = {}) => new Promise((done, fail) => {
    const body = JSON.stringify({name: 'root', password});
    const asked = request(`http://${host}/api/v1/login`, {method: 'POST', localAddress: from, agent: false,
      headers: {'Content-Type': 'application/json', 'Content-Length': body.length, Origin: `https://${host}`, ...headers}}, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => done({status: answer.statusCode, headers: answer.headers, text}));
    });
    asked.on('error', fail);
    asked.end(body);
  });
  t.after(() => server.close());
  return logIn;
}

test('behind a named proxy who asks is who asked the proxy, and by TLS: cookies, pages and throttling know it', async (t) => {
  const logIn = await proxy(t, PROXY);
  const opened = await logIn(stack.password, {from: '127.0.8.1', headers: {'X-Forwarded-For': '203.0.113.9'}});
  assert.equal(opened.status, 200, opened.text);
  assert.match(opened.headers['set-cookie'][0], /^__Host-myna_session=.*; Secure$/);
  assert.ok(opened.headers['strict-transport-security']);
  const [login] = (await admin.get('/audit?action=login&limit=1')).body.items;
  assert.deepEqual([login.action, login.source], ['login', '127.0.8.1'], 'what the client said of itself is not believed');
  for (let i = 0; i < 10; i++) await logIn('a wrong password', {from: '127.0.8.2'});
  assert.equal((await logIn(stack.password, {from: '127.0.8.2'})).status, 429);
  assert.equal((await logIn(stack.password, {from: '127.0.8.3'})).status, 200);
});

test('no other proxy is believed, and the refusal tells what to name', async (t) => {
  const logIn = await proxy(t, '127.0.9.2');
  const refused = await logIn(stack.password);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /name the proxy in trusted_proxies/);
  const headers = {'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https'};
  const direct = await stack.send('POST', '/api/v1/login', {body: {name: 'root', password: stack.password}, headers});
  assert.equal(direct.status, 200);
  assert.match(direct.headers['set-cookie'][0], /^myna_session=/);
  const [login] = (await admin.get('/audit?action=login&limit=1')).body.items;
  assert.equal(login.source, '127.0.0.1');
});

test('a HEAD has the headers of its GET and no body', async () => {
  const {status, headers, bytes} = await stack.send('HEAD', '/api/v1/fleet', {headers: admin.proof});
  assert.deepEqual([status, bytes.length], [200, 0]);
  assert.ok(Number(headers['content-length']) > 100);
});

test('many requests on one connection and many connections are all answered', async () => {
  const answers = await Promise.all(Array.from({length: 200}, () => admin.get('/fleet')));
  assert.ok(answers.every(({status}) => status === 200 || status === 503));
  assert.ok(answers.filter(({status}) => status === 200).length > 100);
});

test('a peer that stops in the middle harms nobody', async () => {
  const sockets = Array.from({length: 50}, () => {
    const socket = connect(stack.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"na');
    return socket;
  });
  await sleep(100);
  assert.equal((await admin.get('/me')).status, 200);
  for (const socket of sockets) socket.destroy();
});

test('a robot\'s video is served in parts, from the folder of the demo alone', async () => {
  const folder = join(stack.home, 'media');
  mkdirSync(folder);
  const own = hold(await Stack.create({demo_media: folder, demo_device: 'r1'}));
  try {
    const operator = await own.login();
    assert.equal((await operator.get('/devices/r1/video')).status, 404);
    writeFileSync(join(folder, 'latest.mp4'), '0123456789');
    const range = async (value) => {
      const {status, headers, body} = await operator.get('/devices/r1/video', {Range: value});
      return [status, headers['content-range'], typeof body === 'string' ? body : ''];
    };
    assert.deepEqual((await operator.get('/devices/r1/video')).body, '0123456789');
    assert.deepEqual(await range('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
    assert.deepEqual(await range('bytes=7-'), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await range('bytes=-3'), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await range('bytes=0-99'), [206, 'bytes 0-9/10', '0123456789']);
    assert.deepEqual(await range('bytes=10-'), [416, 'bytes */10', '']);
    assert.deepEqual(await range('lines=1-2'), [200, undefined, '0123456789']);
    assert.equal((await operator.get('/devices/r2/video')).status, 404);
    const head = await own.send('HEAD', '/api/v1/devices/r1/video', {headers: operator.proof});
    assert.deepEqual([head.status, head.headers['content-length'], Boolean(head.headers['last-modified'])], [200, '10', true]);
  } finally {
    await own.end();
  }
});

let logWithoutHead; // of a server that was told to keep the audit's newest hash to itself
test('with TLS the cookie is for TLS alone, and both listeners speak 1.2 and 1.3 with modern ciphers; SIGHUP renews their certificates', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'myna-tls-'));
  const [tls_cert, tls_key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  certify(folder);
  const own = hold(await Stack.create({tls_cert, tls_key, audit_head_syslog: 'no'}));
  try {
    const answer = await own.send('POST', '/api/v1/login', {body: {name: 'root', password: own.password}});
    assert.match(answer.headers['set-cookie'][0], /; Secure$/);
    assert.match(answer.headers['strict-transport-security'], /^max-age=/);
    assert.equal((await (await own.login()).get('/fleet')).status, 200);
    await isModern(own.port);
    await isModern(own.devicePort);
    await renews(own, folder);
  } finally {
    logWithoutHead = own.log();
    await own.end();
    rmSync(folder, {recursive: true});
  }
});

test('the log tells at the start when nothing outside the database knows the audit\'s newest hash, and only then', () => {
  assert.match(logWithoutHead, /nothing outside the database tells the audit's newest hash/);
  assert.doesNotMatch(stack.log(), /nothing outside the database/);
});

function certify(folder) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], {stdio: 'ignore'});
}

// What a listener shows: its certificate's fingerprint.
const shown = (port) => new Promise((done, fail) => {
  const socket = tlsConnect({host: '127.0.0.1', port, rejectUnauthorized: false}, () => {
    done(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on('error', fail);
});

// One request after another on a connection that stays open.
async function keep(port) {
  const socket = tlsConnect({host: '127.0.0.1', port, rejectUnauthorized: false});
  await once(socket, 'secureConnect');
  return {
    end: () => socket.destroy(),
    ask: async () => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return String((await once(socket, 'data'))[0]).split('\r\n')[0];
    },
  };
}

// Certificates are read again at SIGHUP, without a restart.
async function renews(own, folder) {
  const told = async (count) => assert.ok(await until(() => own.log().split('certificates were read again').length > count, 600));
  const kept = await keep(own.port);
  const [old, device] = [await shown(own.port), await shown(own.devicePort)];
  assert.match(await kept.ask(), / 200 /);
  certify(folder);
  own.server.kill('SIGHUP');
  await told(1);
  const fresh = await shown(own.port);
  assert.notEqual(fresh, old);
  assert.equal(await shown(own.devicePort), device);
  assert.match(await kept.ask(), / 200 /, 'a connection that is open goes on');

  // half a change, and what is no certificate at all
  const cert = readFileSync(join(folder, 'cert.pem'));
  certify(folder);
  writeFileSync(join(folder, 'cert.pem'), cert);
  own.server.kill('SIGHUP');
  await told(2);
  assert.match(own.log(), /the dashboard's listener keeps the certificate it has: .*cert\.pem" and its key are not taken: they are no certificate with its key/);
  writeFileSync(join(folder, 'cert.pem'), 'no certificate');
  own.server.kill('SIGHUP');
  await told(3);
  rmSync(join(folder, 'cert.pem'));
  own.server.kill('SIGHUP');
  await told(4);
  assert.match(own.log(), /not taken: cannot read ".*cert\.pem"/);
  assert.equal(await shown(own.port), fresh);
  assert.match(await kept.ask(), / 200 /);

  // the robots' one, issued anew by init
  await own.task(['--device-names', 'DNS:robots.example,IP:127.0.0.1', 'init']);
  own.server.kill('SIGHUP');
  await told(5);
  assert.notEqual(await shown(own.devicePort), device);
  assert.match(await kept.ask(), / 200 /);
  kept.end();
  assert.equal((await own.send('GET', '/healthz')).status, 200);
}

test('SIGTERM ends it cleanly, with streams open; SIGHUP ends nothing', async () => {
  const stream = await follow();
  stack.server.kill('SIGHUP');
  await sleep(200);
  assert.equal((await stack.send('GET', '/healthz')).status, 200);
  assert.equal(await stack.stop(), 0);
  assert.ok(stream.ended || await until(() => stream.ended));
  assert.doesNotMatch(stack.log(), /Sanitizer|error/i);
  await stack.start();
});

test('what keeps it from starting is one line with the cure', async () => {
  const run = promisify(execFile);
  const mynad = process.env.MYNAD ?? join(import.meta.dirname, '../../../.build/release/mynad');
  const fails = async (...words) => {
    const failure = await run(mynad, ['--config', stack.config, ...words], {timeout: 20000}).then(() => null, (error) => error);
    assert.ok(failure && failure.code > 0, words.join(' '));
    const lines = failure.stderr.trim().split('\n').filter((line) => !/ (info|warning) /.test(line));
    assert.equal(lines.length, 1, failure.stderr);
    return lines[0];
  };
  assert.match(await fails('--device-listen', '127.0.0.1:0'), /cannot listen on "127\.0\.0\.1:\d+".*another program has that port/);
  assert.match(await fails('--database', 'host=/nowhere dbname=x'), /database/);
  assert.match(await fails('--state-dir', join(stack.home, 'none')), /mynad init/);
  assert.match(await fails('--listen', '0.0.0.0:8080'), /needs tls_cert and tls_key/);
  assert.match(await fails('--colour', 'red'), /no such option/);
  assert.match(await fails('dance'), /no task "dance"/);
  const folder = mkdtempSync(join(tmpdir(), 'myna-open-'));
  certify(folder);
  chmodSync(join(folder, 'key.pem'), 0o644);
  assert.match(await fails('--device-listen', '127.0.0.1:0', '--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')), /key\.pem" can be read or written by everybody: chmod/);
  assert.match(await fails('--device-listen', '127.0.0.1:0', '--oidc-issuer', 'https://id.example', '--oidc-roles', 'a=admin', '--dashboard-url', 'https://myna.example',
    '--oidc-secret-file', join(folder, 'key.pem')), /can be read or written by everybody: chmod/);
  rmSync(folder, {recursive: true, force: true});
  await stack.sql('CREATE DATABASE bare');
  assert.match(await fails('--database', `host=${stack.cluster.folder} user=myna dbname=bare`), /mynad migrate/);
});
