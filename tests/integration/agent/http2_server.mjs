// A vendor behind HTTP/2 over TLS, as most stand behind one: says what it saw on /counts. Its
// certificate, and whatever else it writes, goes into the folder that is its argument.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { gzipSync } from 'node:zlib';

const folder = process.argv[2];
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
  '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=test', '-addext',
  'subjectAltName=IP:127.0.0.1'], { cwd: folder, stdio: 'ignore' });

const seen = { sessions: 0, warmed: 0, asked: 0, refused: 0, reset: 0, uploaded: 0, versions: [] };
const server = createSecureServer({
  key: readFileSync(`${folder}/key`), cert: readFileSync(`${folder}/cert`), allowHTTP1: true,
});
server.on('session', () => seen.sessions++);

function answer(response, text) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Request-Id': 'req-h2' });
  response.end(`data: {"choices":[{"delta":{"content":"${text}"},"finish_reason":"stop"}],` +
    '"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n');
}

// 128 MiB of a line in two layers: some hundred bytes. More layers, 1 GiB a layer, would look the same.
const layer = gzipSync(Buffer.concat([Buffer.from('data: '), Buffer.alloc(128 << 20, 0x78)]), { level: 1 });
const bomb = gzipSync(layer);

const paths = {
  '/bomb': (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': 'gzip, gzip' });
    response.end(bomb);
  },
  '/counts': (request, response) => response.end(JSON.stringify(seen)),
  '/v1/chat/completions': (request, response) => {
    seen[request.method === 'HEAD' ? 'warmed' : 'asked']++;
    answer(response, 'Yes.');
  },
  // not processed, says HTTP/2: a client may send it again, and curl would
  '/refused': (request, response) => {
    seen.refused++;
    response.stream.close(7);
  },
  '/endless': (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.stream.on('aborted', () => seen.reset++);
    response.write('data: {"choices":[{"delta":{"content":"And"}}]}\n\n');
  },
  '/goodbye': (request, response) => {
    response.stream.session.goaway();
    answer(response, 'Goodbye.');
    response.stream.on('close', () => response.stream.session?.close());
  },
  '/upload': (request, response, size) => {
    seen.uploaded += size;
    answer(response, 'Heard.');
  },
};

server.on('request', (request, response) => {
  if (request.url !== '/counts') seen.versions.push(request.httpVersion);
  let size = 0;
  request.on('data', (piece) => { size += piece.length; });
  // an answer before the question's end would reset the stream
  request.on('end', () => paths[request.url](request, response, size));
});
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`https://127.0.0.1:${server.address().port}\n`));
setTimeout(() => process.exit(1), 120000).unref();
process.on('SIGTERM', () => process.exit(0));
