import { expect } from 'chai';
import fc from 'fast-check';
import { readRetryAfter } from './retry-after.ts';

describe('Retry-After', () => {
  const now = Date.parse('2026-06-01T10:00:00Z');

  it('holds seconds or a date in any of HTTP’s three notations', () => {
    const delays: Record<string, number> = {
      '0': 0,
      '120': 120_000,
      ' 7 ': 7_000,
      '99999999999': 99_999_999_999_000,
      ['9'.repeat(400)]: Number.MAX_SAFE_INTEGER,
      'Mon, 01 Jun 2026 10:01:00 GMT': 60_000,
      'Mon, 01 Jun 2026 09:00:00 GMT': 0,
      'Monday, 01-Jun-26 10:01:00 GMT': 60_000,
      'Mon Jun  1 10:01:00 2026': 60_000,
      'Sun Nov  6 08:49:37 1994': 0,
    };
    for (const [header, delay] of Object.entries(delays)) expect(readRetryAfter(header, now), header).to.equal(delay);
  });

  it('is ignored when it is neither', () => {
    const other = ['', 'soon', '-5', '+5', '1.5', '1e9', '0x10', '2026-06-01T10:01:00Z', 'Monday', 'May 1'];
    for (const header of [
      null,
      undefined,
      ...other,
      'Mon, 99 Jun 2026 10:01:00 GMT',
      'Mon, 01 Jun 2026 10:01:00 CET',
    ]) {
      expect(readRetryAfter(header, now), String(header)).to.equal(undefined);
    }
  });

  it('is never negative, whatever the header', () => {
    fc.assert(fc.property(fc.string(), (header) => (readRetryAfter(header, now) ?? 0) >= 0));
  });
});
