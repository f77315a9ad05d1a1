// vendor.mjs - a vendor of a test's own beside those of its fleet, whose conditions it may change
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';

export async function setConditions(port, conditions) {
  const answer = await fetch(`http://127.0.0.1:${port}/admin/faults`, {method: 'PUT', body: JSON.stringify(conditions)});
  if (!answer.ok) throw new Error(`a vendor does not take its conditions: ${await answer.text()}`);
}

// With the keys of the fleet's vendors. {program, port}: the caller ends the program.
export async function startVendor(fleet, name, conditions) {
  const folder = join(fleet.home, 'vendors');
  const program = spawn(join(fleet.env.MYNA_BUILD, 'tests/vendors/myna-vendors'),
    ['--keys', join(folder, 'keys'), '--ledger', join(folder, `${name}.jsonl`), '--sentences', '/usr/share/games/fortunes'],
    {stdio: ['ignore', 'pipe', 'inherit']});
  const [line] = await once(program.stdout, 'data');
  const port = Number(String(line).trim().split(':').pop());
  await setConditions(port, conditions);
  return {program, port};
}
