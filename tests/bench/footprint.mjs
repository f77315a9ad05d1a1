// A whole fleet whose one robot is looked at: the processor time of agent and voice while it is
// idle, their proportional set size as it is on a machine with no other program, and how that grows
// with turns. What they share with each other counts once, what they share with others in full: the
// kernel's own figure gets smaller with every program that runs the same libraries, and a robot is
// alone. EARLY and TURNS are how many come before and after the first look: 100 and 9900 show that
// memory is the same after 10,000 turns as after 100. Of each SPOKEN are heard to their end, at
// last; the ones before are interrupted as soon as something of their answer is said, for 10,000
// answers take ten hours; and their vendor is a fast one, of this benchmark's own. Where memory
// grew is told, by mapping.
import {spawn} from 'node:child_process';
import {createConnection} from 'node:net';
import {closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync} from 'node:fs';
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

const PAGE = 4096; // of x86, and of Debian's ARM
// Bits of /proc/PID/pagemap: the page is in memory; it is a file's, or memory shared like one.
const PRESENT = 0x80000000, OF_FILE = 0x20000000; // in its upper half

// The places of memory that are not only there to call the kernel.
const mappings = (pid) => readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').filter(Boolean)
  .filter((line) => !/\[(vvar|vdso|vsyscall)/.test(line))
  .map((line) => line.match(/^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+) (\d+) *(.*)$/))
  .map(([, from, end, offset, device, inode, name]) => ({first: parseInt(from, 16) / PAGE, end: parseInt(end, 16) / PAGE,
    offset: parseInt(offset, 16) / PAGE, file: inode === '0' ? null : `${device} ${inode}`, name: `${name || 'anonymous'} at ${from}`}));

// What is in memory for these processes, in MiB: each page of a file once, whoever maps it, and
// what only one of them has; of that, the pages of each mapping.
function memoryOf(pids) {
  const ofFiles = new Set(), places = new Map();
  let own = 0;
  for (const pid of pids) {
    const pagemap = openSync(`/proc/${pid}/pagemap`);
    const program = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    for (const {first, end, offset, file, name} of mappings(pid)) {
      const before = own;
      const entries = Buffer.alloc((end - first) * 8);
      readSync(pagemap, entries, 0, entries.length, first * 8);
      for (let page = 0; page < end - first; page++) {
        const state = entries.readUInt32LE(page * 8 + 4);
        if (!(state & PRESENT)) continue;
        if (file && state & OF_FILE) ofFiles.add(`${file} ${offset + page}`);
        else own++;
      }
      if (own > before) places.set(`${program} ${pid}: ${name}`, own - before);
    }
    closeSync(pagemap);
  }
  return {all: (ofFiles.size + own) * PAGE / 2 ** 20, own: own * PAGE / 2 ** 20, places};
}

// On standard error: the pages that a mapping has more, or fewer, than before.
function tellChanges(before, after) {
  for (const place of new Set([...before.places.keys(), ...after.places.keys()])) {
    const was = before.places.get(place) ?? 0, is = after.places.get(place) ?? 0;
    if (was !== is) console.error(`footprint: ${place}: ${was} pages, now ${is}`);
  }
}

// What memory may have grown by, in MiB, and still count as the same. The least that a program can
// lose in a turn is one block of its heap, 32 bytes: less than that for every turn is no leak. And
// for a few turns: what is touched once, late, as the deepest corner of a thread's stack, 32 pages.
const tolerance = (turns) => Math.max(32 * turns, 32 * PAGE) / 2 ** 20;

const say = (name, value, unit, limit, limitIs, more) => console.log(JSON.stringify({bench: 'footprint', metric: name,
  value: Number(value.toFixed(3)), unit, limit: Number(limit.toFixed(3)), limit_is: limitIs, ratio: Number((value / limit).toFixed(3)), ...more}));

