// Alerts on their way to people: what is sent, how it is signed, what happens when it does not arrive.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {createHmac} from 'node:crypto';
import {appendFileSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, test} from 'node:test';
import {promisify} from 'node:util';
import {Hook, Mailbox, readMail, until} from '../../support/receivers.mjs';
import {sleep, Stack} from '../../support/stack.mjs';
import {hold, holdWebhook} from './openapi.mjs';

const SECRET = 'a secret of the tests';
let stack;
let admin;
let tls;
const open = [];

before(async () => {
  stack = hold(await Stack.create({notify_attempts: 3, dashboard_url: 'https://myna.example/'}));
  // receivers have a certificate of the installation's own root
  const at = (name) => join(stack.home, 'server', name);
  tls = {key: readFileSync(at('device-https.key')), cert: readFileSync(at('device-https.pem'))};
  appendFileSync(stack.config, `notify_ca = ${at('root.pem')}\n`);
  await stack.stop();
  await stack.start();
  admin = await stack.login();
});

after(() => stack?.end());

afterEach(async () => {
  await stack.sql('DELETE FROM myna.channel; DELETE FROM myna.alert'); // channels first, as the courier locks them
  const receivers = open.splice(0);
  await Promise.all(receivers.map((receiver) => receiver.close()));
  for (const {headers, body} of receivers.flatMap(({requests = []}) => requests))
    if (headers['x-myna-signature']) holdWebhook(headers, body);
});

async function hook(answer, secure) {
  const made = await Hook.open(answer, secure);
  open.push(made);
  return made;
}

async function mailbox(options) {
  const made = await Mailbox.open(options);
  open.push(made);
  return made;
}

