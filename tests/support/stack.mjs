// stack.mjs - a server alone, for tests of its API: a private PostgreSQL cluster and mynad on free
// ports of loopback, in a folder of their own. There is no broker; mynad goes on trying.
import {execFile, execFileSync, spawn} from 'node:child_process';
import {chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {request as httpRequest} from 'node:http';
import {request as httpsRequest} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {answersIn, holdAnswers} from './answers.mjs';
import {besideProgram, Cluster, keepAs, migrated, PG_BIN} from './cluster.mjs';
import {freePort} from './ports.mjs';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const mynad = process.env.MYNAD ?? join(root, '.build/release/mynad');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// An installation with its first operator: the first test makes it, the others copy it.
const templatePath = () => besideProgram(mynad, 'installed');

export class Stack {
  // isFresh: an installation of its own, which has no key in common with those of other tests.
  static async create(extra = {}, {isFresh = false} = {}) {
    const stack = new Stack();
    stack.home = mkdtempSync(join(tmpdir(), 'myna-stack-'));
    chmodSync(stack.home, 0o711); // the database's own user passes through
    stack.cluster = new Cluster(stack.home);
    stack.port = await freePort();
    stack.devicePort = await freePort();
    stack.password = 'a password of the tests';
    stack.config = join(stack.home, 'mynad.conf');
    const options = {
      state_dir: join(stack.home, 'server'),
      database: stack.cluster.conninfo,
      listen: `127.0.0.1:${stack.port}`,
      device_listen: `127.0.0.1:${stack.devicePort}`,
      device_url: `https://127.0.0.1:${stack.devicePort}`,
      broker: `127.0.0.1:${await freePort()}`,
      robot_broker: '127.0.0.1:1,127.0.0.1:2',
      ...extra,
    };
    stack.secure = 'tls_cert' in options;
    writeFileSync(stack.config, Object.entries(options).map(([name, value]) => `${name} = ${value}\n`).join(''));
    const template = templatePath();
    if (isFresh || !existsSync(template)) await stack.#install(options.state_dir, isFresh ? null : template);
    else stack.#copy(options.state_dir, template);
    await stack.start();
    return stack;
  }

  async #install(folder, template) {
    this.cluster.makeFrom(await migrated(mynad));
    await this.task('init');
    await this.task(['operator', 'root', '--role', 'admin'], `${this.password}\n`);
    if (template) this.#keepAs(template, folder);
  }

  #copy(folder, template) {
    this.cluster.makeFrom(join(template, 'data'));
    execFileSync('cp', ['-a', join(template, 'server'), folder]);
  }

  #keepAs(template, folder) {
    keepAs(template, (mine) => {
      this.cluster.copyTo(join(mine, 'data'));
      execFileSync('cp', ['-a', folder, join(mine, 'server')]);
    });
  }

  // Runs "mynad init" and the like: {stdout, stderr}; throws when it fails.
  task(words, input = '') {
    const done = run(mynad, ['--config', this.config, ...[words].flat()], {timeout: 30000});
    done.child.stdin.end(input);
    return done;
  }

  async start() {
    const log = openSync(join(this.home, 'mynad.log'), 'a');
    this.server = spawn(mynad, ['--config', this.config],
      {stdio: ['ignore', log, log], env: {...process.env, MYNA_ANSWERS: answersIn(this.home)}});
    closeSync(log);
    const end = Date.now() + 60000;
    for (;;) {
      const answer = await this.send('GET', '/healthz').catch(() => null);
      if (answer?.status === 200) return;
      if (Date.now() > end || this.server.exitCode !== null) throw new Error(`mynad does not answer:\n${this.log()}`);
      await sleep(50);
    }
  }

  // Its exit status.
  stop(signal = 'SIGTERM') {
    return new Promise((done) => {
      if (this.server.exitCode !== null) return done(this.server.exitCode);
      this.server.once('exit', (code) => done(code));
      this.server.kill(signal);
    });
  }

  log() {
    return readFileSync(join(this.home, 'mynad.log'), 'utf8');
  }

  // Every answer of the server must have been one of schema/openapi.yaml.
  async end() {
    await this.stop();
    this.cluster.stop();
    await holdAnswers(this.home).finally(() => rmSync(this.home, {recursive: true, force: true}));
  }

  // Rows of text columns.
  async sql(query) {
    const {stdout} = await run(join(PG_BIN, 'psql'), ['-h', this.cluster.folder, '-U', 'myna', '-d', 'myna',
      '-AtqF', '\t', '-v', 'ON_ERROR_STOP=1', '-c', query], {maxBuffer: 1 << 26});
    return stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  // One request: {status, headers, body (parsed when it is JSON), bytes}. options: {headers, body
  // (object, text or Buffer), device: true for the robots' listener, ca, unverified, from (another
  // address of loopback)}.
  send(method, path, {headers = {}, body, device = false, ca, unverified = false, from} = {}) {
    const plain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = plain ? body : JSON.stringify(body);
    const make = device || this.secure ? httpsRequest : httpRequest;
    return new Promise((done, fail) => {
      const request = make({
        host: '127.0.0.1', port: device ? this.devicePort : this.port, method, path, ca, agent: false, localAddress: from,
        rejectUnauthorized: device && !unverified,
        headers: {...(plain ? {} : {'Content-Type': 'application/json'}),
          ...(bytes === undefined ? {} : {'Content-Length': Buffer.byteLength(bytes)}), ...headers},
      }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => {
          const all = Buffer.concat(parts);
          const isJson = /[/+]json/.test(response.headers['content-type'] ?? '');
          done({status: response.statusCode, headers: response.headers, bytes: all,
            body: isJson && all.length ? JSON.parse(all) : all.toString()});
        });
        response.on('error', fail);
      });
      request.on('error', fail);
      request.end(bytes);
    });
  }

  // A logged-in operator (or holder of an API key): {get, post, put, patch, remove}, paths below /api/v1.
  async login(name = 'root', password = this.password) {
    const answer = await this.send('POST', '/api/v1/login', {body: {name, password}});
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${JSON.stringify(answer.body)}`);
    return this.as({Cookie: answer.headers['set-cookie'][0].split(';')[0]});
  }

  as(proof) {
    const send = (method, path, body, headers = {}) =>
      this.send(method, `/api/v1${path}`, {body, headers: {...proof, ...headers}});
    return {
      proof,
      get: (path, headers) => send('GET', path, undefined, headers),
      post: (path, body = {}, headers) => send('POST', path, body, headers),
      put: (path, body, headers) => send('PUT', path, body, headers),
      patch: (path, body, headers) => send('PATCH', path, body, headers),
      remove: (path, headers) => send('DELETE', path, undefined, headers),
    };
  }
}