// Its address.
async function startVendor() {
  const program = join(process.env.MYNA_BUILD, 'tests/vendors/myna-vendors');
  const vendor = spawn(program, ['--key', 'bench', '--fault', 'tokens_per_s=5000', '--fault', 'first_token_ms=5',
    '--fault', 'jitter_ms=0'], {stdio: ['ignore', 'pipe', 'ignore']});
  const {value} = await createInterface({input: vendor.stdout})[Symbol.asyncIterator]().next();
  return {vendor, url: `${value.replace(/^listening on /, '')}/v1`};
}

// Asks so many times, and interrupts each answer at its first clause.
async function askHastily(fleet, turns) {
  const path = readFileSync(join(fleet.home, 'myna-agent.conf'), 'utf8').match(/^socket = (.*)$/m)[1];
  const socket = createConnection(path);
  const lines = createInterface({input: socket})[Symbol.asyncIterator]();
  const send = (request) => socket.write(`${JSON.stringify(request)}\n`);
  const refused = {};
  for (let turn = 0; turn < turns; turn++) {
    send({ask: QUESTION});
    for (let isOver = false; !isOver;) {
      const {value, done} = await lines.next();
      if (done) throw new Error(`the robot hung up in turn ${turn}`);
      const line = JSON.parse(value);
      if (line.clause) send({interrupt: true});
      if (line.error) refused[line.error] = (refused[line.error] ?? 0) + 1;
      isOver = line.done || line.error;
    }
  }
  socket.destroy();
  if (Object.keys(refused).length > 0)
    console.error(`footprint: of ${turns} questions refused: ${JSON.stringify(refused)}`);
}

// ALSA without the additions of this machine: another benchmark needs libasound2-plugins, which load
// PulseAudio's client into every program that looks for a sound device. A robot has a sound card.
function plainAlsa(path) {
  writeFileSync(path, readFileSync('/usr/share/alsa/alsa.conf', 'utf8').replace(/^\s*"\/.*conf\.d"$/gm, ''));
  return path;
}

const fleet = await Fleet.create();
const {vendor, url} = await startVendor();
try {
  fleet.env.MYNA_VENDOR_KEY = 'bench';
  fleet.env.ALSA_CONFIG_PATH = plainAlsa(join(fleet.home, 'alsa.conf'));
  await fleet.up('--robots', '0', '--vendor', url, '--model', 'dahan-chat');
  const agent = fleet.pid('myna-agent');
  const talk = async (turns) => {
    await askHastily(fleet, Math.max(0, turns - SPOKEN));
    for (let turn = 0; turn < Math.min(turns, SPOKEN); turn++)
      await fleet.say(QUESTION);
  };
  await talk(EARLY);
  await sleep(5000); // the last video is written
  const early = memoryOf(family(agent));
  const before = cpuS(family(agent));
  const start = performance.now();
  await sleep(SECONDS * 1000);
  const idle = (cpuS(family(agent)) - before) / (performance.now() - start) * 1e5;
  say('cpu_idle_pct', idle, '%', 0.5, `what is asked of a core, over ${SECONDS} s`);
  say('pss_headless_mib', early.all, 'MiB', 24, `what is asked, after ${EARLY} turns`);
  await talk(TURNS);
  await sleep(5000);
  const late = memoryOf(family(agent));
  say('pss_after_turns_mib', late.all, 'MiB', early.all, `the same after ${EARLY} turns, now after ${EARLY + TURNS}`);
  say('own_after_turns_mib', late.own, 'MiB', early.own, `memory that nobody shares after ${EARLY} turns, now after ${EARLY + TURNS}`);
  tellChanges(early, late);
  const grown = Math.max(0, late.own - early.own);
  say('own_grown_mib', grown, 'MiB', tolerance(TURNS), '32 bytes a turn, and no less than 32 pages',
    {verdict: grown <= tolerance(TURNS) ? 'the same' : 'more'});
} finally {
  vendor.kill();
  await fleet.end();
}
