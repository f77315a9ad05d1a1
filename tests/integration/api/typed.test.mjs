// What people type at mynactl: refusals name the option, the word or the line that is wrong.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const mynactl = process.env.MYNACTL ?? '.build/release/mynactl';
let stack;
let admin;
let env;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
  const {body} = await admin.post('/api-keys', {name: 'typist', role: 'admin'});
  env = {...process.env, MYNACTL_URL: `http://127.0.0.1:${stack.port}`, MYNACTL_KEY: body.key, MYNACTL_CONFIG: join(stack.home, 'none')};
  await admin.post('/vendors', {id: 'dahan', base_url: 'https://vendor.example/v1', key: 'k'});
});

after(() => stack?.end());

const type = (...words) => new Promise((done) => {
  execFile(mynactl, words, {env, timeout: 30000}, (error, stdout, stderr) => done({status: error ? error.code : 0, stdout, stderr}));
});
const file = (name, text) => {
  const path = join(stack.home, name);
  writeFileSync(path, text);
  return path;
};
const refused = async (words, expected, status = 1) => {
  const told = await type(...words);
  assert.deepEqual([told.status, expected.test(told.stderr)], [status, true], told.stderr);
};
const CONTRACT = 'contract: reel\nvendor: dahan\ncurrency: CNY\nzone: Asia/Shanghai\nterm: {from: 2020-01-01, to: 2050-01-01}\ncharges:\n- {kind: unit, metric: video_ms, price: "2"}\n';

test('a member of the request is told as the option or word that it was made of', async () => {
  await refused(['budget', 'create', 'b', '--scope', 'fleet', '--at-most', 'many', '--metric', 'output', '--per', 'day'], /must be a number.*\n {2}--at-most\n/);
  await refused(['budget', 'create', 'b', '--scope', 'fleet', '--per', 'day', '--at-most', '1'], /\n {2}--metric\n/);
  await refused(['budget', 'create', 'B!', '--scope', 'fleet', '--per', 'day', '--at-most', '1', '--metric', 'output'], /\n {2}BUDGET "B!"\n/);
  await refused(['claim', 'create', '--expires-in', '-1'], /\n {2}--expires-in\n/);
  await refused(['budget', 'create', 'b', '--scop', 'fleet'], /no option --scop/, 2);
  await refused(['config', 'set', 'fleet', 'volume=400'], /^mynactl: refused: must be an integer from 0 to 100\n/);
  await refused(['device', 'get', 'nobody'], /^mynactl: there is no device "nobody"\n$/);
});

test('what a document or a file says wrong is told with its line', async () => {
  const good = file('good.yaml', CONTRACT);
  assert.equal((await type('contract', 'apply', '-f', good)).status, 0);
  const other = file('other.yaml', CONTRACT.replace('contract: reel', 'contract: other').replace('vendor: dahan', 'vendor: nobody'));
  await refused(['contract', 'apply', '-f', other], /there is no such vendor\n.*other\.yaml:2: vendor\n/);
  const usage = (name, second) => file(name, `{"usage": [\n{"request_id": "a", "at": "2021-11-01T00:00:00Z", "model": "m", "metrics": {"video_ms": 5}},\n${second}]}\n`);
  const early = usage('early.json', '{"request_id": "b", "at": "2049-11-01T00:00:00Z", "model": "m", "metrics": {"video_ms": 5}}');
  await refused(['vendor', 'usage', 'dahan', early], /lies in the future.*\n.*early\.json:3: usage\/1\/at\n/);
  const free = usage('free.yaml', '{"request_id": "b", "at": "2021-11-01T00:00:00Z", "model": "m",\n"metrics": {"video_ms": 5, "output": 1}}');
  await refused(['vendor', 'usage', 'dahan', free], /contract reel has no price for output.*\n.*free\.yaml:4: usage\/1\/metrics\n/);
  assert.deepEqual(await stack.sql('SELECT count(*) FROM myna.vendor_usage'), [['0']], 'nothing is half booked');
  const invoice = file('invoice.csv', 'request_id,input\nx,1\n"y');
  await refused(['invoice', 'check', 'dahan', invoice], /invoice\.csv:3\n/);
});

