// Logging in at an identity provider, a real one of npm's.
import assert from 'node:assert/strict';
import {generateKeyPairSync, createHash, randomUUID} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {after, before, test} from 'node:test';
import {until} from '../../support/receivers.mjs';
import {Stack} from '../../support/stack.mjs';
import {hold} from './openapi.mjs';

const packages = createRequire(new URL('../../web/package.json', import.meta.url));
const {default: Provider} = await import(pathToFileURL(packages.resolve('oidc-provider')));

const folder = mkdtempSync(join(tmpdir(), 'myna-oidc-'));
const people = {
  anna: {preferred_username: 'Anna', groups: ['staff', 'lunch']},
  carl: {preferred_username: 'carl', groups: ['lunch']},
  root: {preferred_username: 'root', groups: ['admins']},
};
let stack;
let admin;
let issuer;
let http;
let key = signingKey();

function signingKey(kind = 'RS256') {
  const pair = kind === 'RS256' ? generateKeyPairSync('rsa', {modulusLength: 2048}) : generateKeyPairSync('ec', {namedCurve: 'P-256'});
  return {...pair.privateKey.export({format: 'jwk'}), use: 'sig', alg: kind, kid: randomUUID()};
}

// tamper(id_token): what the provider would answer instead.
let tamper = (token) => token;

// What the provider says of how people prove themselves: {acr, amr}.
let shown = {};

function provider() {
  const made = new Provider(issuer, {
    clients: [{client_id: 'myna', client_secret: 'a secret of the tests', redirect_uris: [`http://127.0.0.1:${stack.port}/api/v1/login/provider/callback`],
      post_logout_redirect_uris: [`http://127.0.0.1:${stack.port}/`],
      id_token_signed_response_alg: key.alg}],
    jwks: {keys: [key]},
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: {openid: ['sub', 'amr'], acr: null, profile: ['preferred_username'], groups: ['groups']},
    conformIdTokenClaims: false,
    pkce: {required: () => true},
    cookies: {keys: ['a key of the tests']},
    acrValues: ['urn:one', 'urn:two'],
    findAccount: (ctx, id) => ({accountId: id, claims: () => ({sub: id, ...people[id]})}),
  });
  made.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && ctx.body?.id_token) ctx.body.id_token = tamper(ctx.body.id_token);
  });
  const finish = made.interactionFinished.bind(made);
  made.interactionFinished = (request, response, result, options) => finish(request, response, result.login ? {...result, login: {...result.login, ...shown}} : result, options);
  return made.callback();
}

let handler;

