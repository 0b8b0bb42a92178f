import { expect } from 'chai';
import { type LedgerRow, ledgerCsv, ledgerTable, monthOf } from './ledger.ts';
import { ledgerPlot } from './ledger-plot.ts';

const rows: LedgerRow[] = [
  { month: '2026-05', route: 'first', sender_id: 'stad', messages: 2, segments: 3, price: 90_000 },
  { month: '2026-06', route: 'first', sender_id: 'stad', messages: 1_000, segments: 1_500, price: 45_000_000 },
  { month: '2026-06', route: 'ring, "ring"', sender_id: '=1+1', messages: 1, segments: 1, price: 1 },
];

describe('the cost ledger', () => {
  it('knows the month, UTC', () => {
    const months = [
      '2026-06-30T23:59:59.999Z',
      '2026-07-01T00:00:00Z',
      '2026-06-01T00:00:00+02:00',
      '2024-02-29T12:00:00Z',
    ];
    expect(months.map((time) => monthOf(Date.parse(time)))).to.deep.equal(['2026-06', '2026-07', '2026-05', '2024-02']);
  });

  it('is a table with a total', () => {
    const lines = ledgerTable(rows).split('\n');
    expect(lines[0]).to.match(/^month +route +sender +messages +segments +euro$/);
    expect(lines[2]).to.match(/2026-06 +first +stad +1000 +1500 +45\.000000$/);
    expect(lines.at(-2)).to.match(/total +1003 +1504 +45\.090001$/);
    const cents = (price: number) => ledgerTable([{ ...(rows[0] as LedgerRow), price }]).match(/[\d.]+$/m)?.[0];
    expect([0, 90_000, 25_000, 37_500].map(cents)).to.deep.equal(['0.00', '0.09', '0.025', '0.0375']);
  });

  it('is CSV that a spreadsheet reads as data', () => {
    expect(ledgerCsv(rows).split('\r\n')).to.deep.equal([
      'month,route,sender,messages,segments,euro',
      '2026-05,first,stad,2,3,0.090000',
      '2026-06,first,stad,1000,1500,45.000000',
      `2026-06,"ring, ""ring""",'=1+1,1,1,0.000001`,
      '',
    ]);
  });

  it('is a plot of each month and route', () => {
    const svg = ledgerPlot(rows);
    expect(svg)
      .to.match(/^<svg /)
      .and.to.include('2026-06')
      .and.to.include('first')
      .and.to.include('45');
    expect(svg).to.include('ring, &quot;ring&quot;').and.not.to.include('NaN');
    expect(ledgerPlot([]))
      .to.match(/^<svg /)
      .and.not.to.include('NaN');
  });
});
