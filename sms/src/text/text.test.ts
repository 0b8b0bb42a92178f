import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Concatenation,
  concatenationHeader,
  decodeGsm,
  decodeUcs2,
  encodeGsm,
  originatorOf,
  readHeader,
  segment,
  sizeOfText,
} from './index.ts';

const { split }: { split(text: string): { parts: unknown[] } } = createRequire(import.meta.url)('split-sms');

/** The alphabet as Perl's Encode has it, by the octets in hexadecimal. */
const reference = alphabetOfPerl();

function alphabetOfPerl(): Map<string, string> {
  const octets = Array.from({ length: 128 }, (_, septet) => hex(septet)).filter((code) => code !== '1b');
  const escaped = octets.map((code) => `1b${code}`);
  const program = `use Encode; binmode STDOUT, ":utf8";
    for (split / /, $ARGV[0]) { printf "%s %x\\n", $_, ord decode("gsm0338", pack("H*", $_)) }`;
  const lines = execFileSync('perl', ['-e', program, [...octets, ...escaped].join(' ')], { encoding: 'utf8' });
  const alphabet = new Map<string, string>();
  for (const line of lines.trim().split('\n')) {
    const [code = '', point = ''] = line.split(' ');
    const character = String.fromCodePoint(Number.parseInt(point, 16));
    // Perl gives an escape before a septet that the extension table lacks as U+FFFD.
    if (character !== '\ufffd' && !(code.startsWith('1b') && alphabet.get(code.slice(2)) === character)) {
      alphabet.set(code, character);
    }
  }
  return alphabet;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

/** Decodes by Perl's alphabet; throws on half an escaped character. */
function referenceGsm(octets: Buffer): string {
  const codes = octets.toString('hex').match(/1b..|../g) ?? [];
  return codes.map((code) => reference.get(code) ?? fail(`no character ${code}`)).join('');
}

function referenceUcs2(octets: Buffer): string {
  return new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }).decode(octets);
}

function fail(message: string): never {
  throw new Error(message);
}

const gsmCharacter = fc.constantFrom(...reference.values());
const gsmText = fc.array(gsmCharacter, { maxLength: 700 }).map((characters) => characters.join(''));
const anyText = fc.oneof(
  gsmText,
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.array(fc.constantFrom('ê', '😀', 'a', '€', '漢'), { maxLength: 400 }).map((characters) => characters.join('')),
);

describe('GSM 03.38', () => {
  it('is the alphabet that Perl knows, octet for octet', () => {
    expect(reference.size).to.equal(137);
    for (const [code, character] of reference) {
      expect(encodeGsm(character)?.toString('hex'), character).to.equal(code);
      expect(decodeGsm(Buffer.from(code, 'hex')), code).to.equal(character);
    }
  });

  it('has every character once, and no other of Unicode', () => {
    const known = new Set(reference.values());
    for (let unit = 0; unit <= 0xffff; unit++) {
      const character = String.fromCharCode(unit);
      expect(encodeGsm(character) !== null, unit.toString(16)).to.equal(known.has(character));
    }
  });

  it('has capital Ç, but neither ç nor ê, grave accent, tab or escape', () => {
    expect(segment('Ça €').encoding).to.equal('gsm');
    for (const character of ['ç', 'ê', '`', '\t', '\x1b', '’']) expect(segment(character).encoding).to.equal('ucs2');
  });

  it('is read to the end whatever the octets are', () => {
    expect(decodeGsm(Buffer.from('611b41621b', 'hex'))).to.equal('aAb ');
    fc.assert(fc.property(fc.uint8Array(), (octets) => typeof decodeGsm(octets) === 'string'));
  });
});

