import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { describeSettings } from '../../../gateway/src/config.ts';
import { withSettings } from './settings.ts';

const page = () => readFile(join(resolve(import.meta.dirname, '../../..'), 'docs/operation.md'), 'utf8');

describe('the table of settings', () => {
  it('is what the schemas say', async () => {
    const text = await page();
    expect(text, 'make it anew: npm run docs').to.equal(withSettings(text));
  });

  it('says of each variable what it means, who needs it, and what it is when absent', () => {
    const settings = new Map(describeSettings().map((one) => [one.name, one]));
    for (const { name, meaning } of settings.values()) expect(meaning, name).not.to.equal('');
    expect(settings.get('CIVICLINE_CODE_MINUTES')).to.include({ required: false, standard: '10' });
    expect(settings.get('CIVICLINE_SMS_KEYS'))
      .to.include({ required: true })
      .and.to.deep.include({ roles: ['sms'] });
    expect(settings.get('CIVICLINE_DATA_KEY')?.roles).to.deep.equal(['calls', 'sms', 'smis']);
    expect(settings.get('CIVICLINE_CHANNELS')).to.include({ standard: '[]' });
  });

  it('has a place in the page, or says so', () => {
    expect(() => withSettings('# A page')).to.throw('no place');
  });
});
