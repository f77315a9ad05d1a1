// broker.mjs - speaks to a fleet's broker with somebody's certificate, by mosquitto's own clients.
import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

export class Peer {
  // who: {cert, key, port, name}
  constructor(fleet, who) {
    this.who = who;
    this.options = ['-V', '5', '-h', '127.0.0.1', '-p', String(who.port), '--cafile', join(fleet.home, 'server/root.pem'),
      '--cert', who.cert, '--key', who.key];
  }

  static server(fleet) {
    return new Peer(fleet, {name: 'Mynad_1', port: fleet.base + 3,
      cert: join(fleet.home, 'server/mynad-1.pem'), key: join(fleet.home, 'server/mynad-1.key')});
  }

  static robot(fleet, id) {
    const folder = id === 'myna-1' ? join(fleet.home, 'agent') : join(fleet.home, 'robots', id);
    return new Peer(fleet, {name: id, port: fleet.base + 2, cert: join(folder, 'device.pem'), key: join(folder, 'device.key')});
  }

  // Publishes bytes; resolves to {code, text} of the client.
  publish(topic, payload, ...more) {
    const folder = mkdtempSync(join(tmpdir(), 'myna-pub-'));
    const file = join(folder, 'payload');
    writeFileSync(file, payload);
    return new Promise((done) => {
      execFile('mosquitto_pub', [...this.options, '-q', '1', '-t', topic, '-f', file, ...more], {timeout: 10000},
        (error, stdout, stderr) => {
          rmSync(folder, {recursive: true});
          done({code: error?.code ?? 0, text: stdout + stderr});
        });
    });
  }

  // Publishes a line after another on one connection, as fast as the broker takes them.
  flood(topic, lines) {
    return new Promise((done) => {
      const child = execFile('mosquitto_pub', [...this.options, '-q', '0', '-t', topic, '-l'], {timeout: 60000},
        (error, stdout, stderr) => done({code: error?.code ?? 0, text: stdout + stderr}));
      child.stdin.on('error', () => {});
      child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    });
  }

  // Subscribes for some seconds: {code, text, messages: [{topic, payload}]}.
  listen(topic, seconds, ...more) {
    return new Promise((done) => {
      const messages = [];
      let text = '';
      const child = spawn('mosquitto_sub', [...this.options, '-q', '1', '-t', topic, '-W', String(seconds), '-F', '%t %x', ...more]);
      createInterface({input: child.stdout}).on('line', (line) => {
        const [name, hex] = line.split(' ');
        messages.push({topic: name, payload: Buffer.from(hex ?? '', 'hex')});
      });
      child.stderr.on('data', (data) => { text += data; });
      child.on('close', (code) => done({code, text, messages}));
    });
  }

  // Subscribes until stop(), which resolves to the messages, also those so far. Resolves once the broker
  // said yes. What is being written when it stops is cut: wait for what must be there.
  capture(topic) {
    const messages = [];
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...this.options, '-d', '-q', '1', '-t', topic, '-F', '=%t %x']);
    const ended = new Promise((done) => child.once('close', done));
    return new Promise((done, fail) => {
      const stop = () => {
        child.kill();
        return ended.then(() => messages);
      };
      createInterface({input: child.stdout}).on('line', (line) => {
        if (line.startsWith('Subscribed')) done({stop, messages});
        if (!line.startsWith('=')) return;
        const [name, hex] = line.slice(1).split(' ');
        messages.push({topic: name, payload: Buffer.from(hex ?? '', 'hex')});
      });
      ended.then((code) => fail(new Error(`nothing is captured: mosquitto_sub ended with ${code}`)));
    });
  }
}
