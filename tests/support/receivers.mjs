// receivers.mjs - where alerts arrive in tests: an HTTP server and a mail server that keep what they
// get. Both listen on loopback, on a free port.
import {createServer as createHttp} from 'node:http';
import {createServer as createHttps} from 'node:https';
import {createServer as createTcp} from 'node:net';
import {createSecureContext, createServer as createTls, TLSSocket} from 'node:tls';

const listen = (server, host = '127.0.0.1') => new Promise((done) => server.listen(0, host, () => done(server.address().port)));

// Waits until made() gives something true; fails after seconds.
export async function until(seconds, what, made) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await made();
    if (value) return value;
    if (Date.now() > end) throw new Error(typeof what === 'function' ? await what() : what);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export class Hook {
  // answer(request): {status, headers, body} or undefined for 200; may be async. tls: {key, cert}.
  static async open(answer = () => undefined, tls) {
    const hook = new Hook();
    hook.requests = [];
    hook.answer = answer;
    const serve = (request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', async () => {
        const got = {method: request.method, url: request.url, headers: request.headers, bytes: Buffer.concat(parts), at: Date.now()};
        try { got.body = JSON.parse(got.bytes); } catch { got.body = null; }
        hook.requests.push(got);
        const {status = 200, headers = {}, body = ''} = (await hook.answer(got)) ?? {};
        response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    };
    hook.server = tls ? createHttps(tls, serve) : createHttp(serve);
    hook.port = await listen(hook.server);
    hook.url = `${tls ? 'https' : 'http'}://127.0.0.1:${hook.port}`;
    return hook;
  }

  notices() {
    return this.requests.flatMap(({body}) => body?.notices ?? []);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}

// RFC 5321, as much as a client needs; login: {name, password} refuses whoever has not said them.
export class Mailbox {
  static async open({key, cert, implicit = false, starttls = true, login, refuse, host} = {}) {
    const box = new Mailbox();
    box.mails = [];
    box.options = {login, refuse, starttls};
    box.context = key && createSecureContext({key, cert});
    box.sockets = new Set();
    box.server = implicit ? createTls({key, cert}, (socket) => box.#serve(socket, true))
      : createTcp((socket) => box.#serve(socket, false));
    box.port = await listen(box.server, host);
    return box;
  }

  close() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((done) => this.server.close(done));
  }

  #serve(socket, secure) {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.write('220 mail.example ESMTP\r\n');
    this.#talk(socket, {secure, login: false, mail: null});
  }

  #talk(socket, state) {
    let rest = '';
    const onData = (part) => {
      rest += part.toString('latin1');
      for (;;) {
        const end = state.data ? rest.indexOf('\r\n.\r\n') : rest.indexOf('\r\n');
        if (end < 0) return;
        const text = rest.slice(0, end);
        rest = rest.slice(end + (state.data ? 5 : 2));
        if (state.data) {
          state.data = false;
          this.mails.push({...state.mail, secure: state.secure, login: state.login, text: text.replaceAll('\r\n..', '\r\n.')});
          socket.write('250 taken\r\n');
        } else if (/^starttls$/i.test(text)) {
          socket.removeListener('data', onData);
          socket.write('220 go ahead\r\n');
          const upgraded = new TLSSocket(socket, {isServer: true, secureContext: this.context});
          upgraded.on('error', () => {});
          this.#talk(upgraded, {secure: true, login: false, mail: null});
          return;
        } else {
          socket.write(this.#answer(text, state));
        }
      }
    };
    socket.on('data', onData);
  }

  #answer(line, state) {
    const {login, refuse, starttls} = this.options;
    if (/^ehlo/i.test(line)) {
      const more = [this.context && starttls && !state.secure && 'STARTTLS', login && 'AUTH PLAIN', '8BITMIME'].filter(Boolean);
      return ['mail.example', ...more].map((word, i, all) => `250${i < all.length - 1 ? '-' : ' '}${word}\r\n`).join('');
    }
    if (/^auth plain$/i.test(line)) {
      state.asked = true;
      return '334 \r\n';
    }
    if (state.asked) {
      state.asked = false;
      const [, name, password] = Buffer.from(line, 'base64').toString().split('\0');
      state.login = name === login.name && password === login.password;
      return state.login ? '235 welcome\r\n' : '535 no\r\n';
    }
    if (/^mail from:/i.test(line)) {
      if (login && !state.login) return '530 log in first\r\n';
      state.mail = {from: line.slice(10).split(' ')[0], to: []};
      return '250 ok\r\n';
    }
    if (/^rcpt to:/i.test(line)) {
      if (refuse?.test(line)) return '550 nobody here\r\n';
      state.mail.to.push(line.slice(8));
      return '250 ok\r\n';
    }
    if (/^data$/i.test(line)) {
      state.data = true;
      return '354 go on\r\n';
    }
    return /^quit$/i.test(line) ? '221 bye\r\n' : '500 what?\r\n';
  }
}

// The parts of a mail as people read it.
export function readMail(text) {
  const [head, ...body] = text.split('\r\n\r\n');
  const headers = Object.fromEntries(head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const words = (value) => value.replaceAll(/\?=\s+=\?/g, '?==?').replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, word) => Buffer.from(word, 'base64').toString('latin1'));
  return {headers, subject: Buffer.from(words(headers.subject), 'latin1').toString('utf8'),
    text: Buffer.from(body.join('\r\n\r\n'), 'base64').toString('utf8'), lines: text.split('\r\n')};
}