before(async () => {
  http = createServer((request, response) => handler(request, response));
  await new Promise((done) => http.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${http.address().port}`;
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'a secret of the tests\n', {mode: 0o600});
  stack = hold(await Stack.create({oidc_issuer: issuer, oidc_client_id: 'myna', oidc_secret_file: secret, oidc_roles: 'admins=admin,staff=operator',
    dashboard_url: 'http://127.0.0.1:1'}));
  // the address is known only now
  writeFileSync(stack.config, readFileSync(stack.config, 'utf8').replace('http://127.0.0.1:1\n', `http://127.0.0.1:${stack.port}\n`));
  await stack.stop();
  await stack.start();
  handler = provider();
  admin = await stack.login();
});

after(async () => {
  await stack?.end();
  http?.closeAllConnections();
  http?.close();
  rmSync(folder, {recursive: true, force: true});
});

// A browser that keeps cookies by origin and follows redirects by hand.
class Browser {
  jars = new Map();

  async ask(address, {method = 'GET', form} = {}) {
    const {origin} = new URL(address);
    const jar = this.jars.get(origin) ?? new Map();
    this.jars.set(origin, jar);
    const response = await fetch(address, {method, redirect: 'manual', body: form && new URLSearchParams(form),
      headers: {Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ')}});
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const to = response.headers.get('location');
    return {status: response.status, to: to && new URL(to, address).href, text: await response.text()};
  }

  // Up to the address at our server that the provider sends back to.
  async prove(name) {
    let at = await this.ask(`http://127.0.0.1:${stack.port}/api/v1/login/provider`);
    assert.equal(at.status, 303);
    assert.ok(at.to.startsWith(issuer), at.to);
    this.sent = new URL(at.to);
    for (let i = 0; i < 12; i++) {
      if (at.to?.includes('/callback')) return at.to;
      if (at.to) at = {...await this.ask(at.to), from: at.to};
      else {
        const action = /action="([^"]+)"/.exec(at.text)[1];
        const prompt = /name="prompt" value="(\w+)"/.exec(at.text)[1];
        at = await this.ask(new URL(action, at.from).href, {method: 'POST', form: {prompt, login: name, password: 'any'}});
      }
    }
    throw new Error('the provider does not send back');
  }

  async logIn(name) {
    return this.ask(await this.prove(name));
  }

  me() {
    return stack.send('GET', '/api/v1/me', {headers: {Cookie: `myna_session=${this.jars.get(`http://127.0.0.1:${stack.port}`).get('myna_session')}`}});
  }
}

test('an operator logs in at the provider, with the role of the group, and is the same the next time', async () => {
  const browser = new Browser();
  const done = await browser.logIn('anna');
  assert.equal(done.to, `http://127.0.0.1:${stack.port}/`, stack.log());
  const me = (await browser.me()).body.operator;
  assert.deepEqual([me.id, me.role], ['anna', 'operator']);
  assert.equal(browser.sent.searchParams.get('code_challenge_method'), 'S256');
  assert.equal((await new Browser().logIn('anna')).to, `http://127.0.0.1:${stack.port}/`);
  const {items} = (await admin.get('/operators')).body;
  assert.deepEqual(items.filter(({by_provider}) => by_provider).map(({id}) => id), ['anna']);
  const audit = (await admin.get('/audit?subject=operator/anna')).body.items;
  assert.deepEqual(audit.map(({action}) => action), ['login', 'login', 'operator.create']);
  assert.deepEqual(audit[0].after, {by: 'provider'});
});

test('the role is what the provider says now, and who has none is out', async () => {
  const browser = new Browser();
  people.anna.groups = ['admins'];
  await browser.logIn('anna');
  assert.equal((await browser.me()).body.operator.role, 'admin');
  people.anna.groups = ['lunch'];
  assert.match((await new Browser().logIn('anna')).to, /\?sign_in=denied$/);
  assert.equal((await browser.me()).status, 401, 'the sessions end');
  people.anna.groups = ['staff'];
  assert.match((await new Browser().logIn('carl')).to, /\?sign_in=denied$/);
});

test('the last admin stays admin whatever the provider says, with an alert, until there is another', async () => {
  people.anna.groups = ['admins'];
  const anna = new Browser();
  await anna.logIn('anna');
  assert.equal((await anna.me()).body.operator.role, 'admin');
  await stack.sql("UPDATE myna.operator SET disabled_at = now() WHERE operator_id = 'root'");
  const open = async () => (await stack.sql("SELECT subject, severity, detail ->> 'role' FROM myna.alert WHERE kind = 'last_admin' AND state = 'open'"))[0];
  people.anna.groups = ['staff'];
  const demoted = new Browser();
  assert.equal((await demoted.logIn('anna')).to, `http://127.0.0.1:${stack.port}/`);
  assert.equal((await demoted.me()).body.operator.role, 'admin', 'nobody else has it');
  assert.deepEqual(await open(), ['operator/anna', 'critical', 'operator']);

  people.anna.groups = ['lunch'];
  assert.match((await new Browser().logIn('anna')).to, /\?sign_in=denied$/, 'who belongs to nothing gets in nowhere');
  assert.equal((await demoted.me()).status, 401);
  assert.deepEqual(await stack.sql("SELECT role FROM myna.operator WHERE operator_id = 'anna'"), [['admin']]);

  await stack.sql("UPDATE myna.operator SET disabled_at = NULL WHERE operator_id = 'root'");
  people.anna.groups = ['staff'];
  const again = new Browser();
  await again.logIn('anna');
  assert.equal((await again.me()).body.operator.role, 'operator');
  admin = await stack.login();
  const {items} = (await admin.get('/alerts?kind=last_admin')).body;
  assert.deepEqual(items.map(({title, state}) => [title, state]), [['Last admin', 'cleared']]);
});

test('who logged in at the provider logs out there as well', async () => {
  const browser = new Browser();
  await browser.logIn('anna');
  const session = browser.jars.get(`http://127.0.0.1:${stack.port}`).get('myna_session');
  const {status, body} = await stack.send('POST', '/api/v1/logout', {headers: {Cookie: `myna_session=${session}`}});
  assert.equal(status, 200);
  const to = new URL(body.provider);
  assert.equal(to.origin, issuer);
  assert.equal(to.searchParams.get('post_logout_redirect_uri'), `http://127.0.0.1:${stack.port}/`);
  assert.equal((await browser.me()).status, 401);

  // the provider asks whether it was meant, ends its own session and sends back
  const asked = await browser.ask(to.href);
  const form = {xsrf: /name="xsrf" value="([^"]+)"/.exec(asked.text)[1], logout: 'yes'};
  const done = await browser.ask(/action="([^"]+)"/.exec(asked.text)[1], {method: 'POST', form});
  assert.equal(done.to, `http://127.0.0.1:${stack.port}/`);
  let at = await browser.ask(`http://127.0.0.1:${stack.port}/api/v1/login/provider`);
  while (at.to && !at.to.includes('/callback')) at = await browser.ask(at.to);
  assert.match(at.text, /name="prompt" value="login"/, 'who comes next must prove who it is');

  // a password's session has nothing to do with the provider
  const root = await stack.login();
  assert.equal((await root.post('/logout')).status, 204);
});

test('the provider makes nobody an operator who has a password here', async () => {
  assert.match((await new Browser().logIn('root')).to, /\?sign_in=denied$/);
  assert.match(stack.log(), /an operator of that name has a password here/);
});

test('who is disabled here stays out, and no password opens for who has none', async () => {
  assert.equal((await admin.patch('/operators/anna', {disabled: true})).status, 200);
  assert.match((await new Browser().logIn('anna')).to, /\?sign_in=denied$/);
  assert.equal((await admin.patch('/operators/anna', {disabled: false})).status, 200);
  assert.equal((await stack.send('POST', '/api/v1/login', {body: {name: 'anna', password: ''}})).status, 401);
});

test('a role that asks for a second factor leaves that to the provider', async () => {
  assert.equal((await admin.patch('/roles/operator', {second_factor: true})).status, 200);
  const browser = new Browser();
  await browser.logIn('anna');
  assert.equal((await browser.me()).body.operator.must_enrol, false);
  assert.equal((await admin.patch('/roles/operator', {second_factor: false})).status, 200);
});

test('where a second factor is to be shown at the provider, its token must tell of one', async () => {
  assert.equal((await admin.patch('/roles/operator', {second_factor: true})).status, 200);
  const before = new Browser();
  await before.logIn('anna');
  await stack.stop();
  writeFileSync(stack.config, `${readFileSync(stack.config, 'utf8')}oidc_acr = urn:two, urn:three\noidc_amr = otp,hwk\n`);
  await stack.start();
  admin = await stack.login();
  assert.equal((await before.me()).status, 200, 'a session of before was not asked');
  const home = `http://127.0.0.1:${stack.port}/`;
  for (const said of [{}, {acr: 'urn:one'}, {amr: ['pwd']}, {acr: 'otp', amr: ['urn:two']}]) {
    shown = said;
    const browser = new Browser();
    assert.match((await browser.logIn('anna')).to, /\?sign_in=factor$/, JSON.stringify(said));
    assert.equal(browser.sent.searchParams.get('acr_values'), 'urn:two urn:three');
  }
  assert.match(stack.log(), /"anna": the role asks for a second factor, and the ID token shows none that oidc_acr or oidc_amr names/);
  for (const said of [{acr: 'urn:two'}, {amr: ['pwd', 'hwk']}]) {
    shown = said;
    const browser = new Browser();
    assert.equal((await browser.logIn('anna')).to, home, JSON.stringify(said));
    assert.equal((await browser.me()).status, 200);
  }

  // a role that asks for none lets in, and ends such sessions when it asks for one
  shown = {amr: ['pwd']};
  assert.equal((await admin.patch('/roles/operator', {second_factor: false})).status, 200);
  const weak = new Browser();
  assert.equal((await weak.logIn('anna')).to, home);
  const [login] = (await admin.get('/audit?subject=operator/anna&action=login&limit=1')).body.items;
  assert.deepEqual(login.after, {by: 'provider', second_factor: false});
  assert.equal((await weak.me()).status, 200);
  assert.equal((await admin.patch('/roles/operator', {second_factor: true})).status, 200);
  assert.equal((await weak.me()).status, 401);
  assert.equal((await admin.patch('/roles/operator', {second_factor: false})).status, 200);
  shown = {};
});

test('the provider may change its keys, and their kind', async () => {
  for (const kind of ['RS256', 'ES256']) {
    key = signingKey(kind);
    handler = provider();
    assert.equal((await new Browser().logIn('anna')).to, `http://127.0.0.1:${stack.port}/`, kind);
  }
});

test('what comes back without its beginning, twice or from another browser opens nothing', async () => {
  const browser = new Browser();
  const back = await browser.prove('anna');
  assert.match((await new Browser().ask(back)).to, /\?sign_in=failed$/, 'another browser');
  const forged = new URL(back);
  forged.searchParams.set('state', 'x'.repeat(52));
  const spoiled = new Browser();
  await spoiled.prove('anna');
  assert.match((await spoiled.ask(forged.href)).to, /\?sign_in=failed$/, 'another state');
  assert.match((await browser.ask(back)).to, /\/$/);
  assert.match((await browser.ask(back)).to, /\?sign_in=failed$/, 'again');
});

test('a token that is altered, unsigned or of another login opens nothing', async () => {
  const parts = (token) => token.split('.');
  const rewrite = (token, change) => {
    const [head, claims, signature] = parts(token);
    const said = JSON.parse(Buffer.from(claims, 'base64url'));
    return [head, Buffer.from(JSON.stringify(change(said))).toString('base64url'), signature].join('.');
  };
  let kept;
  const cases = {
    altered: (token) => rewrite(token, (said) => ({...said, groups: ['admins']})),
    unsigned: (token) => [Buffer.from('{"alg":"none"}').toString('base64url'), parts(token)[1], ''].join('.'),
    'signed by a shared secret': (token) => [Buffer.from(JSON.stringify({alg: 'HS256'})).toString('base64url'), parts(token)[1], createHash('sha256').update('x').digest('base64url')].join('.'),
    'of another login': () => kept,
    none: () => 'no token',
  };
  tamper = (token) => (kept = token);
  await new Browser().logIn('anna');
  for (const [name, change] of Object.entries(cases)) {
    tamper = change;
    assert.match((await new Browser().logIn('anna')).to, /\?sign_in=failed$/, name);
  }
  tamper = (token) => token;
  assert.match((await new Browser().logIn('anna')).to, /\/$/);
});

test('i10: a provider that says nothing holds up one request, not the dashboard', async () => {
  await stack.stop(); // what it knows of the provider is in memory
  await stack.start();
  const asked = [];
  handler = (request, response) => asked.push(response);
  let answered = 0;
  const attack = Promise.all(Array.from({length: 24}, () => stack.send('GET', '/api/v1/login/provider').then((answer) => (answered++, answer))));
  await until(30, 'they wait for the provider', () => answered >= 23);
  assert.equal(asked.length, 1, 'asked once');
  assert.equal((await stack.send('GET', '/healthz')).status, 200);
  for (const response of asked) response.destroy();
  for (const {status, headers} of await attack) assert.deepEqual([status, headers.location], [303, '/?sign_in=failed']);
  assert.match((await stack.send('GET', '/api/v1/login/provider')).headers.location, /sign_in=failed$/, 'the failure is remembered for a while');
  assert.equal(asked.length, 1);
});

test('a provider that is away leaves the password', async () => {
  handler = (request, response) => response.destroy();
  const browser = new Browser();
  const back = await browser.ask(`http://127.0.0.1:${stack.port}/api/v1/login/provider`);
  assert.equal(back.status, 303);
  assert.equal((await stack.login()) !== undefined, true);
});
