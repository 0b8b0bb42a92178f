import { expect } from 'chai';
import fc from 'fast-check';
import { DTMF_KEYS, decodeEvent, digitSchedule, digitsLastMs, encodeEvent } from './dtmf.ts';

const digits = fc.string({ unit: fc.constantFrom(...DTMF_KEYS), maxLength: 12 });
const timing = fc.record({ toneMs: fc.integer({ min: 1, max: 500 }), gapMs: fc.integer({ min: 0, max: 500 }) });

describe('digits as telephone events', () => {
  it('come back as they were encoded', () => {
    const event = fc.record({
      event: fc.nat(15),
      end: fc.boolean(),
      volume: fc.nat(63),
      duration: fc.nat(65_535),
    });
    fc.assert(
      fc.property(event, (one) => {
        expect(decodeEvent(encodeEvent(one))).to.deep.equal(one);
      }),
    );
    expect(decodeEvent(Buffer.alloc(3))).to.equal(undefined);
  });

  it('say every digit once, in order, for exactly its tone, with exactly the gap between', () => {
    fc.assert(
      fc.property(digits, timing, (keys, { toneMs, gapMs }) => {
        const packets = digitSchedule(keys, { toneMs, gapMs });
        const starts = packets.filter((packet) => packet.marker);
        expect(starts.map((packet) => DTMF_KEYS[packet.event]).join('')).to.equal(keys);
        expect(starts.map((packet) => packet.atMs)).to.deep.equal(
          [...keys].map((_, index) => index * (toneMs + gapMs)),
        );
        const ends = packets.filter((packet) => packet.end);
        expect(ends).to.have.length(3 * keys.length);
        for (const end of ends) {
          expect(end.atMs - end.startMs).to.equal(toneMs);
          expect(end.duration).to.equal(8 * toneMs);
        }
        expect(packets.at(-1)?.atMs ?? 0).to.equal(digitsLastMs(keys.length, { toneMs, gapMs }));
      }),
    );
  });

  it('never go back in time, and durations grow by at most 20 ms', () => {
    fc.assert(
      fc.property(digits, timing, (keys, pattern) => {
        const packets = digitSchedule(keys, pattern);
        for (const [index, packet] of packets.entries()) {
          const before = packets[index - 1];
          if (!before) continue;
          expect(packet.atMs).to.be.at.least(before.atMs);
          if (before.startMs === packet.startMs) expect(packet.duration - before.duration).to.be.within(0, 160);
        }
      }),
    );
  });

  it('lose as many end packets as asked, for all digits or for each', () => {
    const count = (packets: { end: boolean; event: number }[]) =>
      [1, 2, 3].map((event) => packets.filter((packet) => packet.end && packet.event === event).length);
    expect(count(digitSchedule('123', { toneMs: 40, gapMs: 0, endPackets: 1 }))).to.deep.equal([1, 1, 1]);
    expect(count(digitSchedule('123', { toneMs: 40, gapMs: 0, endPackets: [0, 2] }))).to.deep.equal([0, 2, 3]);
  });

  it('are refused when no phone could send them', () => {
    expect(() => digitSchedule('12x', { toneMs: 40, gapMs: 40 })).to.throw(RangeError);
    expect(() => digitSchedule('1', { toneMs: 0, gapMs: 40 })).to.throw(RangeError);
    expect(() => digitSchedule('1', { toneMs: 40, gapMs: -1 })).to.throw(RangeError);
  });
});