async function channel(order) {
  const {status, body} = await admin.post('/channels', {id: 'c1', ...order});
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

const webhook = (url, more = {}) => channel({kind: 'webhook', url, secret: SECRET, ...more});

const raise = (kind = 'forged_message', subject = 'device/r1', severity = 'critical', detail = '{}') => stack.sql(
  `INSERT INTO myna.alert (kind, severity, subject, detail) VALUES ('${kind}', '${severity}', '${subject}', '${detail}')`);
const current = async () => (await admin.get('/alerts?state=current')).body.items;
const delivery = async (query = '') => (await admin.get(`/deliveries${query}`)).body.items;
const hurry = () => stack.sql("UPDATE myna.channel SET free_at = now(); UPDATE myna.delivery SET next_due = now() WHERE status = 'waiting'");

test('a webhook is told of an alert, signed, with the page and the cure', async () => {
  const receiver = await hook();
  await webhook(`${receiver.url}/in?key=k`);
  await raise('forged_message', 'device/r1', 'critical', '{"boxes": 3}');
  const {method, url, headers, bytes, body} = await until(30, 'nothing came', () => receiver.requests[0]);
  assert.deepEqual([method, url], ['POST', '/in?key=k']);

  const expected = createHmac('sha256', SECRET).update(`${headers['x-myna-timestamp']}.`).update(bytes).digest('hex');
  assert.equal(headers['x-myna-signature'], `sha256=${expected}`);
  assert.ok(Math.abs(Number(headers['x-myna-timestamp']) - Date.now() / 1000) < 30);
  const [notice] = body.notices;
  assert.deepEqual([notice.event, notice.kind, notice.severity, notice.subject, notice.detail, notice.count, notice.link],
    ['raised', 'forged_message', 'critical', 'device/r1', {boxes: 3}, 1, 'https://myna.example/robots/r1']);
  assert.match(notice.cure, /revoke/);
  assert.equal(notice.words, '3 messages for the robot did not come from this server.');
  await until(30, 'not noted', async () => (await delivery('?status=sent')).length === 1);
});

test('the examples of schema/WEBHOOK.md tell our requests from all others', async () => {
  const text = readFileSync(new URL('../../../schema/WEBHOOK.md', import.meta.url), 'utf8');
  const [, script] = /```js\n([^]*?)```/.exec(text);
  const [, command] = /```sh\n([^]*?)```/.exec(text);
  const {isFromMyna} = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  const receiver = await hook();
  await webhook(receiver.url);
  await raise('forged_message', 'device/r9');
  const {headers, bytes} = await until(30, 'nothing came', () => receiver.requests[0]);

  assert.equal(isFromMyna(SECRET, headers, bytes), true);
  assert.equal(isFromMyna('another', headers, bytes), false);
  assert.equal(isFromMyna(SECRET, headers, Buffer.concat([bytes, Buffer.from(' ')])), false);
  assert.equal(isFromMyna(SECRET, {...headers, 'x-myna-timestamp': String(Number(headers['x-myna-timestamp']) + 1)}, bytes), false);
  assert.equal(isFromMyna(SECRET, headers, bytes, Date.now() / 1000 + 400), false, 'kept and sent again');
  assert.equal(isFromMyna(SECRET, {}, bytes), false);

  const body = join(stack.home, 'body');
  writeFileSync(body, bytes);
  const {stdout} = await promisify(execFile)('sh', ['-c', command],
    {env: {...process.env, SECRET, BODY: body, TIMESTAMP: headers['x-myna-timestamp']}});
  assert.equal(`sha256=${stdout.trim()}`, headers['x-myna-signature']);
});

test('the end is told as well, and a severity below the channel\'s is not', async () => {
  const receiver = await hook();
  await webhook(receiver.url, {min_severity: 'warning'});
  await raise('usage_differs', 'vendor/v', 'info');
  await raise();
  await until(30, 'nothing came', () => receiver.notices().length === 1);
  const [{id}] = await current().then((items) => items.filter(({severity}) => severity === 'critical'));
  await admin.post(`/alerts/${id}/clear`);
  await until(30, 'the end did not come', () => receiver.notices().length === 2);
  assert.deepEqual(receiver.notices().map(({event, alert}) => [event, alert]), [['raised', id], ['cleared', id]]);
});

test('what ends while it is told is told again, as it stands by then', async () => {
  let release;
  const released = new Promise((done) => { release = done; });
  const receiver = await hook(() => (receiver.requests.length === 1 ? released : undefined));
  await webhook(receiver.url);
  await raise();
  await until(30, 'nothing came', () => receiver.requests[0]);
  const [{id}] = await current();
  await admin.post(`/alerts/${id}/clear`);
  release();
  await until(30, 'the end did not come', () => receiver.notices().length === 2);
  assert.deepEqual(receiver.notices().map(({event, alert}) => [event, alert]), [['raised', id], ['cleared', id]]);
});

test('alerts that come together travel together', async () => {
  const receiver = await hook(() => sleep(300));
  await webhook(receiver.url);
  await raise('forged_message', 'device/first');
  await until(30, 'nothing came', () => receiver.requests.length === 1);
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject)
    SELECT 'forged_message', 'critical', 'device/r' || n FROM generate_series(1, 25) n`);
  await until(30, () => `${receiver.notices().length} of 26`, () => receiver.notices().length === 26);
  assert.equal(receiver.requests.length, 4);
  assert.equal(new Set(receiver.notices().map(({subject}) => subject)).size, 26);
});

test('DingTalk: markdown, its own signature, and a refusal inside a 200', async () => {
  let refuse = true;
  const receiver = await hook(() => ({body: refuse ? {errcode: 310000, errmsg: 'sign not match'} : {errcode: 0, errmsg: 'ok'}}));
  await channel({kind: 'dingtalk', url: `${receiver.url}/robot/send?access_token=t`, secret: 'SEC0123'});
  await raise('forged_message', 'device/r1', 'critical', '{"problem": "<@all> [x](http://evil)"}');
  const {url, body} = await until(30, 'nothing came', () => receiver.requests[0]);
  const query = new URL(url, receiver.url).searchParams;
  const timestamp = query.get('timestamp');
  assert.equal(query.get('access_token'), 't');
  assert.equal(query.get('sign'), createHmac('sha256', 'SEC0123').update(`${timestamp}\nSEC0123`).digest('base64'));
  assert.ok(Math.abs(Number(timestamp) - Date.now()) < 30000);
  assert.equal(body.msgtype, 'markdown');
  assert.match(body.markdown.title, /Forged message/);
  assert.match(body.markdown.text, /\*\*critical: Forged message, device\/r1\*\*/);
  assert.match(body.markdown.text, /\[Open the dashboard\]\(https:\/\/myna\.example\/robots\/r1\)/);
  assert.doesNotMatch(body.markdown.text, /<@all>|\[x\]/);

  await until(30, 'no problem noted', async () => /310000 sign not match/.test((await delivery())[0].problem));
  refuse = false;
  await hurry();
  await until(30, 'not sent', async () => (await delivery())[0].status === 'sent');
  assert.equal((await admin.get('/channels/c1')).body.last_problem, '');
});

test('how an old channel\'s message ended says nothing of a new channel with its name', async () => {
  for (const status of [503, 200]) {
    let release;
    const released = new Promise((done) => { release = done; });
    const old = await hook(() => released);
    const fresh = await hook();
    const other = await hook();
    await webhook(old.url);
    await raise('forged_message', `device/old-${status}`);
    await until(30, 'nothing came', () => old.requests[0]);
    assert.equal((await admin.remove('/channels/c1')).status, 204);
    await webhook(fresh.url);
    await webhook(other.url, {id: 'c2', min_severity: 'info'});
    release({status});
    await raise('usage_differs', `vendor/v${status}`, 'info'); // is noted after what was answered before
    await until(30, 'not noted', async () => (await delivery('?channel=c2&status=sent')).length === 1);

    const {last_problem, last_sent_at} = (await admin.get('/channels/c1')).body;
    assert.deepEqual([status, last_problem, last_sent_at], [status, '', null]);
    assert.deepEqual(await stack.sql("SELECT free_at <= now() FROM myna.channel WHERE channel_id = 'c1'"), [['t']]);
    await raise('forged_message', `device/new-${status}`);
    await until(30, 'the new one is held up', () => fresh.notices().length === 1);
    await stack.sql('DELETE FROM myna.channel');
  }
});

test('Feishu: a card, signed in its body', async () => {
  const receiver = await hook(() => ({body: {code: 0, msg: 'success'}}));
  await channel({kind: 'feishu', url: `${receiver.url}/open-apis/bot/v2/hook/x`, secret: 'fs-secret'});
  await raise();
  const {body} = await until(30, 'nothing came', () => receiver.requests[0]);
  assert.equal(body.sign, createHmac('sha256', `${body.timestamp}\nfs-secret`).update('').digest('base64'));
  assert.equal(body.msg_type, 'interactive');
  assert.equal(body.card.header.template, 'red');
  assert.match(body.card.elements[0].text.content, /Forged message/);
  await until(30, 'not sent', async () => (await delivery())[0].status === 'sent');
});

test('WeCom: markdown of at most 4,096 bytes, however much there is to tell', async () => {
  const receiver = await hook(() => ({body: {errcode: 0, errmsg: 'ok'}}));
  await stack.sql(`INSERT INTO myna.channel (channel_id, kind, url_wrapped, origin, enabled) VALUES ('hold', 'slack', '', 'http://x', false)`);
  const {version} = await channel({kind: 'wecom', url: `${receiver.url}/cgi-bin/webhook/send?key=k`, enabled: true});
  await stack.sql(`INSERT INTO myna.alert (kind, severity, subject, detail)
    SELECT 'journal_forked', 'critical', 'device/r' || n, jsonb_build_object('problem', repeat('很长', 100)) FROM generate_series(1, 10) n`);
  await until(30, 'nothing came', () => receiver.requests.length >= 1);
  const {body} = receiver.requests[0];
  assert.equal(body.msgtype, 'markdown');
  assert.ok(Buffer.byteLength(body.markdown.content) <= 4096, String(Buffer.byteLength(body.markdown.content)));
  assert.equal(body.markdown.content.match(/Copied or restored journal/g).length, 10);
  assert.equal(version, 1);
});

test('Slack: blocks with a fallback, its control characters escaped', async () => {
  const receiver = await hook(() => ({body: 'ok'}));
  await channel({kind: 'slack', url: `${receiver.url}/services/T/B/x`});
  await raise('forged_message', 'device/r1', 'critical', '{"problem": "<!channel> & more"}');
  const {body} = await until(30, 'nothing came', () => receiver.requests[0]);
  assert.equal(body.text, 'critical: Forged message, device/r1');
  assert.match(body.blocks[0].text.text, /&lt;!channel&gt; &amp; more/);
  assert.match(body.blocks[0].text.text, /<https:\/\/myna\.example\/robots\/r1\|Open the dashboard>/);
});

test('a mail goes out by STARTTLS, after a login, and reads well', async () => {
  const box = await mailbox({...tls, login: {name: 'myna', password: 'mail password'}});
  await channel({kind: 'email', url: `smtp://localhost:${box.port}`, login: 'myna', secret: 'mail password',
    from: 'myna@example.com', to: ['ops@example.com', 'night@example.com'], min_severity: 'info'});
  await raise('forged_message', 'device/r1', 'critical', '{"problem": "声音 \\n.\\nQUIT"}');
  const mail = await until(30, 'no mail came', () => box.mails[0]);
  assert.deepEqual([mail.secure, mail.login, mail.from, mail.to], [true, true, '<myna@example.com>', ['<ops@example.com>', '<night@example.com>']]);
  const {headers, subject, text, lines} = readMail(mail.text);
  assert.equal(subject, '[Myna] critical: Forged message, device/r1');
  assert.match(text, /声音/);
  assert.match(text, /https:\/\/myna\.example\/robots\/r1/);
  assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 30000, headers.date);
  assert.equal(headers['auto-submitted'], 'auto-generated');
  assert.ok(lines.every((line) => line.length <= 78), 'a line is too long');
});

