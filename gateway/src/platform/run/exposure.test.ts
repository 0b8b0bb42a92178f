import { expect } from 'chai';
import { allowedExposures, demoExposure, exposuresOf } from './exposure.ts';
import { ConfigError } from './settings.ts';

const exposed = (value: string) => exposuresOf({ SETTING: value }, ['SETTING', 'ABSENT']).length > 0;

describe('insecure settings', () => {
  for (const value of [
    'http://gateway.example.nl',
    'HTTP://10.0.0.7:8088/ari',
    'http://localhost.example.nl',
    '[{"url":"http://127.0.0.1:8088"},{"url":"http://asterisk:8088"}]',
    '[{"softphoneUrl":"ws://bellen.example.nl/sip"}]',
    'postgres://civicline:secret@database/civicline',
    'postgresql://civicline@127.0.0.1,db2.example.nl:5433/civicline',
    'postgres://civicline@database/civicline?sslmode=prefer',
  ]) {
    it(`are found: ${value}`, () => expect(exposed(value)).to.equal(true));
  }

  for (const value of [
    'https://gateway.example.nl',
    'http://127.0.0.1:3000',
    'http://[::1]:3000/x',
    'http://localhost:4000',
    '[{"url":"https://asterisk:8089","softphoneUrl":"wss://bellen.example.nl/sip"}]',
    'file:/var/lib/civicline',
    'postgres://civicline:p%40ss@database/civicline?sslmode=verify-full',
    'postgres://civicline@database/civicline?application_name=x&sslmode=require',
    'postgres://civicline@%2Fvar%2Frun%2Fpostgresql/civicline',
    'postgres://civicline@localhost:5432/civicline',
    'smtp://mail.example.nl:587',
    'smtps://user:password@mail.example.nl',
  ]) {
    it(`are not: ${value}`, () => expect(exposed(value)).to.equal(false));
  }

  it('include a demonstration under a public name', () => {
    expect(demoExposure(true, 'https://bellen.example.nl')).to.have.length(1);
    expect(demoExposure(true, 'http://127.0.0.1:3000')).to.deep.equal([]);
    expect(demoExposure(false, 'https://bellen.example.nl')).to.deep.equal([]);
  });

  it('are refused with a sentence that names the variable, the reason and the way out, never the value', () => {
    const found = exposuresOf({ A: 'http://user:secret@far', B: 'http://far' }, ['A', 'B']);
    expect(() => allowedExposures(found, ['B']))
      .to.throw(ConfigError)
      .with.property('message')
      .that.includes('A: reaches another machine without encryption')
      .and.includes('CIVICLINE_ALLOW_INSECURE=A')
      .and.not.includes('secret');
    expect(allowedExposures(found, ['A', 'B'])).to.deep.equal(found);
  });
});
