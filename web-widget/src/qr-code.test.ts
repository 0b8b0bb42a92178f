import { expect } from 'chai';
import { drawQr } from './qr-code.ts';

describe('the QR drawing', () => {
  it('has a quiet zone of four modules on every side', () => {
    const { size, path } = drawQr('https://example.org/call/voorbeeldstad/verhuizing', 'M');
    const rectangles = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1/g)].map((found) => found.slice(1).map(Number));
    const left = Math.min(...rectangles.map(([x = 0]) => x));
    const top = Math.min(...rectangles.map(([, y = 0]) => y));
    const right = Math.max(...rectangles.map(([x = 0, , length = 0]) => x + length));
    const bottom = Math.max(...rectangles.map(([, y = 0]) => y + 1));
    expect([left, top, size - right, size - bottom]).to.deep.equal([4, 4, 4, 4]);
  });

  it('draws the finder patterns in three corners', () => {
    const { size, path } = drawQr('12345678', 'L');
    const right = size - 4 - 7;
    for (const corner of ['M4 4h7', `M${right} 4h7`, `M4 ${right}h7`]) expect(path).to.contain(`${corner}v1h-7z`);
  });

  it('takes a Yivi session with a long host name', () => {
    const pointer = {
      u: `https://${'a'.repeat(60)}.example.org/irma/session/abcdefghijklmnopqrst`,
      irmaqr: 'disclosing',
    };
    expect(
      drawQr(`https://open.yivi.app/-/session#${encodeURIComponent(JSON.stringify(pointer))}`, 'L').size,
    ).to.be.above(40);
  });
});
