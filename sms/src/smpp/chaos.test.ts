import { expect } from 'chai';
import fc from 'fast-check';
import type { SendResult } from '../route.ts';
import type { Pdu } from './codec.ts';
import { ESME } from './status.ts';
import { openRoute } from './testing/open-route.ts';
import { type RawPeer, startRawSmsc } from './testing/raw-smsc.ts';

/** What the carrier does with one submit_sm; `taken`: it will deliver that segment. */
const DEEDS = {
  accept: { taken: true },
  'accept later': { taken: true },
  'accept twice': { taken: true },
  'accept and close': { taken: true },
  'accept without an answer': { taken: true },
  'accept, then unbind': { taken: true },
  'close at once': { taken: false },
  'no answer': { taken: false },
  throttle: { taken: false },
  'queue full': { taken: false },
  refuse: { taken: false },
  'refuse the number': { taken: false },
  nack: { taken: false },
  'bad length': { taken: false },
  'not bound': { taken: false },
} as const;
type Deed = keyof typeof DEEDS;

const deeds = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Deed>('accept') },
    { weight: 4, arbitrary: fc.constantFrom<Deed>('accept later', 'throttle', 'accept twice') },
    { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(DEEDS) as Deed[])) },
  ),
  { minLength: 1, maxLength: 60 },
);

/** A carrier that does one deed after another, then accepts; remembers how often it took each part of each text. */
function createCarrier(deeds: Deed[]) {
  const taken = new Map<number, Map<number, number>>();
  let next = 0;

  function onPdu(pdu: Pdu, peer: RawPeer): boolean {
    if (pdu.command !== 'submit_sm') return false;
    const deed = deeds[next++] ?? 'accept';
    const { short_message, esm_class } = pdu.body;
    const part = esm_class === 0 ? 1 : (short_message[5] ?? 0);
    const text = Number(/<(\d+)>/.exec(short_message.toString('latin1'))?.[1]);
    const parts = taken.get(text) ?? new Map<number, number>();
    if (DEEDS[deed].taken) taken.set(text, parts.set(part, (parts.get(part) ?? 0) + 1));
    act(deed, pdu, peer, `${text}/${part}`);
    return true;
  }

  return { taken, onPdu };
}

function act(deed: Deed, pdu: Pdu, peer: RawPeer, id: string): void {
  const accept = () => peer.answer(pdu, ESME.ROK, id);
  switch (deed) {
    case 'accept later':
      setTimeout(accept, 20);
      break;
    case 'accept twice':
      accept();
      accept();
      break;
    case 'accept and close':
      accept();
      peer.socket.destroySoon();
      break;
    case 'accept, then unbind':
      accept();
      peer.send('00000010000000060000000000000001');
      break;
    case 'close at once':
      peer.socket.destroy();
      break;
    case 'throttle':
      peer.answer(pdu, ESME.RTHROTTLED);
      break;
    case 'queue full':
      peer.answer(pdu, ESME.RMSGQFUL);
      break;
    case 'refuse':
      peer.answer(pdu, ESME.RSUBMITFAIL);
      break;
    case 'refuse the number':
      peer.answer(pdu, ESME.RINVDSTADR);
      break;
    case 'not bound':
      peer.answer(pdu, ESME.RINVBNDSTS);
      break;
    case 'nack':
      peer.send(`0000001080000000000000ff${pdu.sequence.toString(16).padStart(8, '0')}`);
      break;
    case 'bad length':
      peer.send('ffffffff');
      break;
    case 'accept':
      accept();
      break;
    default: // No answer.
  }
}

describe('SMPP session under chaos', () => {
  it('ends every SMS once, truly, and gives no segment to the carrier twice', () => {
    const lengths = fc.array(fc.constantFrom(100, 100, 100, 300, 450), { minLength: 1, maxLength: 25 });
    return fc.assert(
      fc.asyncProperty(deeds, lengths, fc.integer({ min: 1, max: 10 }), async (deeds, lengths, window) => {
        const texts = lengths.map((length, i) => `<${i}>`.repeat(length).slice(0, length));
        const carrier = createCarrier(deeds);
        const smsc = await startRawSmsc(carrier.onPdu);
        const route = await openRoute({ port: smsc.port, window, responseTimeoutMs: 150 });
        const sendUntilSent = async (text: string): Promise<SendResult> => {
          for (;;) {
            await route.until(() => route.up());
            const result = await route.text(text);
            if (result.kind !== 'unavailable') return result;
          }
        };
        const results = await Promise.all(texts.map(sendUntilSent));
        await route.close();
        await smsc.stop();
        results.forEach((result, i) => {
          check(result, i, lengths[i] ?? 0, carrier.taken.get(i) ?? new Map());
        });
      }),
      { numRuns: 40 },
    );
  });
});

function check(result: SendResult, text: number, length: number, taken: Map<number, number>): void {
  const parts = length > 160 ? Math.ceil(length / 153) : 1;
  for (const [part, times] of taken) expect(times, `${text}/${part}`).to.equal(1);
  switch (result.kind) {
    case 'accepted':
      expect(taken.size).to.equal(parts);
      expect(result.segments).to.equal(parts);
      expect(result.carrierIds).to.deep.equal([...taken.keys()].sort().map((part) => `${text}/${part}`));
      break;
    case 'refused':
      expect(taken.size).to.equal(0);
      break;
    case 'unknown':
      expect(result.segments).to.be.at.least(taken.size);
      for (const id of result.carrierIds) expect(taken.has(Number(id.split('/')[1])), id).to.equal(true);
      break;
    default:
      throw new Error('sent until sent');
  }
}