test('a mail by TLS from the start', async () => {
  const box = await mailbox({...tls, implicit: true});
  await channel({kind: 'email', url: `smtps://127.0.0.1:${box.port}`, from: 'myna@example.com', to: ['ops@example.com']});
  await raise();
  assert.equal((await until(30, 'no mail came', () => box.mails[0])).secure, true);
});

test('a mail server without TLS gets nothing, unless it is on this machine', async () => {
  const near = await mailbox();
  const far = await mailbox({host: '127.0.0.2'}); // not one of the names that mean this machine
  for (const [id, host, {port}] of [['near', '127.0.0.1', near], ['far', '127.0.0.2', far]])
    await channel({id, kind: 'email', url: `smtp://${host}:${port}`, from: 'myna@example.com', to: ['ops@example.com']});
  await raise();
  await until(30, 'no mail came', () => near.mails[0]);
  assert.match(await until(30, 'no problem noted', async () => (await delivery('?channel=far'))[0].problem), /TLS|SSL/);
  assert.equal(far.mails.length, 0);
});

test('a mail server that knows no such recipient is a failure that says so', async () => {
  const box = await mailbox({refuse: /nobody/});
  await channel({kind: 'email', url: `smtp://127.0.0.1:${box.port}`, from: 'myna@example.com', to: ['nobody@example.com']});
  await raise();
  assert.match(await until(30, 'no problem noted', async () => (await delivery())[0].problem), /550/);
});

