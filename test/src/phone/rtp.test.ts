import { expect } from 'chai';
import fc from 'fast-check';
import { createVirtualClock, systemClock } from './clock.ts';
import { createEar } from './ear.ts';
import { openAudio, parseRtp, type RtpPacket, serializeRtp } from './rtp.ts';

const packet: fc.Arbitrary<RtpPacket> = fc.record({
  payloadType: fc.nat(127),
  marker: fc.boolean(),
  sequence: fc.nat(0xffff),
  timestamp: fc.nat(0xffffffff),
  source: fc.nat(0xffffffff),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

describe('RTP', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(packet, (one) => {
        expect(parseRtp(serializeRtp(one))).to.deep.equal(one);
      }),
    );
  });

  it('is read or ignored, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const read = parseRtp(Buffer.from(bytes));
        expect(read === undefined || read.payload.length <= bytes.length).to.equal(true);
      }),
    );
  });

  it('carries a tone, digits and nothing else from one phone to another', async () => {
    const [a, b] = await Promise.all([
      openAudio({ address: '127.0.0.1', clock: systemClock, sound: 440 }),
      openAudio({ address: '127.0.0.1', clock: systemClock, sound: 'off' }),
    ]);
    const remote = {
      address: '127.0.0.1',
      codecs: ['PCMU' as const],
      telephoneEvent: 101,
      direction: 'sendrecv' as const,
    };
    a.connect({ ...remote, port: b.port });
    b.connect({ ...remote, port: a.port });
    await b.ear.waitFor(440);
    await a.sendDigits('12', { toneMs: 40, gapMs: 10 });
    await b.ear.waitFor(440);
    a.play('silence');
    await b.ear.waitForSilence();
    expect(b.ear.lost).to.equal(0);
    expect(a.ear.packets).to.equal(0);
    a.close();
    b.close();
  });
});

describe('an ear', () => {
  it('counts what is missing, across the wrap of sequence numbers and the change of source', () => {
    const ear = createEar(createVirtualClock());
    const hear = (sequence: number, source: number) =>
      ear.hear({ payloadType: 0, marker: false, sequence, timestamp: 0, source, payload: Buffer.alloc(160, 0xff) });
    for (const sequence of [65_533, 65_534, 0, 1, 4]) hear(sequence, 1);
    expect([ear.packets, ear.lost]).to.deep.equal([5, 3]);
    hear(700, 2);
    expect([ear.packets, ear.lost]).to.deep.equal([6, 3]);
  });

  it('says what it waited for in vain', async () => {
    const clock = createVirtualClock();
    const waiting = createEar(clock).waitFor(440, 1000);
    clock.advance(2000);
    await waiting.then(
      () => expect.fail('there was nothing to hear'),
      (error: unknown) => expect(error).to.have.property('code', 'PHONE_NOT_HEARD'),
    );
  });
});
