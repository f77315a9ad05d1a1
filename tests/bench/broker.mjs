// broker.mjs - the limit of whatever reaches a whole fleet: a bare broker that moves as many
// messages of that size to as many clients, and their answers back.
import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {sleep} from '../support/fleet.mjs';

const run = promisify(execFile);
const ANSWER_BYTES = 200;
const SEALING_BYTES = 110; // header, box and lengths around a configuration's content

// What every robot was sent, as it lies on one's disk: in the newer one of two places, each a head of
// number, generation and size, then the content (tests/robots/config_file.c).
const PLACE_BYTES = 40 << 10;
export function configBytes(fleet) {
  const bytes = readFileSync(join(fleet.home, 'robots/sim-0001/config'));
  const heads = [0, PLACE_BYTES].filter((at) => at < bytes.length)
    .map((at) => ({number: bytes.readBigUInt64LE(at), size: Number(bytes.readBigUInt64LE(at + 16))}));
  return heads.reduce((a, b) => (b.number > a.number ? b : a)).size + SEALING_BYTES;
}

// Without TLS, lists or limits: what moving the bytes alone takes here, in ms.
export async function bareBroker(fleet, robots, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'myna-bench-'));
  const port = fleet.base + 9;
  writeFileSync(join(folder, 'conf'),
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\n` +
    'max_queued_messages 200000\nset_tcp_nodelay true\npersistence false\nlog_dest none\n');
  const broker = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'conf')], {stdio: 'ignore'});
  try {
    await sleep(500);
    const {stdout} = await run(join(process.env.MYNA_BUILD, 'tests/bench/fanout'),
      [port, robots, configBytes(fleet), ANSWER_BYTES, rounds].map(String));
    return Number(stdout);
  } finally {
    broker.kill();
    rmSync(folder, {recursive: true});
  }
}
