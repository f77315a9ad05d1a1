// robot.mjs - what a robot does to enrol, written anew from the protocol's description
import {execFileSync} from 'node:child_process';
import {createHash, createPrivateKey, createPublicKey, generateKeyPairSync, hkdfSync, randomBytes, sign, X509Certificate} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export function base32(bytes) {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  const count = Math.ceil((bytes.length * 8) / 5);
  bits <<= BigInt(count * 5 - bytes.length * 8);
  let text = '';
  for (let i = count - 1; i >= 0; i--) text += ALPHABET[Number((bits >> BigInt(5 * i)) & 31n)];
  return text;
}

export class Robot {
  constructor(id, serial = '') {
    this.id = id;
    this.serial = serial;
    this.key = generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey;
    this.sealing = generateKeyPairSync('x25519');
  }

  // A PKCS#10 request by openssl, which is how other people would make one.
  request(name = this.id) {
    const folder = mkdtempSync(join(tmpdir(), 'myna-csr-'));
    try {
      const file = join(folder, 'key.pem');
      writeFileSync(file, this.key.export({type: 'sec1', format: 'pem'}), {mode: 0o600});
      return execFileSync('openssl', ['req', '-new', '-sha256', '-key', file, '-subj', `/CN=${name}`], {encoding: 'utf8'});
    } finally {
      rmSync(folder, {recursive: true});
    }
  }

  sealingPublic() {
    return this.sealing.publicKey.export({type: 'spki', format: 'der'}).subarray(-32);
  }

  application(claim, changes = {}) {
    const statement = Buffer.concat([Buffer.from('myna enrol 1'), Buffer.from(this.id), Buffer.from([0]), this.sealingPublic()]);
    return {
      claim, device_id: this.id, ...(this.serial && {serial: this.serial}),
      csr: this.request(),
      sealing_public: this.sealingPublic().toString('base64'),
      signature: sign('sha256', statement, createPrivateKey(this.key.export({type: 'sec1', format: 'pem'}))).toString('base64'),
      ...changes,
    };
  }

  // Fetches the root, checks it against the claim's fingerprint, and applies with it as the only CA.
  async enrol(stack, claim, changes) {
    const found = await fetchRoot(stack);
    const fingerprint = base32(createHash('sha256').update(new X509Certificate(found).raw).digest());
    if (claim.includes('-') && claim.split('-')[1] !== fingerprint) throw new Error('this is not the claim\'s server');
    return stack.send('POST', '/enrol', {device: true, ca: found, body: this.application(claim, changes)});
  }

  // What renews a certificate: shown is the one of now (PEM), old the key that proves it.
  renewal(shown, challenge, changes = {}, old = this.key) {
    const der = createPublicKey(this.key).export({type: 'spki', format: 'der'});
    const statement = Buffer.concat([Buffer.from('myna renew 1'), Buffer.from(challenge, 'base64'),
      createHash('sha256').update(der).digest(), this.sealingPublic()]);
    const {csr, sealing_public, signature} = this.application('');
    return {certificate: shown, challenge, csr, sealing_public, signature, proof: sign('sha256', statement, old).toString('base64'), ...changes};
  }

  async renew(stack, shown, changes, old) {
    const ca = await fetchRoot(stack);
    const {body} = await stack.send('POST', '/renew/challenge', {device: true, ca});
    return stack.send('POST', '/renew', {device: true, ca, body: this.renewal(shown, body.challenge, changes, old)});
  }
}

// Nothing is known about the server yet: what comes is worth only as much as its fingerprint.
export async function fetchRoot(stack) {
  return (await stack.send('GET', '/enrol/root', {device: true, unverified: true})).body;
}

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();

// A robot that pairs: what it says and the digits that it would speak, by schema/PROTOCOL.md and
// node's own hashes. root is the certificate that it sees, whosever it is.
export class Pairing {
  constructor(robot, root) {
    this.robot = robot;
    this.nonce = randomBytes(32);
    const key = createPublicKey(robot.key).export({type: 'spki', format: 'der'});
    this.transcript = sha256(Buffer.from('myna pair 1'), sha256(new X509Certificate(root).raw), sha256(key),
      robot.sealingPublic(), Buffer.from(`${robot.id}\0${robot.serial}\0`));
  }

  commitment() {
    return sha256(Buffer.from('myna pair commitment 1'), this.nonce, this.transcript);
  }

  beginning(changes = {}) {
    const {claim, ...application} = this.robot.application('');
    return {...application, software: '1.2.3', commitment: this.commitment().toString('base64'), ...changes};
  }

  digits(serverNonce) {
    const secret = Buffer.concat([this.nonce, Buffer.from(serverNonce, 'base64')]);
    const bytes = Buffer.from(hkdfSync('sha256', secret, this.transcript, 'myna pair digits 1', 8));
    return String(bytes.readBigUInt64BE() % 1000000n).padStart(6, '0');
  }
}