describe('segments', () => {
  it('hold 160 or 153 septets, 70 or 67 code units', () => {
    const counts = (text: string) => {
      const { encoding, segments } = segment(text);
      const decode = encoding === 'gsm' ? referenceGsm : referenceUcs2;
      return segments.map((bytes) => [...decode(bytes)].length);
    };
    expect(counts('')).to.deep.equal([0]);
    expect(counts('a'.repeat(160))).to.deep.equal([160]);
    expect(counts('a'.repeat(161))).to.deep.equal([153, 8]);
    expect(counts('€'.repeat(80))).to.deep.equal([80]);
    expect(counts('€'.repeat(81))).to.deep.equal([76, 5]);
    expect(counts('ê'.repeat(70))).to.deep.equal([70]);
    expect(counts('ê'.repeat(71))).to.deep.equal([67, 4]);
    expect(counts('😀'.repeat(36))).to.deep.equal([33, 3]);
    expect(segment('a'.repeat(161), 16).segments[0]?.length).to.equal(152);
    expect(segment('ê'.repeat(71), 16).segments[0]?.length).to.equal(132);
  });

  it('give the text back, each whole in itself', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom<8 | 16>(8, 16), (text, bits) => {
        const { encoding, segments } = segment(text, bits);
        const decode = encoding === 'gsm' ? referenceGsm : referenceUcs2;
        expect(segments.map((bytes) => decode(bytes)).join('')).to.equal(text);
        const characters = [...text].length;
        expect(sizeOfText(text, bits)).to.deep.equal({ encoding, segments: segments.length, characters });
        const room = encoding === 'gsm' ? (bits === 8 ? 153 : 152) : bits === 8 ? 134 : 132;
        const full = segments.length === 1 ? (encoding === 'gsm' ? 160 : 140) : room;
        for (const bytes of segments) expect(bytes.length).to.be.at.most(full);
        // Only a pair that may not be torn leaves room.
        for (const bytes of segments.slice(0, -1)) expect(bytes.length).to.be.at.least(room - 2);
      }),
    );
  });

  it('are as many as the split-sms package counts', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sizeOfText(text).segments).to.equal(split(text).parts.length);
      }),
    );
  });

  it('decode with our own decoder, too', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { encoding, segments } = segment(text);
        const decode = encoding === 'gsm' ? decodeGsm : decodeUcs2;
        expect(segments.map((bytes) => decode(bytes)).join('')).to.equal(text);
      }),
    );
  });
});

describe('originator', () => {
  it('is a number, or a name of 11 septets that GSM and ASCII share', () => {
    const kinds = {
      international: ['+32470000001', '+12345'],
      short: ['8850', '112', '12345678'],
      number: ['32470000001', '123456789'],
      alphanumeric: ['Stad Gent', 'OCMW/CPAS', 'A', "'s-Hage", '1777 Gent', 'a[b]c', '12345678901'.replace('1', 'l')],
    };
    for (const [kind, texts] of Object.entries(kinds)) {
      for (const text of texts) expect(originatorOf(text), text).to.include({ kind });
    }
    const none = ['', ' ', '12', '+1234', '+1234567890123456', '1234567890123456', 'Gemeente Gent', 'Liège', 'Büro'];
    for (const text of [...none, '€', 'Stad`', 'a[b]c[d]ef', 'a\tb', 'a\u0000', '+32 470 00 00 01']) {
      expect(originatorOf(text), text).to.equal(null);
    }
    expect(originatorOf('+32470000001')).to.deep.equal({ kind: 'international', address: '32470000001' });
  });
});

describe('concatenation header', () => {
  const concatenation: fc.Arbitrary<Concatenation> = fc
    .record({
      reference: fc.nat(0xff),
      total: fc.integer({ min: 1, max: 255 }),
      part: fc.integer({ min: 1, max: 255 }),
    })
    .filter(({ total, part }) => part <= total);

  it('is read as it was written, with either length of reference', () => {
    fc.assert(
      fc.property(concatenation, fc.constantFrom<8 | 16>(8, 16), fc.uint8Array(), (given, bits, body) => {
        const read = readHeader(Buffer.concat([concatenationHeader(given, bits), body]));
        expect(read.concatenation).to.deep.equal(given);
        expect(read.body).to.deep.equal(Buffer.from(body));
      }),
    );
  });

  it('is found behind other elements, and ignored when it cannot be', () => {
    const read = (header: string) => readHeader(Buffer.from(header, 'hex')).concatenation;
    expect(read('0a0504158a00000003070201')).to.deep.equal(null);
    expect(read('0b0504158a000000030702016161')).to.deep.equal({ reference: 7, total: 2, part: 1 });
    expect(read('050003070203')).to.equal(null);
    expect(read('050003070200')).to.equal(null);
    expect(read('0500030702')).to.equal(null);
    expect(read('')).to.equal(null);
    fc.assert(fc.property(fc.uint8Array(), (octets) => readHeader(Buffer.from(octets)) !== undefined));
  });
});
