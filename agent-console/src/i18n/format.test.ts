import { LANGUAGES } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatDuration, formatPhoneNumber, formatTime, isoDuration } from './format.ts';

describe('formats', () => {
  it('write durations as people read them', () => {
    expect([-500, 0, 59_999, 60_000, 3_599_000, 3_600_000].map(formatDuration)).to.deep.equal([
      '0:00',
      '0:00',
      '0:59',
      '1:00',
      '59:59',
      '1:00:00',
    ]);
    expect(isoDuration(61_500)).to.equal('PT61S');
  });

  it('write every duration so that it can be read back to the second', () => {
    fc.assert(
      fc.property(fc.nat({ max: 400_000 }), (seconds) => {
        const parts = formatDuration(seconds * 1000).split(':');
        expect(parts.reduce((sum, part) => sum * 60 + Number(part), 0)).to.equal(seconds);
      }),
    );
  });

  it('group telephone numbers and leave anything else alone', () => {
    expect(formatPhoneNumber('+31612345678')).to.equal('+31 6 12345678');
    expect(formatPhoneNumber('+32470123456')).to.equal('+32 470 12 34 56');
    expect(formatPhoneNumber('anonymous')).to.equal('anonymous');
  });

  it('use the 24-hour clock in every language', () => {
    for (const language of LANGUAGES) {
      expect(formatTime('2025-03-01T22:05:00Z', language)).to.match(/^\d\d[:.]05$/);
    }
  });
});
