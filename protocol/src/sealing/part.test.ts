import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { CHANNELS, type ChannelName, sealedPartSchema } from '../messages.ts';
import * as browser from './browser.ts';
import * as node from './index.ts';
import { CONTENT_LIMIT, SealingError, type SealingKeys } from './index.ts';
import { openPartSync, publicKeyOf, sealPartSync } from './node.ts';

const json = fc.jsonValue();
const channels = fc.constantFrom(...CHANNELS);
const of = ({ keyId, publicKey }: SealingKeys) => ({ id: keyId, publicKey });

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SealingError) return error.code;
    throw error;
  }
  return 'none';
}

for (const [name, sealing, other] of [
  ['node:crypto', node, browser],
  ['WebCrypto', browser, node],
] as const) {
  describe(`sealed parts, ${name}`, () => {
    let keys: SealingKeys;
    let older: SealingKeys;
    const open = (channel: ChannelName, sealed: string, keyId = keys.keyId) =>
      sealing.openPart(channel, [keys, older], { keyId, sealed });

    before(async () => {
      keys = await sealing.generateSealingKeys();
      older = await other.generateSealingKeys();
    });

    it('opens what it, and the other backend, sealed', async () => {
      await fc.assert(
        fc.asyncProperty(channels, json, async (channel, content) => {
          const expected = JSON.stringify(content);
          for (const [sealer, recipient] of [
            [sealing, keys],
            [other, keys],
            [sealing, older],
          ] as const) {
            const part = sealedPartSchema.parse(await sealer.sealPart(channel, of(recipient), content));
            expect(JSON.stringify(await sealing.openPart(channel, [keys, older], part))).to.equal(expected);
          }
        }),
        { numRuns: 40 },
      );
    });

    it('shows nothing of the content but its length in steps of 128 bytes, and never the same twice', async () => {
      const lengths = new Set<number>();
      const texts = new Set<string>();
      for (const text of ['', 'Uw afspraak is morgen.', 'x'.repeat(126)]) {
        const { sealed } = await sealing.sealPart('sms', of(keys), text);
        lengths.add(Buffer.from(sealed, 'base64url').length);
        texts.add(sealed).add((await sealing.sealPart('sms', of(keys), text)).sealed);
      }
      expect([...lengths]).to.deep.equal([32 + 128 + 16]);
      expect(texts.size).to.equal(6);
    });

    it('refuses a part with any byte changed, cut or added', async () => {
      const { sealed } = await sealing.sealPart('sms', of(keys), { to: '+32470000001', text: 'Goedendag' });
      const bytes = Buffer.from(sealed, 'base64url');
      const text = (changed: Buffer) => changed.toString('base64url');
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ change;
          // X25519 ignores the highest bit of a public key; the key schedule does not.
          expect(await codeOf(() => open('sms', text(changed)))).to.equal('SEALED_PART_BROKEN');
        }),
        { numRuns: 60 },
      );
      for (const changed of [bytes.subarray(0, -1), bytes.subarray(1), Buffer.concat([bytes, Buffer.of(0)])]) {
        expect(await codeOf(() => open('sms', text(changed)))).to.equal('SEALED_PART_BROKEN');
      }
    });

    it('refuses another channel, another key and an unknown one', async () => {
      const { keyId, sealed } = await sealing.sealPart('sms', of(keys), 'secret');
      expect(await codeOf(() => open('email', sealed))).to.equal('SEALED_PART_BROKEN');
      expect(await codeOf(() => open('sms', sealed, older.keyId))).to.equal('SEALED_PART_BROKEN');
      expect(await codeOf(() => sealing.openPart('sms', [older], { keyId, sealed }))).to.equal(
        'SEALED_PART_UNKNOWN_KEY',
      );
    });

    it('refuses what is no sealed part', async () => {
      const { sealed } = await sealing.sealPart('sms', of(keys), 'secret');
      for (const text of [
        '',
        'AAAA',
        'x'.repeat(20),
        `${sealed}=`,
        `${sealed} `,
        `+${sealed.slice(1)}`,
        'é€',
        '====',
      ]) {
        expect(await codeOf(() => open('sms', text)), text).to.equal('SEALED_PART_MALFORMED');
      }
    });

    it('refuses an ephemeral key of small order', async () => {
      for (const enc of [Buffer.alloc(32), Buffer.concat([Buffer.of(1), Buffer.alloc(31)])]) {
        const sealed = Buffer.concat([enc, Buffer.alloc(144)]).toString('base64url');
        expect(await codeOf(() => open('sms', sealed))).to.equal('SEALED_PART_BROKEN');
      }
    });

    it('says when a key is none, and repeats nothing of it', async () => {
      const zeros = Buffer.alloc(32).toString('base64url');
      const { keyId, sealed } = await sealing.sealPart('sms', of(keys), 'secret');
      for (const publicKey of ['', 'short', `${keys.publicKey}=`, `${keys.publicKey}AAAA`, zeros]) {
        expect(await codeOf(() => sealing.sealPart('sms', { id: 'k', publicKey }, 1))).to.equal('SEALING_KEY_INVALID');
      }
      for (const privateKey of ['', 'no key', `${keys.privateKey}=`]) {
        const error = await sealing.openPart('sms', [{ keyId, privateKey }], { keyId, sealed }).catch((e: Error) => e);
        expect(error).to.be.instanceOf(SealingError).with.property('code', 'SEALING_KEY_INVALID');
        expect((error as Error).message).not.to.include(keys.privateKey);
      }
    });

    it('seals no more than a message may carry', async () => {
      const part = await sealing.sealPart('email', of(keys), 'x'.repeat(CONTENT_LIMIT - 2));
      expect(sealedPartSchema.safeParse(part).success).to.equal(true);
      expect(await codeOf(() => sealing.sealPart('email', of(keys), 'x'.repeat(CONTENT_LIMIT - 1)))).to.equal(
        'SEALING_CONTENT_TOO_LARGE',
      );
    });
  });
}

describe('sealed parts, synchronous', () => {
  it('opens what the promises sealed, and the reverse', async () => {
    const keys = await node.generateSealingKeys();
    const content = { to: 'a@example.org', subject: 'Ω', text: '\ud83d\ude00 \0' };
    expect(openPartSync('email', [keys], await node.sealPart('email', of(keys), content))).to.deep.equal(content);
    expect(await node.openPart('email', [keys], sealPartSync('email', of(keys), content))).to.deep.equal(content);
  });

  it('knows the public half', async () => {
    const keys = await browser.generateSealingKeys();
    expect(publicKeyOf(keys)).to.deep.equal(of(keys));
  });

  it('never blocks, however often the garbage is collected', () => {
    const file = JSON.stringify(join(import.meta.dirname, 'node.ts'));
    const script = `
      const { generateSealingKeysSync, openPartSync, sealPartSync } = await import(${file});
      const keys = generateSealingKeysSync();
      for (let i = 0; i < 8_000; i++) sealPartSync('sms', { id: 'k', publicKey: keys.publicKey }, i);
      for (let i = 0; i < 200; i++) generateSealingKeysSync();
      console.log('done');`;
    // A young generation of 1 MB: exporting generated keys blocked after one to two thousand of them.
    const flags = ['--max-semi-space-size=1', '--import', 'tsx', '--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, flags, { timeout: 50_000, encoding: 'utf8' })).to.equal('done\n');
  });
});