test('what fails is tried again, later and later, and then arrives', async () => {
  const receiver = await hook(async () => {
    if (receiver.requests.length > 1) return undefined;
    await stack.sql('UPDATE myna.channel SET enabled = false'); // the second attempt waits until it is looked for
    return {status: 503};
  });
  await webhook(receiver.url);
  await raise();
  const [first] = await until(30, 'no problem noted', async () => {
    const items = await delivery();
    return items[0].problem && items;
  });
  assert.deepEqual([first.status, first.attempts, first.problem], ['waiting', 1, 'it answered 503']);
  assert.ok(Date.parse(first.next_due) <= Date.now() + 5000, 'the first pause is at most 5 s');
  await stack.sql('UPDATE myna.channel SET enabled = true');
  await until(30, 'not tried again', () => receiver.requests.length === 2);
  await until(30, 'not sent', async () => (await delivery())[0].status === 'sent');
});

test('a receiver that asks for a pause gets it from every alert, but not from a test', async () => {
  const receiver = await hook(() => ({status: 429, headers: {'Retry-After': '120'}}));
  await webhook(receiver.url);
  await raise();
  const problem = await until(30, 'no problem noted', async () => {
    const [item] = await delivery();
    return item.problem && item;
  });
  assert.ok(Date.parse(problem.next_due) > Date.now() + 100000, problem.next_due);

  const other = await hook();
  await webhook(other.url, {id: 'c2'});
  await raise('forged_message', 'device/r2');
  await until(30, 'not sent', async () => (await delivery('?channel=c2&status=sent')).length === 1);
  assert.equal(receiver.requests.length, 1);
  await admin.post('/channels/c1/test');
  await until(30, 'no test came', () => receiver.requests.length === 2);
});

