/**
 * Sealing and opening one SMS: ours, the same primitives of node:crypto called directly, and @hpke/core, in turn.
 *
 * @hpke/core works on other threads. So it is measured twice: one after another, as a program that seals a message and
 * goes on has it; and with many under way at once, per second of processor time of all threads, which says what the work
 * costs. Ours includes JSON, padding, envelope and base64url, which the others are spared. All keep the recipient's key.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto';
import process from 'node:process';
import { generateSealingKeysSync, hpke, openPartSync, sealPartSync } from '@civicline/protocol/sealing/node';
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import type { Row } from '../report.ts';
import { median, round } from '../statistics.ts';

const CONTENT = { to: '+32470000001', text: 'Uw afspraak is morgen om 10:00. Breng uw identiteitskaart mee.' };
const INFO = new TextEncoder().encode('civicline sealed part v1');
const AAD = new TextEncoder().encode('sms');

/** How many of @hpke/core are under way, so that its threads have work. */
const AT_ONCE = 16;

const CONTESTANTS = ['ours', 'primitives', 'peer', 'peerAtOnce'] as const;
type Contestant = (typeof CONTESTANTS)[number];
type Work = Record<Exclude<Contestant, 'peerAtOnce'>, () => Promise<void> | void>;

interface Rate {
  perSecond: number;
  perProcessorSecond: number;
}
type Round = Record<Contestant, Rate>;

/** About 20 seconds; `quick`: three. */
export async function measureSealing({ quick }: { quick: boolean }): Promise<Row[]> {
  const { seal, open } = await prepareWork();
  const extent = quick ? { rounds: 10, milliseconds: 20 } : { rounds: 80, milliseconds: 25 };
  return [
    ...rowsOf('seal', 'sealing one SMS', await race(seal, extent)),
    ...rowsOf('open', 'opening one sealed SMS', await race(open, extent)),
  ];
}

function rowsOf(id: string, what: string, rounds: Round[]): Row[] {
  const row = (contestant: Contestant, unit: keyof Rate) => ({
    unit: unit === 'perSecond' ? 'per second' : 'per processor second',
    ours: round(median(rounds.map(({ ours }) => ours[unit])), 0),
    peer: round(median(rounds.map((rates) => rates[contestant][unit])), 0),
    // Of what was measured in one and the same moment.
    ratio: round(median(rounds.map((rates) => rates.ours[unit] / rates[contestant][unit])), 2),
  });
  return [
    {
      id: `${id}-primitives`,
      what,
      ...row('primitives', 'perProcessorSecond'),
      peerName: 'the same node:crypto primitives',
      goal: { of: 'ratio', atLeast: 0.9 },
    },
    {
      id: `${id}-hpke-core`,
      what: `${what}, one after another`,
      ...row('peer', 'perSecond'),
      peerName: '@hpke/core',
      goal: { of: 'ratio', atLeast: 10 },
    },
    {
      id: `${id}-hpke-core-at-once`,
      what: `${what}, of the peer ${AT_ONCE} at once`,
      ...row('peerAtOnce', 'perProcessorSecond'),
      peerName: '@hpke/core',
      goal: null,
    },
  ];
}

/** Short rounds, one after another: what else the machine does hits all alike. */
async function race(work: Work, extent: { rounds: number; milliseconds: number }): Promise<Round[]> {
  const turn = (contestant: Contestant, milliseconds: number): Promise<Rate> =>
    contestant === 'peerAtOnce'
      ? measured(work.peer, AT_ONCE, milliseconds)
      : measured(work[contestant], 1, milliseconds);
  for (const contestant of CONTESTANTS) await turn(contestant, 20 * extent.milliseconds);
  const rounds: Round[] = [];
  for (let i = 0; i < extent.rounds; i++) {
    const order = [...CONTESTANTS.slice(i % CONTESTANTS.length), ...CONTESTANTS.slice(0, i % CONTESTANTS.length)];
    const rates: Partial<Round> = {};
    for (const contestant of order) rates[contestant] = await turn(contestant, extent.milliseconds);
    rounds.push(rates as Round);
  }
  return rounds;
}

async function measured(work: () => Promise<void> | void, atOnce: number, milliseconds: number): Promise<Rate> {
  const started = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  const chain = async () => {
    while (performance.now() - started < milliseconds) {
      const pending = work();
      if (pending) await pending;
      done++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, chain));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  return { perSecond: done / seconds, perProcessorSecond: done / ((user + system) / 1e6) };
}

async function prepareWork(): Promise<{ seal: Work; open: Work }> {
  const keys = generateSealingKeysSync();
  const own = [keys];
  const publicKey = { id: keys.keyId, publicKey: keys.publicKey };
  const part = sealPartSync('sms', publicKey, CONTENT);
  const envelope = Buffer.from(part.sealed, 'base64url');
  const [enc, ciphertext] = [envelope.subarray(0, 32), envelope.subarray(32)];
  const recipient = hpke.importPrivateKey(Buffer.from(keys.privateKey, 'base64url'));
  const schedule = hpke.setupRecipient(enc, recipient, hpke.prepare(INFO));
  const plain = hpke.decrypt(schedule, 0, ciphertext, AAD);

  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(recipient.publicBytes);
  const recipientKey = {
    publicKey: recipientPublicKey,
    privateKey: await suite.kem.deserializePrivateKey(Buffer.from(keys.privateKey, 'base64url')),
  };

  return {
    seal: {
      ours: () => void sealPartSync('sms', publicKey, CONTENT),
      primitives: () => sealByPrimitives(recipient, plain),
      peer: async () => void (await suite.seal({ recipientPublicKey, info: INFO }, plain, AAD)),
    },
    open: {
      ours: () => void openPartSync('sms', own, part),
      primitives: () => openByPrimitives(recipient, enc, ciphertext, schedule),
      peer: async () => void (await suite.open({ recipientKey, enc, info: INFO }, ciphertext, AAD)),
    },
  };
}

/** As long as the messages of the key schedule; what stands in them does not change what they cost. */
const MESSAGES = [50, 119, 23, 106, 113].map((length) => Buffer.alloc(length, 1));

/** The five HMAC-SHA-256 of the key schedule. */
function derive(dh: Buffer): { key: Buffer; nonce: Buffer } {
  const hmac = (key: Buffer, i: number) =>
    createHmac('sha256', key)
      .update(MESSAGES[i] ?? '')
      .digest();
  const secret = hmac(hmac(hmac(dh, 0), 1), 2);
  return { key: hmac(secret, 3).subarray(0, 16), nonce: hmac(secret, 4).subarray(0, 12) };
}

/** A key pair, X25519, HMACs, AES-128-GCM. */
function sealByPrimitives(recipient: hpke.HpkeKey, plain: Uint8Array): void {
  const { privateKey } = generateKeyPairSync('x25519', { publicKeyEncoding: { format: 'jwk' } });
  const { key, nonce } = derive(diffieHellman({ privateKey, publicKey: recipient.object }));
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(AAD);
  cipher.update(plain);
  cipher.final();
  cipher.getAuthTag();
}

/** A key object of the ephemeral key, X25519, HMACs, AES-128-GCM (under the right key: it would throw). */
function openByPrimitives(recipient: hpke.HpkeKey, enc: Buffer, ciphertext: Buffer, right: hpke.Schedule): void {
  const x = enc.toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  derive(diffieHellman({ privateKey: recipient.object, publicKey }));
  const decipher = createDecipheriv('aes-128-gcm', right.key, right.baseNonce).setAAD(AAD);
  decipher.setAuthTag(ciphertext.subarray(-16)).update(ciphertext.subarray(0, -16));
  decipher.final();
}
