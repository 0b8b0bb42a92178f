import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { prepare as prepareWeb, setupRecipient, setupSender } from './browser.ts';
import { nobleX25519, webCryptoX25519 } from './browser-x25519.ts';
import { nonceAt, type Schedule } from './key-schedule.ts';
import * as hpke from './node-hpke.ts';
import { encryptions, setup } from './vectors.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function expectSchedule(keys: Schedule): void {
  for (const name of ['sharedSecret', 'secret', 'key', 'baseNonce'] as const) {
    expect(hex(keys[name]), name).to.equal(hex(setup[name]));
  }
}

describe('HPKE, RFC 9180 appendix A.1.1', () => {
  const info = hpke.prepare(setup.info);
  const recipient = hpke.importPrivateKey(setup.skRm);
  const publicKey = hpke.importPublicKey(setup.pkRm);

  it('sets the sender up', () => {
    const ephemeral = hpke.importPrivateKey(setup.skEm);
    expect(hex(ephemeral.publicBytes)).to.equal(hex(setup.pkEm));
    expect(hex(info.context)).to.equal(hex(setup.keyScheduleContext));
    const sender = hpke.setupSender(publicKey, info, ephemeral);
    expect(hex(sender.enc)).to.equal(hex(setup.enc));
    expectSchedule(sender.keys);
  });

  it('sets the recipient up', () => {
    expect(hex(recipient.publicBytes)).to.equal(hex(setup.pkRm));
    expectSchedule(hpke.setupRecipient(setup.enc, recipient, info));
  });

  it('encrypts and decrypts every one', () => {
    const keys = hpke.setupRecipient(setup.enc, recipient, info);
    expect(encryptions.map(({ sequence }) => sequence)).to.deep.equal([0, 1, 2, 4, 255, 256]);
    for (const { sequence, nonce, pt, aad, ct } of encryptions) {
      expect(hex(nonceAt(keys.baseNonce, sequence))).to.equal(hex(nonce));
      expect(hex(hpke.encrypt(keys, sequence, pt, aad))).to.equal(hex(ct));
      expect(hex(hpke.decrypt(keys, sequence, ct, aad))).to.equal(hex(pt));
    }
  });

  for (const [name, x25519] of Object.entries({ webCryptoX25519, nobleX25519 })) {
    it(`both sides, as a browser does it with ${name}`, async () => {
      const prepared = prepareWeb(setup.info);
      const sender = await setupSender(x25519, setup.pkRm, setup.skEm, prepared);
      expect(hex(sender.enc)).to.equal(hex(setup.enc));
      expectSchedule(sender.keys);
      expectSchedule(await setupRecipient(x25519, setup.enc, setup.skRm, prepared));
    });
  }
});

describe('HPKE beside @hpke/core', () => {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const bytes = (minLength = 0) => fc.uint8Array({ minLength, maxLength: 500 }).map((array) => Uint8Array.from(array));

  it('each opens what the other sealed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(), bytes(), bytes(), bytes(32), async (infoBytes, aad, plain, seed) => {
        const own = hpke.importPrivateKey(seed.subarray(0, 32));
        const info = hpke.prepare(infoBytes);
        const peerPublic = await suite.kem.deserializePublicKey(own.publicBytes);
        const peerPrivate = await suite.kem.deserializePrivateKey(seed.subarray(0, 32));

        const ours = hpke.seal(hpke.importPublicKey(own.publicBytes), info, plain, aad);
        const read = await suite.open(
          { recipientKey: peerPrivate, enc: ours.enc, info: infoBytes },
          ours.ciphertext,
          aad,
        );
        expect(hex(new Uint8Array(read))).to.equal(hex(plain));

        const theirs = await suite.seal({ recipientPublicKey: peerPublic, info: infoBytes }, plain, aad);
        const sealed = { enc: new Uint8Array(theirs.enc), ciphertext: new Uint8Array(theirs.ct) };
        expect(hex(hpke.open(own, info, sealed, aad))).to.equal(hex(plain));
      }),
      { numRuns: 60 },
    );
  });
});