test('after its last attempt a delivery is dead, which is an alert told to the others; it can be retried', async () => {
  let down = true;
  const bad = await hook(() => (down ? {status: 500 + bad.requests.length} : undefined));
  const good = await hook();
  await webhook(bad.url);
  await webhook(good.url, {id: 'c2'});
  await raise();
  for (let attempt = 1; attempt <= 3; attempt++) {
    // hurried while an attempt is under way, it would be made again beside it
    await until(30, `attempt ${attempt} was not noted`, async () => (await delivery('?channel=c1'))[0].problem === `it answered ${500 + attempt}`);
    await hurry();
  }
  const [dead] = await until(30, 'not dead', async () => {
    const items = await delivery('?status=dead');
    return items.length > 0 && items;
  });
  assert.deepEqual([dead.channel, dead.attempts, dead.problem], ['c1', 3, 'it answered 503']);
  const told = await until(30, 'the others were not told', () => good.notices().find(({kind}) => kind === 'delivery_failed'));
  assert.deepEqual([told.subject, told.severity, told.detail], ['channel/c1', 'critical', {problem: 'it answered 503', dead: 1}]);
  assert.ok(!bad.notices().some(({kind}) => kind === 'delivery_failed'));
  assert.equal((await admin.get('/channels/c1')).body.dead, 1);

  down = false;
  assert.equal((await admin.post(`/deliveries/${dead.id}/retry`)).body.status, 'waiting');
  await hurry();
  await until(30, 'not sent', async () => (await admin.get(`/deliveries/${dead.id}`)).body.status === 'sent');
  assert.equal((await admin.post(`/deliveries/${dead.id}/retry`)).status, 409);
  assert.deepEqual((await current()).map(({kind}) => kind), ['forged_message'], 'the channel works: its alert is over');
});

test('a redirect is not followed', async () => {
  const other = await hook();
  const receiver = await hook(() => ({status: 302, headers: {Location: other.url}}));
  await webhook(receiver.url);
  await raise();
  await until(30, 'no problem noted', async () => /redirect/.test((await delivery())[0]?.problem));
  assert.equal(other.requests.length, 0);
});

test('an answer that does not end is cut off', async () => {
  const receiver = await hook(() => ({body: 'x'.repeat(10 << 20)}));
  await webhook(receiver.url);
  await raise();
  await until(30, 'no problem noted', async () => /did not end/.test((await delivery())[0]?.problem));
});

