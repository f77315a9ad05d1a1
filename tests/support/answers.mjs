// answers.mjs - what a server under test answered, whoever asked: mynactl, ./myna, browsers, robots, a
// plain fetch. Builds with sanitizers write it down (server/http/recorder.h), others do not.
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

export const answersIn = (home) => join(home, 'answers');

// {method, path, status, type, body} of each; path is the row of the table that answered.
export function* readAnswers(file) {
  const all = readFileSync(file);
  for (let at = 0; at < all.length;) {
    const end = all.indexOf(10, at);
    const [method, path, status, size, type] = all.toString('latin1', at, end).split(/ (?=\S)/);
    const next = end + 1 + Number(size);
    if (end < 0 || all[next] !== 10) throw new Error(`${file}: no answer begins at byte ${at}`);
    yield {method, path, status: Number(status), type, body: all.subarray(end + 1, next)};
    at = next + 1;
  }
}

// Throws at the first answer that is not in schema/openapi.yaml, or is not as it says there. The same
// answer is looked at once.
export async function holdAnswers(home) {
  const file = answersIn(home);
  if (!existsSync(file)) return;
  const {holdAnswer} = await import('../integration/api/openapi.mjs');
  const seen = new Set();
  for (const {method, path, status, type, body} of readAnswers(file)) {
    const bytes = body.toString();
    const same = `${method} ${path} ${status} ${bytes}`;
    if (seen.has(same)) continue;
    seen.add(same);
    holdAnswer(method, path, {status, headers: {'content-type': type}, bytes, body: /json/.test(type) && bytes ? JSON.parse(bytes) : bytes});
  }
}
