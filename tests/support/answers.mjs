// answers.mjs - what a server under test answered, whoever asked: mynactl, ./myna, browsers, robots, a
// plain fetch. Builds with sanitizers write it down (server/http/recorder.h), others do not.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

// How the names of a home's files begin; each server process has its own.
export const answersIn = (home) => join(home, 'answers');

// {method, path, status, type, body} of each; path is the row of the table that answered. A server that
// was killed may have cut its last one short.
function* readFile(file) {
  const all = readFileSync(file);
  for (let at = 0; at < all.length;) {
    const end = all.indexOf(10, at);
    if (end < 0) return;
    const [method, path, status, size, type] = all.toString('latin1', at, end).split(/ (?=\S)/);
    const next = end + 1 + Number(size);
    if (next >= all.length) return;
    if (all[next] !== 10) throw new Error(`${file}: no answer begins at byte ${at}`);
    yield {method, path, status: Number(status), type, body: all.subarray(end + 1, next)};
    at = next + 1;
  }
}

export function* readAnswers(home) {
  for (const name of readdirSync(home))
    if (name.startsWith('answers.')) yield* readFile(join(home, name));
}

// Throws at the first answer that is not in schema/openapi.yaml, or is not as it says there. The same
// answer is looked at once.
export async function holdAnswers(home) {
  const {holdAnswer} = await import('../integration/api/openapi.mjs');
  const seen = new Set();
  for (const {method, path, status, type, body} of readAnswers(home)) {
    const bytes = body.toString();
    const same = `${method} ${path} ${status} ${bytes}`;
    if (seen.has(same)) continue;
    seen.add(same);
    holdAnswer(method, path, {status, headers: {'content-type': type}, bytes, body: /json/.test(type) && bytes ? JSON.parse(bytes) : bytes});
  }
}
