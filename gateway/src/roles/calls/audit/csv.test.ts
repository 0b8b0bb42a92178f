import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { csvLine } from './csv.ts';

describe('comma-separated values', () => {
  it('come back as they were from another reader', () => {
    const cells = ['plain', 'with, comma', 'with "quotes"', 'two\r\nlines', 'a;b', ''];
    expect(parse(csvLine(cells))).to.deep.equal([cells]);
  });

  it('are never a formula for a spreadsheet', () => {
    for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '=HYPERLINK("http://x","y")']) {
      const [[cell]] = parse(csvLine([text])) as [[string]];
      expect(cell).to.equal(`'${text}`);
    }
  });
});