test('no channel reaches what a cloud tells its machines, however the address is written', async () => {
  for (const host of ['169.254.169.254', '2852039166', '0xa9fea9fe', '[::ffff:169.254.169.254]', '[fe80::1]']) {
    await webhook(`http://${host}/latest/meta-data/`);
    const {body} = await admin.post('/channels/c1/test');
    const problem = await until(30, 'no problem', async () => (await delivery('?channel=c1')).find(({id}) => id === body.id)?.problem);
    assert.match(problem, /the machine's own link/, host);
    await admin.remove('/channels/c1');
  }
});

test('a certificate that nobody vouches for is refused, one of notify_ca is not', async () => {
  const receiver = await hook(undefined, tls);
  await webhook(receiver.url);
  await raise();
  await until(30, 'nothing came by TLS', () => receiver.notices().length === 1);

  const stranger = await Stack.create({}, {isFresh: true}); // another installation, another root
  try {
    const at = (name) => readFileSync(join(stranger.home, 'server', name));
    const other = await hook(undefined, {key: at('device-https.key'), cert: at('device-https.pem')});
    await webhook(other.url, {id: 'c2'});
    await admin.post('/channels/c2/test');
    await until(30, 'no problem noted', async () => /certificate/i.test((await delivery('?channel=c2'))[0].problem));
    assert.equal(other.requests.length, 0);
  } finally {
    await stranger.end();
  }
});

test('a channel that hangs holds up no other', async () => {
  let release;
  const released = new Promise((done) => { release = done; });
  const slow = await hook(() => released);
  const quick = await hook();
  await webhook(slow.url);
  await raise('forged_message', 'device/r1');
  await until(30, 'nothing came', () => slow.requests.length === 1);
  await webhook(quick.url, {id: 'c2'});
  await raise('forged_message', 'device/r2');
  await until(30, 'the other waits', () => quick.notices().length === 1);
  assert.deepEqual((await delivery('?channel=c1')).map(({problem}) => problem), ['', ''], 'the first still hangs');
  release();
});

test('kill -9 between sending and noting it: it is sent again, not lost', async () => {
  const receiver = await hook(async () => {
    if (receiver.requests.length === 1) {
      await stack.stop('SIGKILL');
      await sleep(200);
    }
  });
  await webhook(receiver.url);
  await raise();
  await until(30, 'nothing came', () => receiver.requests.length === 1);
  await until(30, 'still there', () => stack.server.signalCode === 'SIGKILL');
  const [[status, attempts]] = await stack.sql('SELECT status, attempts FROM myna.delivery');
  assert.deepEqual([status, attempts], ['waiting', '1']);
  await stack.start();
  await sleep(1500);
  assert.equal(receiver.requests.length, 1, 'the lease still holds');
  await hurry(); // as if the lease had ended
  await until(30, 'not sent again', () => receiver.requests.length === 2);
  assert.equal(receiver.notices()[0].delivery, receiver.notices()[1].delivery);
});

test('two servers share the work: everything arrives, nothing twice', async () => {
  const receiver = await hook(() => sleep(20));
  const config = join(stack.home, 'second.conf');
  let log = '';
  const second = await new Promise((done, fail) => {
    const text = readFileSync(stack.config, 'utf8').replace(/^listen = .*$/m, 'listen = 127.0.0.1:0')
      .replace(/^device_listen = .*$/m, 'device_listen = 127.0.0.1:0');
    writeFileSync(config, `${text}instance = 2\n`);
    const child = spawn(process.env.MYNAD, ['--config', config], {stdio: ['ignore', 'ignore', 'pipe']});
    child.once('exit', () => fail(new Error(`the second server ended: ${log}`)));
    child.stderr.on('data', (part) => {
      log += part;
      if (/listening on/.test(log)) done(child);
    });
  });
  try {
    await webhook(`${receiver.url}/a`, {id: 'a'});
    await stack.sql('ANALYZE myna.channel'); // one channel: the plan of a claim that takes all of them, were it not made once
    for (const id of ['b', 'c', 'd']) await webhook(`${receiver.url}/${id}`, {id});
    await stack.sql(`INSERT INTO myna.alert (kind, severity, subject)
      SELECT 'forged_message', 'critical', 'device/r' || n FROM generate_series(1, 50) n`);
    const sent = () => stack.sql('SELECT channel_id, status, count(*), min(next_due), max(problem) FROM myna.delivery GROUP BY 1, 2');
    await until(30, async () => `${receiver.notices().length} of 200: ${JSON.stringify(await sent())}\n${stack.log().slice(-1500)}\nthe second: ${second.exitCode}\n${log.slice(-3000)}`,
      () => receiver.notices().length >= 200);
    await sleep(1500);
    const seen = receiver.notices().map((notice) => notice.delivery);
    assert.deepEqual([seen.length, new Set(seen).size], [200, 200]);
  } finally {
    second.kill();
    await new Promise((done) => second.once('exit', done));
  }
});

test('a test says whether a channel works, also when an alert could not', async () => {
  const receiver = await hook();
  await webhook(receiver.url, {min_severity: 'critical'});
  const {status, body} = await admin.post('/channels/c1/test');
  assert.deepEqual([status, body.event, body.status], [201, 'test', 'waiting']);
  const [notice] = await until(30, 'nothing came', () => receiver.requests[0]?.body.notices);
  assert.deepEqual(notice, {delivery: body.id, event: 'test', link: 'https://myna.example/alerts'});
  await admin.patch('/channels/c1', {enabled: false});
  assert.equal((await admin.post('/channels/c1/test')).status, 409);
  assert.equal((await admin.post('/channels/none/test')).status, 404);
});

test('a channel\'s address and secret go in and never come out', async () => {
  const made = await webhook('https://hooks.example/very-secret-path?key=very-secret-key', {secret: 'very-secret-signature'});
  assert.deepEqual([made.origin, made.has_secret], ['https://hooks.example', true]);
  await admin.patch('/channels/c1', {url: 'https://hooks.example/very-secret-second'});
  const answers = await Promise.all(['/channels', '/channels/c1', '/audit', '/deliveries'].map((path) => admin.get(path)));
  const dump = (await stack.sql(`SELECT to_jsonb(t)::text FROM (SELECT c.*, a.* FROM myna.channel c FULL JOIN myna.audit a ON false) t`)).flat().join('\n');
  for (const text of [...answers.map(({bytes}) => bytes.toString()), dump, stack.log()]) {
    assert.ok(!text.includes('very-secret'), 'shown');
    assert.ok(!text.includes(Buffer.from('very-secret').toString('hex')), 'shown as hex');
  }
  const {items} = (await admin.get('/audit?subject=channel/c1')).body;
  assert.deepEqual([items[0].after.url_changed, items[0].after.secret_changed], [true, false]);
});

test('what cannot be a channel is refused, member by member', async () => {
  const refused = async (order, pointer) => {
    const {status, body} = await admin.post('/channels', {id: 'x', kind: 'webhook', url: 'https://a.example', secret: SECRET, ...order});
    assert.ok(pointer ? body.errors?.[0].pointer === pointer : status === 422, JSON.stringify(body));
  };
  await refused({url: 'ftp://a.example'}, '/url');
  await refused({url: 'https://user:pw@a.example/'}, '/url');
  await refused({url: 'https://a.example/\nx'}, '/url');
  await refused({secret: 'short'}, '/secret');
  await refused({kind: 'pigeon'}, '/kind');
  await refused({to: ['a@b.example\r\nBcc: x@y.example']}, '/to');
  await refused({to: 'a@b.example'}, '/to');
  await refused({from: 'nobody'}, '/from');
  await refused({kind: 'email'}, null);
  await refused({kind: 'email', url: 'smtp://m.example', from: 'a@b.example', to: []}, null);
  await refused({to: ['a@b.example']}, null);
  assert.deepEqual((await admin.get('/channels')).body.items, []);
});

test('a deleted channel is owed nothing, and nothing is wrong with it any more', async () => {
  await webhook('http://127.0.0.1:1');
  await raise();
  await raise('delivery_failed', 'channel/c1');
  assert.equal((await admin.remove('/channels/c1', {'If-Match': '"9"'})).status, 412);
  assert.equal((await admin.remove('/channels/c1')).status, 204);
  assert.deepEqual(await delivery(), []);
  assert.deepEqual((await current()).map(({kind}) => kind), ['forged_message']);
});

test('without a broker mynad is not well, and says nothing to its watcher', async () => {
  const watcher = await hook();
  const before_ = readFileSync(stack.config, 'utf8');
  appendFileSync(stack.config, `deadman_url = ${watcher.url}/ping\ndeadman_interval_s = 1\n`);
  await stack.stop();
  await stack.start();
  await until(30, 'nothing said', () => /not well, so no ping: database=1 broker=0/.test(stack.log()));
  assert.equal(watcher.requests.length, 0);
  writeFileSync(stack.config, before_);
  await stack.stop();
  await stack.start();
});

test('I9: a secret that is kept is not used at another server, whoever may change the channel', async () => {
  const mail = (await admin.post('/channels', {id: 'moved', kind: 'email', url: 'smtps://mail.example:465', login: 'myna', secret: 'mail-secret-planted',
    from: 'myna@example.com', to: ['ops@example.com']})).body;
  assert.equal(mail.has_secret, true);
  await admin.post('/roles', {id: 'notifier', may: {channels: 'admin'}});
  await admin.post('/operators', {id: 'noti', role: 'notifier', password: 'password of noti'});
  const noti = await stack.login('noti', 'password of noti');
  for (const url of ['smtps://thief.example:465', 'smtps://mail.example:2465', 'smtp://mail.example:465', 'smtps://mail.example']) {
    const refused = await noti.patch('/channels/moved', {url});
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/secret'], url);
  }
  assert.equal((await admin.get('/channels/moved')).body.origin, 'smtps://mail.example:465');
  assert.equal((await noti.patch('/channels/moved', {url: 'smtps://MAIL.example:465'})).status, 200, 'the same server');
  assert.equal((await noti.patch('/channels/moved', {url: 'smtps://other.example:465', secret: 'a secret of their own'})).status, 200);
  await admin.remove('/channels/moved');
});
