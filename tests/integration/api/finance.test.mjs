// What finance asks: profiles for what-if, vendors' usage, bills, statements, invoices.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

// One row of usage: a robot's, when, of which model, and what.
const usage = ({device, at, seq, model = 'm', provenance = 1, input = 0, output = 0, contract = 'none'}) =>
  stack.sql(`INSERT INTO myna.usage SELECT '${device}', '11111111-1111-4111-8111-111111111111', ${seq}, ${at}, ${at},
    gen_random_uuid(), 1, 'dahan', '${model}', '${model}', '${contract}', 1, '', ${provenance}, 1, 0, 900, 120, 300, false, 3,
    100, 200, ${input}, 0, 0, 0, ${output}, 0, 0, 0, 0, 0, 1, 0, 'CNY'`);

test('a profile is the mean of one robot\'s day, over the days on which it asked', async () => {
  assert.equal((await admin.get('/usage/profile')).body.device_days, 0);
  assert.deepEqual((await admin.get('/usage/profile')).body.profile.models, {});
  const day = (n) => `date_trunc('day', now()) - ${n} * interval '1 day'`;
  await usage({device: 'r1', at: day(1), seq: 1, input: 100, output: 10});
  await usage({device: 'r1', at: day(1), seq: 2, input: 50, output: 5, model: 'n'});
  await usage({device: 'r1', at: day(2), seq: 3, input: 100});
  await usage({device: 'r2', at: day(2), seq: 4, output: 1});
  await usage({device: 'r3', at: day(2), seq: 5, provenance: 5, output: 1000}); // never sent
  await usage({device: 'r4', at: day(40), seq: 6, output: 1000});

  const {body} = await admin.get('/usage/profile?days=30');
  assert.deepEqual([body.days, body.devices, body.device_days], [30, 2, 3]);
  assert.deepEqual(body.profile, {per: 'day', models: {
    m: {input_uncached: '66.666667', output: '3.666667', requests: '1'},
    n: {input_uncached: '16.666667', output: '1.666667', requests: '0.333333'},
  }});
  assert.equal((await admin.get('/usage/profile?days=2')).body.device_days, 1);
  for (const days of ['0', '367', 'x']) assert.equal((await admin.get(`/usage/profile?days=${days}`)).body.errors[0].pointer, '?days');
});
