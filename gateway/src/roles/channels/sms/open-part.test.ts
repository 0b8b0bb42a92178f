import { generateSealingKeysSync, publicKeyOf, sealPartSync } from '@civicline/protocol/sealing/node';
import { expect } from 'chai';
import { openSms } from './open-part.ts';

describe('what an SMS holds', () => {
  it('is not lost for an originator that no route carries', () => {
    const keys = generateSealingKeysSync();
    for (const from of ['', 'Gemeente Gent', 'De Vlaamse Gemeenschap']) {
      const content = { to: '+32470000001', text: 'x', from };
      expect(openSms([keys], sealPartSync('sms', publicKeyOf(keys), content))).to.deep.equal({ content });
    }
  });
});
