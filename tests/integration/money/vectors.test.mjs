// The numeric vectors V01-V26 and D01-D17: each file of vectors/ holds documents, usage and what
// must come out, and names the tool that it goes through.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {promisify} from 'node:util';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'myna-vectors-'));
const frame = {contract: 'vector', vendor: 'v', currency: 'CNY', zone: 'Asia/Shanghai', term: {from: '2026-01-01', to: '2026-02-01'}};
let files = 0;

after(() => rmSync(folder, {recursive: true}));

function put(value) {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

async function ctl(...args) {
  const {stdout} = await run(process.env.MYNACTL, [...args, '--json'], {env: {HOME: folder}, maxBuffer: 1 << 28});
  return JSON.parse(stdout);
}

const document = (contract) => put({...frame, ...contract});

// Rows may leave out what every row has.
function usage(rows, repeat = 1) {
  const whole = rows.map((row) => ({device: 'd', model: 'm', metrics: {}, ...row}));
  return put({usage: Array.from({length: repeat}, () => whole).flat()});
}

const tools = {
  async rate({contract, usage: rows, usage_repeat, as_of, total, amounts = {}, tax_included}) {
    const asOf = as_of ? ['--as-of', as_of] : [];
    const bill = await ctl('contract', 'rate', '--file', document(contract), '--usage', usage(rows, usage_repeat), ...asOf);
    assert.equal(bill.total, total);
    assert.equal(bill.tax_included, tax_included);
    for (const [charge, expected] of Object.entries(amounts))
      assert.deepEqual(bill.lines.filter((line) => line.charge === charge).map((line) => line.amount), expected, charge);
  },
  async periods({contract, from, to, periods}) {
    const answer = await ctl('contract', 'periods', '--file', document(contract), '--from', from, '--to', to);
    assert.deepEqual(answer.periods.map((each) => ({period: each.period, from: each.from, to: each.to})), periods);
  },
  async burn({grants, usage: rows, as_of, left, worth = {}}) {
    const answer = await ctl('credit', 'burn', '--file', put({grants, usage: rows}), ...(as_of ? ['--as-of', as_of] : []));
    const found = new Map(answer.grants.map((grant) => [grant.name, grant]));
    for (const [name, amount] of Object.entries(left)) assert.equal(found.get(name).left, amount, name);
    for (const [name, amount] of Object.entries(worth)) assert.equal(found.get(name).worth, amount, name);
  },
  async share({capacity, wants, shares}) {
    assert.deepEqual((await ctl('credit', 'share', '--capacity', `${capacity}`, '--wants', wants.join())).shares, shares.map(String));
  },
  async reserve({input, output, used_input, used_output, ...expected}) {
    const answer = await ctl('credit', 'reserve', '--input', `${input}`, '--output', `${output}`, '--used-input', `${used_input}`, '--used-output', `${used_output}`);
    const {tool, ...wanted} = expected;
    assert.deepEqual(answer, wanted);
  },
  async whatif({contracts, profile, devices, at, rate, points = {}, segments = {}, cheapest}) {
    const args = contracts.flatMap((contract) => ['--contract', document(contract)]);
    if (at) args.push('--at', `${at}`);
    if (rate) args.push('--rate', rate);
    const answer = await ctl('whatif', ...args, '--profile', put(profile), '--devices', devices);
    const found = new Map(answer.contracts.map((contract) => [contract.contract, contract]));
    for (const [name, expected] of Object.entries(points))
      for (const [member, value] of Object.entries(expected)) assert.equal(found.get(name).at[member], value, `${name} ${member}`);
    for (const [name, expected] of Object.entries(segments))
      assert.deepEqual(found.get(name).segments.map((part) => [part.from, part.to, part.fixed, part.per_device]), expected);
    if (cheapest) assert.deepEqual(answer.cheapest.map((part) => [part.from, part.to, part.contracts]), cheapest);
  },
};

const source = new URL('vectors/', import.meta.url);
const vectors = readdirSync(source).sort().map((name) => JSON.parse(readFileSync(new URL(name, source))));

test('every vector is there', () => {
  const derived = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, '10b', 12, 13, 14, 15, 17].map((n) => `D${`${n}`.padStart(n === '10b' ? 3 : 2, '0')}`);
  const observed = Array.from({length: 26}, (_, i) => `V${`${i + 1}`.padStart(2, '0')}`);
  const ours = ['amended-fee', 'points', 'share'];
  assert.deepEqual(vectors.map((vector) => vector.id).sort(), [...derived, ...observed, ...ours].sort());
});

for (const vector of vectors)
  test(`${vector.id}: ${vector.says}`, async () => {
    for (const [i, each] of vector.cases.entries()) {
      try {
        await tools[each.tool](each);
      } catch (error) {
        error.message = `case ${i}: ${error.message}${error.stderr ?? ''}`;
        throw error;
      }
    }
  });

test('what a total does not hold is told beside it', async () => {
  const contract = document({charges: [{kind: 'matrix', models: ['m'], prices: {output: '1'}, per: 'month'}]});
  const rate = (rows) => ctl('contract', 'rate', '--file', contract, '--usage', usage(rows));
  const at = '2026-01-05T12:00:00+08:00';
  const bill = await rate([{at, metrics: {output: 5, reasoning: 3}}, {at, model: 'x', metrics: {output: 7}},
    {at, model: 'x', metrics: {output: 2}}, {at: '2026-03-05T12:00:00+08:00', metrics: {output: 1}}]);
  assert.equal(bill.total, '5.00');
  assert.deepEqual(bill.unpriced, [{model: 'm', metric: 'reasoning', quantity: '3', rows: 1}, {model: 'x', metric: 'output', quantity: '9', rows: 2}]);
  assert.equal(bill.rows_outside_term, 1);
  assert.deepEqual(Object.keys(await rate([{at, metrics: {output: 5}}])), ['currency', 'lines', 'total']);
});

test('a quantity that no decimal holds is cut', async () => {
  const contract = document({charges: [{kind: 'unit', metric: 'active_devices', measured: 'average', price: '31', per: 'month'}]});
  const bill = await ctl('contract', 'rate', '--file', contract, '--usage', usage([{at: '2026-01-05T12:00:00+08:00'}, {at: '2026-01-06T12:00:00+08:00'}]));
  assert.equal(bill.lines[0].quantity, '0.064516129032');
  assert.equal(bill.total, '2.00');
});
