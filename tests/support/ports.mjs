// ports.mjs - free ports for servers that a test starts
import {createServer} from 'node:net';

// Below the ports that connections get by themselves, which may take one between its choice and its
// use, and below those of fleets (fleet.mjs). Tests that run at the same moment look elsewhere.
const FIRST = 10240;
const COUNT = 9600;
const STRIDE = 8;

let next = (process.pid * STRIDE) % COUNT;

export function isFree(port) {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
}

// One that this process has not been given before.
export async function freePort() {
  for (;;) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
}
