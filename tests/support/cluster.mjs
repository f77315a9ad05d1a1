// cluster.mjs - private PostgreSQL clusters of tests, and the one with the newest schema that they are
// copies of
import {execFile, execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const migrations = resolve(dirname(fileURLToPath(import.meta.url)), '../../migrations');

export const PG_BIN = process.env.PG_BIN ?? '/usr/lib/postgresql/15/bin';

// Where the first test keeps what the others copy: beside the program. Another program, or another
// schema, has its own.
export function besideProgram(mynad, what) {
  const hash = createHash('sha256');
  const {mtimeMs, size} = statSync(mynad);
  hash.update(`${mtimeMs} ${size}`);
  for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)));
  return join(dirname(mynad), `${what}-${hash.digest('hex').slice(0, 16)}`);
}

// fill(folder) fills a folder that becomes path, whole or not at all. Another test may have been
// faster: theirs is as good. What was kept for an older program goes.
export function keepAs(path, fill) {
  const mine = `${path}.${process.pid}`;
  const kept = basename(path).replace(/-.*/, '-');
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(kept) && !name.startsWith(basename(path))) rmSync(join(dirname(path), name), {recursive: true, force: true});
  }
  mkdirSync(mine);
  fill(mine);
  if (existsSync(path)) rmSync(mine, {recursive: true});
  else renameSync(mine, path);
}

// PostgreSQL refuses to run as root; then its own user runs it.
export class Cluster {
  constructor(home) {
    this.folder = join(home, 'pg');
    mkdirSync(this.folder);
    this.prefix = [];
    if (process.getuid() === 0) {
      const [, , uid, gid] = execFileSync('getent', ['passwd', 'postgres'], {encoding: 'utf8'}).split(':');
      chownSync(this.folder, Number(uid), Number(gid));
      this.prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    }
  }

  #do(program, ...words) {
    const [command, ...rest] = [...this.prefix, join(PG_BIN, program), ...words];
    return execFileSync(command, rest, {cwd: '/', stdio: ['ignore', 'ignore', 'pipe']});
  }

  make() {
    this.#do('initdb', '-D', join(this.folder, 'data'), '-U', 'myna', '-E', 'UTF8', '--locale=C', '-A', 'trust', '--no-sync', '--wal-segsize=1');
    this.start();
    execFileSync(join(PG_BIN, 'createdb'), ['-h', this.folder, '-U', 'myna', 'myna']);
  }

  makeFrom(folder) {
    this.copyFrom(folder);
    this.start();
  }

  // cp keeps whose the files are.
  copyFrom(folder) {
    execFileSync('cp', ['-a', folder, join(this.folder, 'data')]);
  }

  // What it is when it is at rest.
  copyTo(folder) {
    this.stop('fast');
    execFileSync('cp', ['-a', join(this.folder, 'data'), folder]);
    this.start();
  }

  get conninfo() {
    return `host=${this.folder} user=myna dbname=myna`;
  }

  start() {
    this.#do('pg_ctl', '-s', '-w', '-D', join(this.folder, 'data'), '-l', join(this.folder, 'log'),
      '-o', `-k ${this.folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=50`, 'start');
  }

  stop(mode = 'immediate') {
    this.#do('pg_ctl', '-s', '-w', '-m', mode, '-D', join(this.folder, 'data'), 'stop');
  }
}

// The data folder of a cluster at rest, with all that "mynad migrate" makes and nothing else.
export async function migrated(mynad) {
  const path = besideProgram(mynad, 'migrated');
  if (!existsSync(path)) await migrate(mynad, path);
  return join(path, 'data');
}

async function migrate(mynad, path) {
  const home = mkdtempSync(join(tmpdir(), 'myna-schema-'));
  chmodSync(home, 0o711); // the database's own user passes through
  const cluster = new Cluster(home);
  cluster.make();
  const config = join(home, 'mynad.conf');
  writeFileSync(config, `state_dir = ${join(home, 'server')}\ndatabase = ${cluster.conninfo}\n`);
  await promisify(execFile)(mynad, ['--config', config, 'migrate'], {timeout: 120000});
  keepAs(path, (mine) => cluster.copyTo(join(mine, 'data')));
  cluster.stop();
  rmSync(home, {recursive: true});
}
