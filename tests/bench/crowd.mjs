// crowd.mjs - what benchmarks with thousands of robots share: enrolling them in bulk, giving them a
// past, and the processor time that each part took.
import {execFile} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {until} from '../support/fleet.mjs';

const run = promisify(execFile);
const TICKS_PER_S = 100; // of /proc: USER_HZ

// Robots that a following up() finds enrolled, sim-0001 and so on; those that are there stay.
export async function enrolInBulk(fleet, robots) {
  await fleet.up('--robots', '0');
  const {code} = await fleet.ctl('claim', 'create', '--uses', String(robots), '--group', 'kitchen', '--expires-in', '86400');
  await run(join(process.env.MYNA_BUILD, 'tests/bench/fleet_enrol'),
    [join(fleet.home, 'server'), `host=${join(fleet.home, 'pg/run')} user=myna dbname=myna`,
      join(fleet.home, 'robots'), 'sim-', String(robots), `127.0.0.1:${fleet.base + 2}`],
    {env: {...process.env, MYNA_ROBOTS_CLAIM: code}});
  process.env.MYNA_ROBOTS_STARTS_PER_S ??= '300'; // about what the broker's handshakes take
  fleet.env.MYNA_ROBOTS_STARTS_PER_S = process.env.MYNA_ROBOTS_STARTS_PER_S;
}

// What postgresql.conf says, but for these, from its next start on.
async function restartDatabase(fleet, settings) {
  await fleet.sql('ALTER SYSTEM RESET ALL');
  for (const [name, value] of Object.entries(settings)) await fleet.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
  const words = ['/usr/lib/postgresql/15/bin/pg_ctl', '-s', '-w', '-m', 'fast', '-D', join(fleet.home, 'pg/data'),
    '-l', join(fleet.home, 'pg/server.log'), 'restart'];
  if (process.getuid() === 0) words.unshift('runuser', '-u', 'postgres', '--');
  await run(words[0], words.slice(1), {cwd: '/'});
}

// So many robots with so many records of the last 30 days, of a fleet with one simulated robot;
// mynad runs again after it, no robot does. Tables are filled in the transaction that empties them,
// which the log need not hold then. told: of each step that is done.
export async function fillHistory(fleet, devices, records, told = () => {}) {
  await until(60, () => 'the robot has no configuration yet', async () => (await fleet.sql(
    "SELECT 1 FROM myna.device_link WHERE device_id LIKE 'sim-%' AND reported_generation = desired_generation")).length > 0);
  const [[template]] = await fleet.sql("SELECT device_id FROM myna.device WHERE device_id LIKE 'sim-%' LIMIT 1");
  const socket = join(fleet.home, 'pg/run');
  const psql = (file) => run('/usr/lib/postgresql/15/bin/psql', ['-h', socket, '-U', 'myna', '-d', 'myna', '-q', '-v', `devices=${devices}`,
    '-v', `records=${records}`, '-v', `template=${template}`, '-f', join(dirname(fileURLToPath(import.meta.url)), file)]);
  for (const name of ['mynad', 'myna-robots', 'myna-agent']) fleet.kill(name, 'SIGTERM');
  await restartDatabase(fleet, {wal_level: 'minimal', max_wal_senders: 0, max_wal_size: '8GB', autovacuum: 'off'});
  await psql('api_robots.sql');
  told(`${devices} robots`);
  await run(join(process.env.MYNA_BUILD, 'tests/bench/api_fill'), [`host=${socket} user=myna dbname=myna`, String(devices), String(records)]);
  told(`${records} records and their indexes`);
  await psql('api_sums.sql');
  told('sums by day');
  // what mynad's jobs and the database's own would do within minutes
  await fleet.sql('VACUUM ANALYZE');
  told('statistics');
  await fleet.sql('SELECT myna.device_show(1000000)');
  await fleet.sql('VACUUM ANALYZE myna.device_shown');
  told('settings for lists');
  await restartDatabase(fleet, {});
  await fleet.up('--robots', '0');
}

function processes() {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      found.push({pid: Number(pid), parent: Number(words[1]), seconds: (Number(words[11]) + Number(words[12])) / TICKS_PER_S});
    } catch {} // it has ended meanwhile
  }
  return found;
}

// Of the parts and their children, from now on.
export class CpuTimes {
  constructor(fleet) {
    this.fleet = fleet;
    this.before = this.#read();
  }

  #read() {
    const all = processes();
    const sums = {};
    for (const name of ['mynad', 'postgresql', 'mosquitto', 'myna-robots', 'myna-vendors']) {
      const pid = this.#pid(name);
      sums[name] = all.filter((each) => pid !== null && (each.pid === pid || each.parent === pid))
        .reduce((sum, each) => sum + each.seconds, 0);
    }
    return sums;
  }

  // Null: that part does not run.
  #pid(name) {
    try {
      return this.fleet.pid(name);
    } catch {
      return null;
    }
  }

  passed() {
    const now = this.#read();
    return Object.fromEntries(Object.keys(now).map((name) => [name, Number((now[name] - this.before[name]).toFixed(2))]));
  }
}
