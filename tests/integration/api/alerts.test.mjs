// What operators do with alerts.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {after, before, beforeEach, test} from 'node:test';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

let stack;
let admin;

before(async () => {
  stack = hold(await Stack.create());
  admin = await stack.login();
});

after(() => stack?.end());

beforeEach(() => stack.sql('DELETE FROM myna.alert'));

async function raise(kind = 'forged_message', subject = 'device/r1') {
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject) VALUES ('${kind}', 'warning', '${subject}')`);
  const {items} = (await admin.get('/alerts')).body;
  return items[0];
}

const kinds = async (state) => (await admin.get(`/alerts?state=${state}`)).body.items.map(({kind}) => kind);

test('an alert is acknowledged once, and no longer counts as open', async () => {
  const {id} = await raise();
  assert.equal((await admin.get('/fleet')).body.open_alerts, 1);
  const first = (await admin.post(`/alerts/${id}/acknowledge`)).body;
  assert.deepEqual([first.state, first.acknowledged_by], ['acknowledged', 'operator:root']);
  assert.deepEqual((await admin.post(`/alerts/${id}/acknowledge`)).body, first);
  assert.deepEqual((await admin.get('/alerts?open=true')).body.items, []);
  assert.deepEqual(await kinds('current'), ['forged_message']);
  assert.equal((await admin.get('/fleet')).body.open_alerts, 0);
  assert.equal((await admin.post('/alerts/99999/acknowledge')).status, 404);
});

test('a silence needs an end that lies ahead, and ends by itself', async () => {
  const {id} = await raise();
  for (const until of ['2020-01-01T00:00:00Z', '2100-01-01T00:00:00Z', 'tomorrow'])
    assert.equal((await admin.post(`/alerts/${id}/silence`, {until})).body.errors[0].pointer, '/until');
  const until = new Date(Date.now() + 1500).toISOString();
  assert.equal((await admin.post(`/alerts/${id}/silence`, {until})).body.state, 'silenced');
  assert.deepEqual(await kinds('open'), []);
  for (let i = 0; i < 60 && (await kinds('open')).length === 0; i++) await sleep(200);
  assert.deepEqual(await kinds('open'), ['forged_message']);
});

test('what is cleared is over, whoever still wants to acknowledge it', async () => {
  const {id} = await raise();
  const cleared = (await admin.post(`/alerts/${id}/clear`)).body;
  assert.deepEqual([cleared.state, cleared.cleared_by], ['cleared', 'operator:root']);
  assert.deepEqual((await admin.post(`/alerts/${id}/clear`)).body, cleared);
  assert.equal((await admin.post(`/alerts/${id}/acknowledge`)).status, 409);
  assert.equal((await admin.post(`/alerts/${id}/silence`, {until: new Date(Date.now() + 60000).toISOString()})).status, 409);
  assert.notEqual((await raise()).id, id);
});

test('an alert is one operator\'s at a time, which changes nothing else and stands in the audit', async () => {
  await admin.post('/operators', {id: 'anna', role: 'operator', password: 'long enough to be taken'});
  const {id} = await raise();
  await raise('config_failed');
  const assigned = (await admin.post(`/alerts/${id}/assign`, {operator: 'anna'})).body;
  assert.deepEqual([assigned.assigned_to, assigned.state], ['anna', 'open']);
  assert.deepEqual((await admin.post(`/alerts/${id}/assign`, {operator: 'anna'})).body, assigned);
  assert.deepEqual((await admin.get('/alerts?assigned_to=anna')).body.items.map((item) => item.id), [id]);
  const refused = await admin.post(`/alerts/${id}/assign`, {operator: 'nobody-here'});
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/operator']);
  assert.equal((await admin.post(`/alerts/${id}/assign`, {})).body.assigned_to, null);
  await admin.post(`/alerts/${id}/clear`);
  assert.equal((await admin.post(`/alerts/${id}/assign`, {operator: 'anna'})).status, 409);
  const {items} = (await admin.get(`/audit?subject=alert/${id}&action=alert.assign`)).body;
  assert.deepEqual(items.map(({after: {assigned_to: who}}) => who), [null, 'anna']);
});

test('each answer to an alert stands in the audit', async () => {
  const {id} = await raise();
  for (const verb of ['acknowledge', 'silence', 'clear'])
    await admin.post(`/alerts/${id}/${verb}`, verb === 'silence' ? {until: new Date(Date.now() + 60000).toISOString()} : {});
  const {items} = (await admin.get(`/audit?subject=alert/${id}`)).body;
  assert.deepEqual(items.map(({action, before: {state: was}, after: {state: is}}) => [action, was, is]), [
    ['alert.clear', 'silenced', 'cleared'], ['alert.silence', 'acknowledged', 'silenced'], ['alert.acknowledge', 'open', 'acknowledged']]);
});

test('each kind that the server raises says what it is, what to do, and where', async () => {
  const root = new URL('../../../server/', import.meta.url);
  const raised = new Set();
  for (const folder of ['bus', 'jobs', 'store', 'api']) {
    for (const name of readdirSync(new URL(folder, root)).filter((file) => file.endsWith('.c'))) {
      const text = readFileSync(new URL(`${folder}/${name}`, root), 'utf8')
        .replaceAll(/struct drains_order \w+ = \{[^}]*\}/g, ''); // a drain's kind is no alert's
      for (const [, kind] of text.matchAll(/(?:alarm\w*\([^;"{]*|\.kind = |struct alarm \w+ = \{)"([a-z_]+)"/g)) raised.add(kind);
    }
  }
  assert.ok(raised.size > 10, [...raised].join());
  const pages = [...readFileSync(new URL('web/app.js', root), 'utf8').matchAll(/path: "(\/[^"]*)"/g)]
    .map(([, path]) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`));
  for (const kind of raised) {
    const {title, link, cure} = await raise(kind, 'contract/c1');
    assert.notEqual(title, kind.replaceAll('_', ' '), `${kind} has no row in alert_kinds.c`);
    assert.ok(pages.some((page) => page.test(link.split('#')[0])), `${kind}: ${link} is no page`);
    assert.match(cure, /\.$/);
  }
});

test('one alert tells all of it: in words, with what its channels were told', async () => {
  await stack.sql(`INSERT INTO myna.channel (channel_id, kind, url_wrapped, origin, enabled) VALUES ('c1', 'slack', '', 'http://x', true)`);
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject, detail) VALUES ('key_leak', 'critical', 'vendor/v', '{"invoice": 7, "unknown": 12345}')`);
  const [item] = (await admin.get('/alerts')).body.items;
  assert.equal(item.words, 'Invoice 7 bills 12,345 quantities of usage that no robot recorded.');
  const {deliveries, ...alert} = (await admin.get(`/alerts/${item.id}`)).body;
  assert.deepEqual(alert, item);
  assert.deepEqual(deliveries.map(({channel, event, alert: id}) => [channel, event, id]), [['c1', 'raised', item.id]]);
  assert.equal((await admin.get('/alerts/99999')).status, 404);
  await stack.sql('DELETE FROM myna.channel');
});

test('a kind that nobody wrote down still has a name, a page and a cure', async () => {
  const {title, link, cure} = await raise('strange_thing', 'device/r1');
  assert.deepEqual([title, link], ['strange thing', '/robots/r1']);
  assert.ok(cure.length > 20);
});
