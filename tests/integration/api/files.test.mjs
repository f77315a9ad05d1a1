// Long files: several at once, and for clients that go in the middle. What wrote one is free for the
// next: its worker, its connection to the database, its place among those that write, its file.
import assert from 'node:assert/strict';
import {readdirSync, readlinkSync} from 'node:fs';
import {connect} from 'node:net';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const USAGE = '/usage?by=device,hour&from=2026-03-01&to=2026-03-31&format=csv';
const ROWS = 200 * 24;
let stack;
let admin;
let key;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  key = (await admin.post('/api-keys', {name: 'files', role: 'admin'})).body.key;
  await stack.sql(`INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('big', 'https://a.example');
    INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES ('big-2026', 'big', 'CNY', 'Asia/Shanghai');
    INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts)
      SELECT 'many-' || n, '2026-03-05 00:00+08'::timestamptz + h * interval '1 h', 'big-2026', 'big', 'm', 'CNY', 1
      FROM generate_series(1, 200) n, generate_series(0, 23) h;
    INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, attempts) VALUES ('big-2026', '2026-03-05', 'big', 'm', 'CNY', ${ROWS})`);
});

after(() => stack?.end());

const rowsOf = ({bytes}) => bytes.toString().trimEnd().split('\r\n').length - 1;

// Asks on a socket of its own, and goes once the file has begun.
const goInTheMiddle = (path) => new Promise((gone, failed) => {
  const socket = connect(stack.port, '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('error', failed).on('data', (text) => {
    heard += text;
    if (!heard.split('\r\n\r\n')[1]) return;
    socket.destroy();
    if (heard.startsWith('HTTP/1.1 200')) gone();
    else failed(new Error(heard));
  });
  socket.write(`GET /api/v1${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n\r\n`);
});

// Root alone may look; for others the database tells that nothing is at work any more.
const spools = () => process.getuid() !== 0 ? [] : readdirSync(`/proc/${stack.server.pid}/fd`).filter((fd) => {
  try {
    return readlinkSync(`/proc/${stack.server.pid}/fd/${fd}`).includes('mynad-answer');
  } catch {
    return false; // closed meanwhile
  }
});

const busy = async () => Number((await stack.sql(`SELECT count(*) FROM pg_stat_activity WHERE datname = 'myna'
  AND pid <> pg_backend_pid() AND state <> 'idle'`))[0][0]);

const isWhole = () => until(60, 'the files of those who went are still written', async () => spools().length === 0 && await busy() === 0);

// Asks again as the answer says, until it is the file.
async function insist(path) {
  for (;;) {
    const answer = await admin.get(path);
    if (answer.status !== 503) return answer;
    assert.match(answer.body.detail, /files are being written already/);
    assert.match(answer.headers['retry-after'], /^\d+$/);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

test('several clients have whole files at once, or are told to come again soon', async () => {
  const paths = [USAGE, USAGE.replace('device,hour', 'device,day'), USAGE.replace('by=device,hour', 'by=vendor')];
  const files = await Promise.all([...paths, ...paths, ...paths].map(insist));
  assert.deepEqual(files.map(({status}) => status), files.map(() => 200));
  assert.deepEqual(files.map(rowsOf), [1, 2, 3].flatMap(() => [ROWS, 200, 1]));
  for (const n of [0, 1, 2]) assert.ok(files[n].bytes.equals(files[n + 3].bytes) && files[n].bytes.equals(files[n + 6].bytes), paths[n]);
  await isWhole();
});

test('a client that goes in the middle of a file of two hundred years ends its writing', async () => {
  // each day is a statement, and most of them are of nothing: there is nothing to send that would fail
  await stack.sql(`INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency, attempts) VALUES ('big-2026', '1826-01-01', 'big', 'm', 'CNY', 1)`);
  await goInTheMiddle('/usage?by=device,hour&from=1826-01-01&format=csv');
  await isWhole();
  await stack.sql("DELETE FROM myna.usage_day WHERE day = '1826-01-01'");
});

test('after more of them than there are workers everything is as before', async () => {
  for (let n = 0; n < 18; n++) {
    await goInTheMiddle(USAGE);
    if (n % 3 === 2) await isWhole(); // more than write at a time would be refused
  }
  const [one, other] = await Promise.all([insist(USAGE), insist(USAGE)]);
  assert.deepEqual([rowsOf(one), rowsOf(other)], [ROWS, ROWS]);
  assert.equal((await admin.get('/fleet')).status, 200);
  await isWhole();
  assert.doesNotMatch(stack.log(), /was cut short/);
});
