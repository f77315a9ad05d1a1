// planted.mjs - looks for secrets in whatever a program left: as they are, in hex, in base64 wherever
// they lie in what was encoded, and as JSON escapes them.
import {createDecipheriv, createPrivateKey} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

// The digits of base64 that these bytes alone decide, behind 0, 1 or 2 bytes of something else.
function base64Cores(bytes) {
  return [0, 1, 2].map((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return digits.slice(Math.ceil(shift * 8 / 6), Math.floor((shift + bytes.length) * 8 / 6));
  });
}

function jsonForms(text) {
  const inner = JSON.stringify(text).slice(1, -1);
  const code = (character) => character.charCodeAt(0).toString(16).padStart(4, '0');
  const all = [...text].map((character) => `\\u${code(character)}`).join('');
  return [inner, inner.replaceAll('/', '\\/'), all, all.replace(/\\u..../g, (word) => `\\u${word.slice(2).toUpperCase()}`),
    inner.replace(/[^ -~]/g, (character) => `\\u${code(character)}`)];
}

// {form: [texts]} of one secret, a text or bytes.
export function forms(secret) {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const cores = base64Cores(bytes);
  return {
    plain: [bytes],
    hex: [hex, hex.toUpperCase()],
    base64: [...cores, ...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_'))],
    json: typeof secret === 'string' ? jsonForms(secret) : [],
  };
}

// planted: {name: secret}. What of it is in the bytes: ["name as form"], in order. Lines that were
// broken are joined as well, and what a dump writes with its backslashes doubled.
export function find(bytes, planted) {
  const text = bytes.toString('latin1');
  const places = [text, text.replace(/\r?\n|\\n/g, '')];
  const found = [];

  for (const [name, secret] of Object.entries(planted)) {
    if (Buffer.from(secret).length < 8) throw new Error(`${name} is too short to be told from chance`);
    for (const [form, texts] of Object.entries(forms(secret))) {
      const wanted = texts.map((one) => Buffer.from(one).toString('latin1'))
        .flatMap((one) => [one, one.replaceAll('\\', '\\\\')]);
      if (wanted.some((one) => places.some((place) => place.includes(one)))) found.push(`${name} as ${form}`);
    }
  }
  return found;
}

// The 32 bytes of a P-256 key in PEM: what stands in every encoding of it.
export const scalar = (pem) => Buffer.from(createPrivateKey(pem).export({format: 'jwk'}).d, 'base64url');

// As crypto_unwrap() does it.
function unwrap(key, purpose, wrapped) {
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12));
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(wrapped.subarray(-16));
  return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
}

// The key that wraps a fleet's secrets, out of its envelope.
export async function dataKey(fleet) {
  const master = Buffer.from(readFileSync(join(fleet.home, 'server/master.key'), 'utf8').trim(), 'hex');
  const [[wrapped]] = await fleet.sql("SELECT encode(wrapped, 'hex') FROM myna.data_key");
  return unwrap(master, 'data-key', Buffer.from(wrapped, 'hex'));
}
