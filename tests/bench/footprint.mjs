// A whole fleet whose one robot is looked at: the processor time of agent and voice while it is
// idle, their proportional set size (what they share with others counts by parts), and how that
// grows with turns. TURNS is how many; every vendor answers shortly, for each turn is spoken.
import {readdirSync, readFileSync} from 'node:fs';
import {Fleet, sleep} from '../support/fleet.mjs';

const SECONDS = Number(process.env.SECONDS ?? 60);
const EARLY = Number(process.env.EARLY ?? 5);
const TURNS = Number(process.env.TURNS ?? 40);
const TICKS_A_SECOND = 100; // sysconf(_SC_CLK_TCK) of every Linux on x86 and ARM

const fields = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');

// The agent and the voices it started; not the program that encodes its videos.
function family(agent) {
  const voices = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return Number(fields(pid)[1]) === agent && /^myna-voice/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'));
    } catch {
      return false; // it ended meanwhile
    }
  });
  return [agent, ...voices];
}

const cpuS = (pids) => pids.reduce((sum, pid) => {
  const stat = fields(pid);
  return sum + (Number(stat[11]) + Number(stat[12])) / TICKS_A_SECOND;
}, 0);

const pssMib = (pids) => pids.reduce((sum, pid) =>
  sum + Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss: +(\d+) kB/m)[1]) / 1024, 0);

const say = (name, value, unit, limit, limitIs) => console.log(JSON.stringify({bench: 'footprint', metric: name,
  value: Number(value.toFixed(3)), unit, limit: Number(limit.toFixed(3)), limit_is: limitIs, ratio: Number((value / limit).toFixed(3))}));

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '0');
  const agent = fleet.pid('myna-agent');
  const talk = async (turns) => {
    for (let turn = 0; turn < turns; turn++)
      await fleet.say('What time is it?');
  };
  await talk(EARLY);
  await sleep(5000); // the last video is written
  const early = pssMib(family(agent));
  const before = cpuS(family(agent));
  const start = performance.now();
  await sleep(SECONDS * 1000);
  const idle = (cpuS(family(agent)) - before) / (performance.now() - start) * 1e5;
  say('cpu_idle_pct', idle, '%', 0.5, `what is asked of a core, over ${SECONDS} s`);
  say('pss_headless_mib', early, 'MiB', 24, `what is asked, after ${EARLY} turns`);
  await talk(TURNS);
  await sleep(5000);
  say('pss_after_turns_mib', pssMib(family(agent)), 'MiB', early, `the same after ${EARLY} turns, now after ${EARLY + TURNS}`);
} finally {
  await fleet.end();
}
