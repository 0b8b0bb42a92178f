import { emailContentSchema, smsContentSchema } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { normaliseEmail, normalisePhone } from './addresses.ts';
import { checkMessage, SenderError, sizeOfSms } from './index.ts';
import { delayBefore } from './retry.ts';

describe('checking a message', () => {
  it('gives what its channel can read, or says what is wrong, whatever comes in', () => {
    const address = fc.oneof(
      fc.constantFrom('+32470000001', '0470 00 00 01', 'a@b.be', ''),
      fc.string(),
      fc.anything(),
    );
    const message = fc.record(
      {
        to: fc.oneof(fc.record({ phone: address, email: address }, { requiredKeys: [] }), fc.anything()),
        text: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
        subject: fc.oneof(fc.string(), fc.anything()),
        category: fc.oneof(fc.constant('individual'), fc.anything()),
        strategy: fc.oneof(fc.constant([{ channel: 'sms' }]), fc.anything()),
        expiresAt: fc.oneof(fc.date(), fc.anything()),
      },
      { requiredKeys: ['to', 'text', 'category'] },
    );
    fc.assert(
      fc.property(fc.oneof(message, fc.anything()), (input) => {
        try {
          const { contents } = checkMessage(input, 'BE');
          expect(contents.sms ?? contents.email).not.to.equal(undefined);
          if (contents.sms) smsContentSchema.parse(contents.sms);
          if (contents.email) emailContentSchema.parse(contents.email);
        } catch (error) {
          if (!(error instanceof SenderError)) throw error;
          expect(error.errors.length).to.be.greaterThan(0);
          expect(error.message).not.to.include('470000001').and.not.to.include('0470');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('brings numbers and addresses into one form', () => {
    const same = ['+32470000001', '0470 00 00 01', '0470/00.00.01', '0032 470 000001', ' +32 (0)470 00 00 01'];
    for (const written of same) expect(normalisePhone(written, 'BE'), written).to.equal('+32470000001');
    for (const mark of [
      '\u202d|\u202c',
      '\u2066|\u2069',
      '\u200e|',
      '\u200f|\u200f',
      '\ufeff|',
      '|\u00ad',
      '|\u2060',
    ]) {
      const [before, after] = mark.split('|');
      expect(normalisePhone(`${before}+32 470 00${after} 00 01${after}`), mark).to.equal('+32470000001');
      expect(normaliseEmail(`${before}a@b.be${after}`), mark).to.equal('a@b.be');
    }
    for (const wrong of ['', '112', 'tel', '+3247000000100000', '1'.repeat(64)])
      expect(normalisePhone(wrong, 'BE'), wrong).to.equal(null);
    expect(normalisePhone('0470000001')).to.equal(null);
    expect(normaliseEmail(' A.b@Voorbeeld.BE')).to.equal('A.b@voorbeeld.be');
    fc.assert(
      fc.property(fc.string(), (written) => {
        const number = normalisePhone(written, 'BE');
        if (number !== null) expect(normalisePhone(number)).to.equal(number);
      }),
    );
  });

  it('counts what an SMS takes', () => {
    expect(sizeOfSms('x'.repeat(161))).to.deep.equal({ encoding: 'gsm', segments: 2, characters: 161 });
    expect(sizeOfSms('ê')).to.deep.equal({ encoding: 'ucs2', segments: 1, characters: 1 });
  });
});

describe('repeating a request', () => {
  const random = () => 0.5;

  it('waits longer each time, and never less than asked', () => {
    const delays = [1, 2, 3, 10, 100].map((tries) => delayBefore({ tries, status: null, random }));
    expect(delays).to.deep.equal([125, 250, 500, 15_000, 15_000]);
    expect(delayBefore({ tries: 1, status: 429, retryAfterMs: 7_000, random })).to.equal(7_125);
    expect(delayBefore({ tries: 3, status: 503, retryAfterMs: 0, random })).to.equal(500);
    const huge = delayBefore({ tries: 1, status: 503, retryAfterMs: Number.MAX_SAFE_INTEGER, random });
    expect(huge, 'what a timer can count').to.equal(24 * 3600_000 + 125);
    for (const status of [400, 401, 403, 404, 409, 413, 422, 301])
      expect(delayBefore({ tries: 1, status, random })).to.equal(null);
  });
});
