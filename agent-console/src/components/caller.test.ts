import type { AttributeView } from '@civicline/protocol';
import { expect } from 'chai';
import { callerOf } from './caller.ts';

const attribute = (id: string, value: string): AttributeView => ({ id, label: { en: id }, value });
const bsn = attribute('pbdf.gemeente.personalData.bsn', '999990019');

describe('caller', () => {
  it('has a name, an address in one line, and the rest as facts', () => {
    const caller = callerOf([
      attribute('pbdf.gemeente.personalData.fullname', 'V. Beeld'),
      bsn,
      attribute('pbdf.gemeente.address.street', 'Dorpsstraat'),
      attribute('pbdf.gemeente.address.houseNumber', '12'),
      attribute('pbdf.gemeente.address.zipcode', '1234 AB'),
      attribute('pbdf.gemeente.address.city', 'Voorbeeldstad'),
    ]);
    expect(caller).to.deep.equal({
      name: 'V. Beeld',
      address: 'Dorpsstraat 12, 1234 AB Voorbeeldstad',
      facts: [bsn],
    });
  });

  it('is named from the parts of a name, in the order in which a name is said', () => {
    const parts = [
      attribute('pbdf.gemeente.personalData.familyname', 'Berg'),
      attribute('pbdf.gemeente.personalData.prefix', 'van den'),
      attribute('pbdf.gemeente.personalData.firstnames', 'Anna Maria'),
      attribute('pbdf.gemeente.personalData.initials', 'A.M.'),
    ];
    expect(callerOf(parts).name).to.equal('Anna Maria van den Berg');
    expect(callerOf(parts).facts.map(({ value }) => value)).to.deep.equal(['A.M.']);
  });

  it('leaves out what is empty, and keeps the parts of a name that also came whole', () => {
    const whole = attribute('pbdf.gemeente.personalData.fullname', 'A. Berg');
    const family = attribute('pbdf.gemeente.personalData.familyname', 'Berg');
    const noPrefix = attribute('pbdf.gemeente.personalData.prefix', ' ');
    expect(callerOf([family, noPrefix]).name).to.equal('Berg');
    expect(callerOf([whole, family])).to.deep.include({ name: 'A. Berg', facts: [family] });
  });

  it('without a name or an address has facts only; a place alone is no address', () => {
    const city = attribute('pbdf.gemeente.address.city', 'Voorbeeldstad');
    expect(callerOf([bsn, city])).to.deep.equal({ name: null, address: null, facts: [bsn, city] });
    expect(callerOf([])).to.deep.equal({ name: null, address: null, facts: [] });
  });
});
