import { expect } from 'chai';
import { plot } from './plot.ts';
import { isMet, type Row, tableOf } from './report.ts';

const row: Row = {
  id: 'speed',
  what: 'speed',
  unit: 'calls/s',
  ours: 90,
  peer: 100,
  peerName: 'the peer',
  ratio: 0.9,
  goal: { of: 'ratio', atLeast: 0.9 },
};

describe('Report of a benchmark', () => {
  it('tells whether a goal is met, and says nothing where there is none', () => {
    expect(isMet(row)).to.equal(true);
    expect(isMet({ ...row, ratio: 0.89 })).to.equal(false);
    expect(isMet({ ...row, goal: { of: 'ours', atMost: 50 } })).to.equal(false);
    expect(isMet({ ...row, goal: null })).to.equal(null);
    expect(tableOf([{ ...row, ratio: 0.89 }])).to.contain('**missed**');
  });

  it('lets everything beat a peer that did nothing right, but nothing', () => {
    expect(isMet({ ...row, peer: 0, ratio: null })).to.equal(true);
    expect(isMet({ ...row, ours: 0, peer: 0, ratio: null })).to.equal(false);
  });

  it('draws any figures, none and zero included, without a number that is none', () => {
    const picture = plot(
      [
        {
          kind: 'bars',
          title: 'a < b & c',
          unit: 's',
          bars: [{ label: 'none', value: 0 }],
          mark: { x: 5, label: 'goal' },
        },
        { kind: 'lines', title: 'empty', xLabel: 'x', yLabel: 'y', series: [{ name: 'nothing', points: [] }] },
        { kind: 'lines', title: 'one', xLabel: 'x', yLabel: 'y', series: [{ name: 'a point', points: [[3, 4]] }] },
      ],
      'what it shows',
    );
    expect(picture).to.not.match(/NaN|Infinity/);
    expect(picture).to.contain('a &lt; b &amp; c');
  });
});
