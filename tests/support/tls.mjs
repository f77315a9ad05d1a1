// tls.mjs - what a TLS listener agrees to.
import assert from 'node:assert/strict';
import {connect} from 'node:tls';

// Resolves to the cipher's name once both ends have agreed, to null when they have not.
export function agree(port, options) {
  return new Promise((done) => {
    const socket = connect({host: '127.0.0.1', port, rejectUnauthorized: false, ...options});
    socket.setTimeout(30000, () => socket.destroy(new Error('no answer')));
    socket.on('error', () => done(null));
    socket.on('close', () => done(null));
    socket.on('secureConnect', () => {
      done(socket.getCipher().name);
      socket.destroy();
    });
  });
}

// Fails unless the listener speaks TLS 1.2 and 1.3 with modern ciphers, and nothing else. options: a
// certificate, where one is asked for.
export async function isModern(port, options = {}) {
  const tls12 = (ciphers) => agree(port, {...options, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0`});

  assert.match(await agree(port, {...options, minVersion: 'TLSv1.3'}) ?? 'none', /^TLS_/, 'TLS 1.3');
  for (const cipher of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
    assert.equal(await tls12(cipher), cipher);
  for (const old of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-CCM'])
    assert.equal(await tls12(old), null, old);
  for (const version of ['TLSv1', 'TLSv1.1'])
    assert.equal(await agree(port, {...options, minVersion: 'TLSv1', maxVersion: version, ciphers: 'ALL:@SECLEVEL=0'}), null, version);
}
