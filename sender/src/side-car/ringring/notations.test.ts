import { expect } from 'chai';
import fc from 'fast-check';
import { readTime, writeTime } from './times.ts';
import { readFlatXml, writeXml } from './xml.ts';

describe('RingRing’s notations', () => {
  it('times are local, over the changes of the clock', () => {
    const zone = 'Europe/Brussels';
    const at = (text: string) => {
      const time = readTime(text, zone);
      return time === null ? null : new Date(time).toISOString();
    };
    expect(at('30-06-2017 10:00')).to.equal('2017-06-30T08:00:00.000Z');
    expect(at('01/01/2026')).to.equal('2025-12-31T23:00:00.000Z');
    expect(at('29-03-2026 02:30')).to.equal('2026-03-29T01:30:00.000Z');
    expect(at('29-03-2026 03:30')).to.equal('2026-03-29T01:30:00.000Z');
    for (const wrong of ['31-02-2026 10:00', '30-06-2017 24:00', '30-06-17', '2017-06-30 10:00', ''])
      expect(at(wrong)).to.equal(null);
    fc.assert(
      fc.property(fc.integer({ min: 946_684_800, max: 4_102_444_800 }), (second) => {
        const written = writeTime(second * 1000, zone);
        const [, y, m, d, time] = /^(\d+)-(\d+)-(\d+) (.*)$/.exec(written) ?? [];
        const read = readTime(`${d}-${m}-${y} ${time}`, zone);
        // An hour of autumn comes twice.
        expect(Math.abs((read ?? 0) - second * 1000)).to.be.oneOf([0, 3600_000]);
      }),
    );
  });

  it('XML is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('To', 'Message', 'a.b-c'), fc.string({ unit: 'grapheme' }))),
        (fields) => {
          const wanted = fields.map(([name, value]) => [`${name}`, value] as const);
          const xml = `<r>${wanted.map(([name, value]) => writeXml(name, value, '').replace(/^<\?.*?\?>/, '')).join('')}</r>`;
          expect(readFlatXml(xml)).to.deep.equal(wanted);
        },
      ),
    );
    expect(readFlatXml('<r><!-- c --><a><![CDATA[<&]]>x</a><b/></r>')).to.deep.equal([
      ['a', '<&x'],
      ['b', ''],
    ]);
    for (const wrong of [
      '<r><a><b/></a></r>',
      '<r/><r/>',
      '<r>x</r>',
      '<r><a>&y;</a></r>',
      '<r',
      'x',
      '<r></q>',
      '<a><![CDATA[</a>',
    ]) {
      expect(readFlatXml(wrong), wrong).to.equal(null);
    }
  });
});
