// openapi.mjs - holds answers to schema/openapi.yaml
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

// the packages are pinned and installed beside the web tests
const packages = createRequire(new URL('../../web/package.json', import.meta.url));
const Ajv = packages('ajv/dist/2020').default;

// The document takes a second to parse, and every file of tests wants it: it is kept as JSON.
function read() {
  const text = readFileSync(new URL('../../../schema/openapi.yaml', import.meta.url), 'utf8');
  const folder = fileURLToPath(new URL('../../web/node_modules/.cache', import.meta.url));
  const kept = `${folder}/openapi-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
  try {
    return JSON.parse(readFileSync(kept, 'utf8'));
  } catch {
    const document = packages('yaml').parse(text, {merge: true});
    mkdirSync(folder, {recursive: true});
    writeFileSync(`${kept}.${process.pid}`, JSON.stringify(document));
    renameSync(`${kept}.${process.pid}`, kept);
    return document;
  }
}

export const openapi = read();

const ajv = new Ajv({strict: false, allErrors: true, formats: {
  date: /^\d{4}-\d{2}-\d{2}$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/,
}});
ajv.addSchema({$id: 'openapi', ...openapi});

const patterns = Object.keys(openapi.paths).map((path) =>
  [path, new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)]);

const resolve = (part) => (part.$ref ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], openapi) : part);

export function operation(method, path) {
  const bare = path.split('?')[0];
  const found = patterns.find(([, pattern]) => pattern.test(bare));
  return found && openapi.paths[found[0]][method.toLowerCase()];
}

// Throws unless openapi.yaml knows this request and its answer fits.
export function check(method, path, answer) {
  const described = operation(method, path);
  assert.ok(described, `${method} ${path} is not in openapi.yaml`);
  const response = resolve(described.responses[answer.status] ?? described.responses.default ?? {});
  assert.ok(answer.status !== 304 || described.responses[304], `${method} ${path}: 304 is not in openapi.yaml`);
  if ([204, 303, 304].includes(answer.status)) return;
  const type = (answer.headers['content-type'] ?? '').split(';')[0];
  const content = response.content?.[type];
  assert.ok(content, `${method} ${path}: ${answer.status} with ${type || 'no type'} is not in openapi.yaml: ${answer.bytes}`);
  if (!content.schema || !type.includes('json')) return;
  fits(content.schema.$ref, answer.body, `${method} ${path}`);
}

function fits(schema, body, what) {
  const ref = schema.replace('#', 'openapi#');
  const validate = ajv.getSchema(ref) ?? ajv.compile({$ref: ref});
  assert.ok(validate(body), `${what}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(body)}`);
}

// Throws unless it is what openapi.yaml says that a webhook gets.
export function holdWebhook(headers, body) {
  const {parameters, requestBody} = openapi.webhooks.alerts.post;
  for (const {name, schema} of parameters) assert.match(headers[name.toLowerCase()] ?? '', new RegExp(schema.pattern), name);
  fits(requestBody.content['application/json'].schema.$ref, body, 'webhook');
}

// What openapi.yaml knows nothing of, a server may only say that there is no such thing.
const NO_SUCH = [404, 405];

export function holdAnswer(method, path, answer) {
  const bare = path.split('?')[0];
  if (!['/api/', '/enrol', '/renew'].some((start) => bare.startsWith(start))) return;
  if (method === 'HEAD' && operation('GET', path)) return; // without the body that there is to look at
  if (operation(method, path) || !NO_SUCH.includes(answer.status)) check(method, path, answer);
}

// From now on every answer that the stack's clients get is held to openapi.yaml.
export function hold(stack) {
  const send = stack.send.bind(stack);
  stack.send = async (method, path, options) => {
    const answer = await send(method, path, options);
    holdAnswer(method, path, answer);
    return answer;
  };
  return stack;
}
