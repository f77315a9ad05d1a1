// A whole fleet whose one robot is looked at: the processor time of agent and voice while it is
// idle, their proportional set size (what they share with others counts by parts), and how that
// grows with turns. EARLY and TURNS are how many come before and after the first look. Of each
// SPOKEN are heard to their end, at last; the ones before are cut short by the next question as
// soon as something of their answer is said, for 10,000 answers take ten hours.
import {createConnection} from 'node:net';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {Fleet, sleep} from '../support/fleet.mjs';

const SECONDS = Number(process.env.SECONDS ?? 60);
const EARLY = Number(process.env.EARLY ?? 5);
const TURNS = Number(process.env.TURNS ?? 40);
const SPOKEN = Number(process.env.SPOKEN ?? 5);
const QUESTION = 'What time is it?';
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

// Asks so many times, and waits for a clause of each answer before the next.
async function askHastily(fleet, turns) {
  const path = readFileSync(join(fleet.home, 'myna-agent.conf'), 'utf8').match(/^socket = (.*)$/m)[1];
  const socket = createConnection(path);
  const lines = createInterface({input: socket})[Symbol.asyncIterator]();
  const refused = {};
  for (let turn = 0; turn < turns; turn++) {
    socket.write(`${JSON.stringify({ask: QUESTION})}\n`);
    for (let isNew = false; ;) {
      const {value, done} = await lines.next();
      if (done) throw new Error(`the robot hung up in turn ${turn}`);
      const line = JSON.parse(value);
      isNew ||= 'turn' in line; // what came before is the end of the last one
      if (line.error) refused[line.error] = (refused[line.error] ?? 0) + 1;
      if (line.error || (isNew && line.clause)) break;
    }
  }
  socket.destroy();
  if (Object.keys(refused).length > 0)
    console.error(`footprint: of ${turns} questions refused: ${JSON.stringify(refused)}`);
}

const fleet = await Fleet.create();
try {
  await fleet.up('--robots', '0');
  const agent = fleet.pid('myna-agent');
  const talk = async (turns) => {
    await askHastily(fleet, Math.max(0, turns - SPOKEN));
    for (let turn = 0; turn < Math.min(turns, SPOKEN); turn++)
      await fleet.say(QUESTION);
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
