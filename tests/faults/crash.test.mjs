// I1 and I11 end to end: robots talk while every part is killed with kill -9 and comes back; then the
// vendors' ledger and the server's records are compared, request by request.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Fleet, sleep, until} from '../support/fleet.mjs';

const ROBOTS = 50;
const TALK_SECONDS = 30;
const VICTIMS = ['myna-robots', 'mynad', 'myna-agent', 'mosquitto', 'postgresql'];

let fleet;

before(async () => {
  fleet = await Fleet.create();
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '12');
});

after(() => fleet?.end());

// Every record with the quantities that count: the vendor's once an import has settled them.
const RECORDS = `
  SELECT u.turn || '-' || u.attempt, u.provenance,
         coalesce(s.input_uncached, u.input_uncached) + coalesce(s.input_cached, u.input_cached),
         coalesce(s.output, u.output) + coalesce(s.reasoning, u.reasoning),
         coalesce(s.input_cached, u.input_cached), coalesce(s.reasoning, u.reasoning), u.device_id
  FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)
  WHERE u.vendor_id IN ('dahan', 'erxian')`; // the video vendor's usage comes from a back office

const PROVENANCE = ['none', 'vendor_final', 'vendor_cumulative', 'estimated', 'worst_case', 'not_sent'];

async function records() {
  return (await fleet.sql(RECORDS)).map(([request, provenance, input, output, cached, reasoning, device]) => ({
    request, provenance: PROVENANCE[Number(provenance)], device,
    tokens: {input: Number(input), output: Number(output), cached: Number(cached), reasoning: Number(reasoning)},
  }));
}

// By the vendors' ledger; cached is a part of input, reasoning of output.
function billed({input, output, cached, reasoning}) {
  return {input, output, cached, reasoning};
}

// The full robot is asked again and again until the returned function is called; that a robot which
// is killed while it speaks leaves its answer unfinished is what this is about.
function keepAsking() {
  let asking = true;
  const asked = (async () => {
    while (asking) await fleet.say('What do birds talk about?').catch(() => sleep(300));
  })();
  return () => {
    asking = false;
    return asked;
  };
}

// Of each kind, in how many of the vendors' answers.
async function setFaults(faults) {
  const answer = await fetch(`${fleet.vendors}/admin/faults`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(faults),
  });
  assert.equal(answer.status, 200, await answer.text());
}

// A fleet that says nothing new and has sent everything it holds.
async function drain() {
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(120,
    async () => `${(await missing()).length} requests of the ledger are not counted yet`,
    async () => (await missing()).length === 0);
}

async function missing() {
  const counted = new Set((await records()).map((record) => record.request));
  return fleet.ledger().filter((row) => !counted.has(row.request_id));
}

test('I1: each request in the vendors\' ledger has exactly one record after every part was killed', async () => {
  await setFaults({429: 0.03, 500: 0.03, cut: 0.05, no_usage: 0.05});

  const stopAsking = keepAsking();
  const pause = (TALK_SECONDS * 1000) / (VICTIMS.length + 1);
  for (const victim of VICTIMS) {
    await sleep(pause);
    fleet.kill(victim);
    await sleep(500);
    await fleet.up('--robots', String(ROBOTS), '--talk-rate', '12');
  }
  await sleep(pause);
  await stopAsking();
  await drain();

  const counts = new Map();
  for (const record of await records()) counts.set(record.request, (counts.get(record.request) ?? 0) + 1);
  assert.deepEqual([...counts].filter(([, count]) => count !== 1), [], 'no request has two records');
  assert.ok(fleet.ledger().length > ROBOTS, 'the robots did talk');
  assert.ok((await records()).filter(({device}) => device === 'myna-1').length > 3, 'the full robot did, too');
});

test('I1: vendor_final records equal the ledger to the token, worst_case is never below it', async () => {
  const ledger = new Map(fleet.ledger().map((row) => [row.request_id, row]));
  const seen = {};
  for (const record of await records()) {
    const row = ledger.get(record.request);
    seen[record.provenance] = (seen[record.provenance] ?? 0) + 1;
    if (record.provenance === 'vendor_final') assert.ok(row, `${record.request}: no vendor knows of it`);
    if (!row) continue;
    const truth = billed(row);
    const {input, output} = record.tokens;
    if (record.provenance === 'vendor_final') assert.deepEqual(record.tokens, truth, record.request);
    if (record.provenance === 'worst_case') {
      assert.ok(input >= truth.input, `${record.request}: input ${input} < ${truth.input}`);
      assert.ok(output >= truth.output, `${record.request}: output ${output} < ${truth.output}`);
    }
    assert.notEqual(record.provenance, 'not_sent', `${record.request} was sent`);
  }
  console.log(`  ${ledger.size} requests; records by provenance:`, seen);
  assert.ok(seen.vendor_final > 0);
  assert.ok(seen.worst_case > 0 && seen.estimated + (seen.vendor_cumulative ?? 0) > 0,
    'answers were cut and robots died in the middle of some');
});

test('I1: the vendors\' usage file settles the rest exactly', async () => {
  const ledger = fleet.ledger();
  for (const vendor of ['dahan', 'erxian']) {
    const path = join(fleet.home, `${vendor}.jsonl`);
    writeFileSync(path, ledger.filter((row) => row.model.startsWith(vendor)).map((row) => JSON.stringify(row)).join('\n') + '\n');
    const report = await fleet.ctl('import', 'usage', vendor, path);
    assert.equal(report.different, 0);
    assert.equal(report.unknown, 0);
  }
  const truth = new Map(ledger.map((row) => [row.request_id, billed(row)]));
  for (const record of await records())
    if (truth.has(record.request))
      assert.deepEqual(record.tokens, truth.get(record.request), record.request);
});

test('I5: the day\'s sums equal the sum of what counts, exactly', async () => {
  const differences = await fleet.sql(`
    SELECT * FROM (
      SELECT contract_id, sum(coalesce(s.price, u.price)) AS price,
             sum(coalesce(s.input_uncached, u.input_uncached)) AS input, sum(coalesce(s.output, u.output)) AS output,
             count(*) AS attempts
      FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq) GROUP BY 1) a
    FULL JOIN (
      SELECT contract_id, sum(price) AS price, sum(input_uncached) AS input, sum(output) AS output,
             sum(attempts) AS attempts
      FROM myna.usage_day GROUP BY 1) b USING (contract_id)
    WHERE (a.price, a.input, a.output, a.attempts) IS DISTINCT FROM (b.price, b.input, b.output, b.attempts)`);
  assert.deepEqual(differences, []);
});

test('I11: with server, broker and database stopped the full robot still answers', async () => {
  await setFaults({429: 0, 500: 0, cut: 0, no_usage: 0}); // an answer cut short would not be its fault
  for (const part of ['mynad', 'mosquitto', 'postgresql']) fleet.kill(part);
  const answer = await fleet.say('Are you still there?');
  assert.ok(answer.trim().length > 0);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '0');
  await until(90, () => 'its attempt is not counted', async () => (await missing()).length === 0);
});
