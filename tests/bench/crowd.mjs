// crowd.mjs - what benchmarks with thousands of robots share: enrolling them in bulk, and the
// processor time that each part took.
import {execFile} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

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
      const pid = this.fleet.pid(name);
      sums[name] = all.filter((each) => each.pid === pid || each.parent === pid)
        .reduce((sum, each) => sum + each.seconds, 0);
    }
    return sums;
  }

  passed() {
    const now = this.#read();
    return Object.fromEntries(Object.keys(now).map((name) => [name, Number((now[name] - this.before[name]).toFixed(2))]));
  }
}
