// walk.mjs - does what pages tell their readers to do, block after block, and fails where that does
// not work. Shell blocks run as they stand, in the checkout; comments before a block, which no reader
// sees, say what only a test needs:
//
//   <!-- run: COMMAND -->          first, what the reader has otherwise (a vendor's key, a name)
//   <!-- WORD: COMMAND -->         WORD, in capitals, stands for what this command prints
//   <!-- file: PATH -->            the block (of any language) is added to this file
//   <!-- then: COMMAND -->         afterwards
//   <!-- until: COMMAND -->        then, wait until this is true
//   <!-- says: EXPRESSION -->      the block prints something like this
//   <!-- elsewhere: REASON -->     the block is not run, and why
import {spawnSync} from 'node:child_process';
import {appendFileSync, readFileSync} from 'node:fs';
import {basename} from 'node:path';

const BLOCK_MS = Number(process.env.WALK_MS ?? 60000);

// {name, line, language, text, marks: [[kind, value]]} of each fenced block.
export function blocks(path) {
  const found = [];
  let marks = [];
  let open = null;
  readFileSync(path, 'utf8').split('\n').forEach((line, n) => {
    const fence = line.match(/^\s*```(\w*)$/);
    if (open && fence) {
      found.push(open);
      [open, marks] = [null, []];
    } else if (open) {
      open.text += `${line.slice(open.indent)}\n`;
    } else if (fence) {
      open = {name: `${basename(path)}:${n + 1}`, language: fence[1], text: '', marks, indent: line.search(/\S/)};
    } else {
      const mark = line.match(/^\s*<!-- (\w+): (.*) -->$/);
      if (mark) marks.push([mark[1], mark[2]]);
    }
  });
  if (open || marks.length > 0) throw new Error(`${path}: a block that does not end, or a mark without a block`);
  return found;
}

const shell = (text) => spawnSync('bash', ['-euo', 'pipefail', '-c', text], {encoding: 'utf8', timeout: BLOCK_MS,
  stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26});

function must(name, text) {
  const done = shell(text);
  if (done.status !== 0)
    throw new Error(`${name}: status ${done.status ?? done.error}\n${text}\n${done.stdout}${done.stderr}`);
  return done.stdout + done.stderr;
}

function waitFor(name, text) {
  const end = Date.now() + BLOCK_MS;
  for (;;) {
    const done = shell(text);
    if (done.status === 0) return;
    if (Date.now() > end) throw new Error(`${name}: never true: ${text}\n${done.stdout}${done.stderr}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

const words = {};
const KINDS = {
  run: (block, value) => must(block.name, value),
  file: (block, value) => { appendFileSync(value, block.text); },
  says: () => {}, then: () => {}, until: () => {}, elsewhere: () => {},
};

function walk(block) {
  const told = (kind) => block.marks.filter(([name]) => name === kind).map(([, value]) => value);
  if (told('elsewhere').length > 0) return `not run: ${told('elsewhere')[0]}`;
  for (const [kind, value] of block.marks) {
    if (KINDS[kind]) KINDS[kind](block, value);
    else if (/^[A-Z]+$/.test(kind)) words[kind] = must(block.name, value).trim();
    else throw new Error(`${block.name}: there is no mark "${kind}"`);
  }
  if (block.language === 'sh') {
    const text = Object.entries(words).reduce((all, [word, value]) => all.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value), block.text);
    const said = must(block.name, text);
    if (process.env.WALK_SHOW) console.log(said); // what a reader would see
    for (const pattern of told('says'))
      if (!new RegExp(pattern).test(said)) throw new Error(`${block.name}: does not say ${pattern}, but:\n${said}`);
  } else if (told('file').length === 0) {
    return 'shown';
  }
  for (const text of told('then')) must(block.name, text);
  for (const text of told('until')) waitFor(block.name, text);
  return 'done';
}

try {
  for (const page of process.argv.slice(2)) {
    for (const block of blocks(page)) {
      const begin = Date.now();
      const ended = walk(block);
      console.log(`${block.name} ${ended} (${Date.now() - begin} ms)`);
    }
  }
} catch (error) {
  console.log(error.message);
  console.log(shell('tail -n 8 /run/units/*.log').stdout);
  process.exitCode = 1;
}
