// fleet.mjs - a whole fleet for one test, brought up by ./myna itself in a folder and on ports of
// its own; everything in it is the real part.
import {execFile, spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, chmodSync, existsSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {answersIn, holdAnswers} from './answers.mjs';
import {Cluster, migrated} from './cluster.mjs';
import {isFree} from './ports.mjs';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const build = process.env.MYNA_BUILD ?? join(root, '.build/release');
const PORTS = 5;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Polls until check() is true and returns what it answered; fails with what describe() says.
export async function until(seconds, describe, check) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${seconds} s: ${await describe()}`);
    await sleep(250);
  }
}

// Below the ports that connections get by themselves, and not where a fleet of another suite that
// starts at this moment looks.
async function freePorts() {
  for (let n = process.pid; ; n++) {
    const base = 20000 + 10 * (n % 1000);
    const free = await Promise.all(Array.from({length: PORTS}, (_, n) => isFree(base + n)));
    if (free.every(Boolean)) return base;
  }
}

export class Fleet {
  // home: a folder that is to be used again; without it one of its own.
  static async create(home) {
    const fleet = new Fleet();
    if (home) mkdirSync(home, {recursive: true});
    fleet.home = home || mkdtempSync(join(tmpdir(), 'myna-fleet-'));
    chmodSync(fleet.home, 0o711); // the database's own user passes through
    const port = join(fleet.home, 'port');
    fleet.base = existsSync(port) ? Number(readFileSync(port, 'utf8')) : await freePorts();
    fleet.env = {...process.env, MYNA_HOME: fleet.home, MYNA_PORT_BASE: String(fleet.base), MYNA_BUILD: build,
      MYNA_ANSWERS: answersIn(fleet.home)};
    return fleet;
  }

  get url() {
    return `http://127.0.0.1:${this.base}`;
  }

  get vendors() {
    return `http://127.0.0.1:${this.base + 4}`;
  }

  async myna(...words) {
    const {stdout} = await run(join(root, 'myna'), words, {env: this.env, maxBuffer: 1 << 26});
    return stdout;
  }

  // Before it is up for the first time: the database has its schema already, and the robot has said its
  // first sentence, of which a film is made.
  async #furnish() {
    if (existsSync(join(this.home, 'pg'))) return;
    new Cluster(this.home).copyFrom(await migrated(join(build, 'mynad')));
    writeFileSync(join(this.home, 'spoken'), '');
  }

  // Starts what does not run; a database killed a moment ago may need another try.
  async up(...words) {
    await this.#furnish();
    let failure;
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const told = await this.myna('up', '--detach', ...words);
        await this.#spareDisk();
        return told;
      } catch (error) {
        failure = error;
        await sleep(1000);
      }
    }
    throw new Error(`./myna up failed: ${failure.stderr}`);
  }

  // Programs are killed here, not the machine: what the kernel was given is kept without waiting for the
  // disk, which all fleets of the tests share.
  async #spareDisk() {
    if (this.spared) return;
    await this.sql('ALTER SYSTEM SET fsync = off');
    await this.sql('ALTER SYSTEM SET full_page_writes = off');
    await this.sql('SELECT pg_reload_conf()');
    this.spared = true;
  }

  async ctl(...words) {
    return JSON.parse(await this.myna('ctl', '--json', ...words));
  }

  // Rows of text columns.
  async sql(query) {
    const {stdout} = await run('/usr/lib/postgresql/15/bin/psql',
      ['-h', this.#pg('run'), '-U', 'myna', '-d', 'myna', '-AtqF', '\t', '-c', query],
      {maxBuffer: 1 << 28});
    return stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  #pg(part) {
    return join(this.home, 'pg', part);
  }

  pid(name) {
    if (name === 'postgresql') return Number(readFileSync(this.#pg('data/postmaster.pid'), 'utf8').split('\n')[0]);
    const [pid, birth] = readFileSync(join(this.home, 'run', `${name}.pid`), 'utf8').trim().split(' '); // see tools/process.sh
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    if (stat[0] === 'Z' || stat[19] !== birth.split('@')[0]) throw new Error(`${name} does not run`);
    return Number(pid);
  }

  kill(name, signal = 'SIGKILL') {
    process.kill(this.pid(name), signal);
  }

  // What the vendors say they sent, by request id.
  ledger() {
    const path = join(this.home, 'vendors/ledger.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  log(name) {
    return readFileSync(join(this.home, 'log', `${name}.log`), 'utf8');
  }

  say(...words) {
    return run(join(root, 'myna'), ['say', ...words], {env: this.env, timeout: 60000}).then(({stdout}) => stdout);
  }

  start(program, ...words) {
    return spawn(join(build, program), words, {env: this.env, stdio: 'inherit'});
  }

  // Stops everything; the folder stays when the test asks for it by MYNA_KEEP. Every answer of the server
  // must have been one of schema/openapi.yaml.
  async end() {
    await this.myna('down');
    await holdAnswers(this.home).finally(() => {
      if (!process.env.MYNA_KEEP) rmSync(this.home, {recursive: true, force: true});
    });
  }
}