test('people get days of the contract and tables, programs the answer', async () => {
  const {stdout} = await type('contract', 'get', 'reel');
  assert.match(stdout, /charges\nkind +metric\nunit +video_ms\n {4}2\n/);
  assert.match((await type('contract', 'history', 'reel')).stdout, /^charge 1: unit of video_ms, CNY\n/);
  assert.equal(JSON.parse((await type('contract', 'get', 'reel', '--json')).stdout).id, 'reel');
  assert.equal((await type('budget', 'create', 'b', '--scope', 'fleet', '--per', 'month', '--at-most', '1000', '--metric', 'video_ms',
    '--zone', 'Asia/Shanghai', '--hard', 'false')).status, 0);
  const day = (at) => new Intl.DateTimeFormat('sv', {timeZone: 'Asia/Shanghai'}).format(at);
  const [{period}] = (await admin.get('/pools?open=true')).body.items;
  const row = (await type('pool', 'list')).stdout.split('\n')[1];
  assert.ok(row.includes(`${day(Date.parse(period.from))}  ${day(Date.parse(period.to) - 1)}`), row);
  assert.ok(row.includes('1,000'), row);
});

test('a canned answer that nobody gave is warned of', async () => {
  const {status, stderr} = await type('config', 'set', 'fleet', 'limit_mode=canned');
  assert.deepEqual([status, /mynactl config set fleet canned_persona=TEXT/.test(stderr)], [0, true], stderr);
  assert.equal((await type('config', 'set', 'fleet', 'canned_persona=Later.')).stderr, '');
});

test('one version of a contract is set beside another, member by member', async () => {
  await refused(['contract', 'diff', 'reel'], /reel has one version alone/);
  const dearer = file('dearer.yaml', `${CONTRACT.replace('price: "2"', 'price: "3", name: clip')}caps:\n- {name: month, metric: video_ms, per: month, at_most: "900"}\n`);
  assert.equal((await type('contract', 'apply', '-f', dearer)).status, 0);
  const told = (await type('contract', 'diff', 'reel')).stdout;
  assert.match(told, /^version 2 beside version 1\n/);
  assert.match(told, /- charges\/0 .*"price": ?"2"/);
  assert.match(told, /\+ charges\/clip .*"price": ?"3"/);
  assert.match(told, /\+ caps\/month /);
  const cheaper = file('cheaper.yaml', readFileSync(dearer, 'utf8').replace('"3"', '"1"'));
  assert.equal((await type('contract', 'apply', '-f', cheaper)).status, 0);
  assert.deepEqual(JSON.parse((await type('contract', 'diff', 'reel', '--from', '2', '--to', '3', '--json')).stdout),
    {from: 2, to: 3, changes: [{name: 'charges/clip/price', from: '3', to: '1'}]});
  await refused(['contract', 'diff', 'reel', '--to', '9'], /reel has no version 9; its versions are 1 to 3/);
});

test('a contract that the server keeps is compared with one in a file', async () => {
  const profile = file('profile.json', '{"per":"month","models":{"m":{"video_ms":10}}}');
  const offer = file('offer.yaml', CONTRACT.replace('contract: reel', 'contract: offer').replace('price: "2"', 'price: "4"'));
  const ask = ['whatif', '--stored', 'reel', '--contract', offer, '--profile', profile, '--devices', '0..10', '--json'];
  const {contracts, cheapest} = JSON.parse((await type(...ask)).stdout);
  assert.deepEqual(contracts.map(({contract}) => contract), ['reel', 'offer']);
  assert.deepEqual(cheapest.at(-1).contracts, ['reel']);
  // as the server says it, whose versions change on the way
  const {body} = await admin.post('/whatif', {contracts: [{contract: 'reel'}], devices: {from: 0, to: 10}, profile: {per: 'month', models: {m: {video_ms: 10}}}});
  assert.equal(contracts[0].at.cost, body.contracts[0].at.cost);
  await refused(['whatif', '--stored', 'nobody', '--profile', profile, '--devices', '0..1'], /there is no contract "nobody"/);
});

test('how vendors answer is told, of one hour by hour', async () => {
  await stack.sql(`INSERT INTO myna.vendor_hour (vendor_id, hour, model, error_class, attempts, first_token_ms, first_tokens)
    SELECT 'dahan', date_trunc('hour', now()), 'm', c, n, 1000 * n, n FROM (VALUES (-1, 197), (1, 3)) AS v (c, n)`);
  assert.match((await type('vendor', 'health')).stdout, /dahan +200 +3/);
  assert.match((await type('vendor', 'health', 'dahan')).stdout, / 200 +3 +1\.5 +1,?000 +\w+ 3\n/);
  assert.match((await type('vendor', 'health', 'dahan')).stdout, /0 of 0 robots heard within ten minutes leave it out\nas of 20/);
  await refused(['vendor', 'health', 'dahan', '--hours', '999'], /\n {2}--hours\n/);
});
