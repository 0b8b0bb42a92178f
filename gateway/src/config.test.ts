import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { ConfigError, readConfig } from './config.ts';

const complete = {
  CIVICLINE_ORGANISATIONS: 'demo/civicline.yaml',
  DATABASE_URL: 'file:state',
  CIVICLINE_DATA_KEY: randomBytes(32).toString('base64'),
  CIVICLINE_SESSION_KEY: randomBytes(32).toString('base64'),
  CIVICLINE_IRMA_URL: 'http://127.0.0.1:8088/',
  CIVICLINE_IRMA_TOKEN: 'token',
  CIVICLINE_OIDC_ISSUER: 'http://127.0.0.1:4000',
  CIVICLINE_OIDC_CLIENT_ID: 'console',
  CIVICLINE_OIDC_CLIENT_SECRET: 'secret',
};

describe('configuration', () => {
  it('fills in what may be left out', () => {
    const config = readConfig(complete);
    expect(config.listen).to.deep.equal({ host: '127.0.0.1', port: 3000 });
    expect(config.publicUrl).to.equal('http://127.0.0.1:3000');
    expect(config.irma.url).to.equal('http://127.0.0.1:8088');
    expect(config.irma.callbackUrl).to.equal(config.publicUrl);
    expect(config.asterisks).to.deep.equal([]);
    expect(config.demo).to.equal(false);
    expect(Object.isFrozen(config)).to.equal(true);
  });

  it('listens on IPv6 addresses too', () => {
    expect(readConfig({ ...complete, CIVICLINE_LISTEN: '[::1]:0' }).listen).to.deep.equal({ host: '::1', port: 0 });
  });

  it('takes the public URL as browsers write an origin, and no path with it', () => {
    const publicUrl = (text: string) => readConfig({ ...complete, CIVICLINE_PUBLIC_URL: text }).publicUrl;
    expect(publicUrl('HTTPS://Bellen.Example.NL:443/')).to.equal('https://bellen.example.nl');
    expect(() => publicUrl('https://example.nl/bellen')).to.throw(
      'CIVICLINE_PUBLIC_URL: must be a host without a path',
    );
  });

  it('takes a TURN server with its secret', () => {
    const turn = (value: object) => readConfig({ ...complete, CIVICLINE_TURN: JSON.stringify(value) }).turn;
    const wanted = {
      urls: ['turns:turn.example.nl:443?transport=tcp', 'turn:192.0.2.1'],
      secret: 'a secret of coturn',
    };
    expect(turn(wanted)).to.deep.equal(wanted);
    expect(readConfig(complete).turn).to.equal(null);
    expect(() => turn({ ...wanted, urls: ['stun:192.0.2.1'] })).to.throw('CIVICLINE_TURN[urls][0]: must be turn:HOST');
    expect(() => turn({ ...wanted, secret: 'short' })).to.throw('CIVICLINE_TURN[secret]: must have 16');
  });

  it('names every missing variable', () => {
    expect(() => readConfig({}))
      .to.throw(ConfigError)
      .with.property('message')
      .that.matches(/CIVICLINE_ORGANISATIONS: is missing/)
      .and.matches(/CIVICLINE_DATA_KEY: is missing; make one with: openssl/)
      .and.matches(/CIVICLINE_IRMA_URL: /);
  });

  it('names the field within a JSON variable, and never its value', () => {
    const wrong = { ...complete, CIVICLINE_EXCHANGE_KEYS: '[{"organisation":"x","name":"y","key":"hush"}]' };
    expect(() => readConfig(wrong))
      .to.throw(ConfigError)
      .with.property('message')
      .that.includes('CIVICLINE_EXCHANGE_KEYS[0][key]: must have 16')
      .and.not.includes('hush');
    expect(() => readConfig({ ...complete, CIVICLINE_ASTERISKS: '[' })).to.throw('CIVICLINE_ASTERISKS: must be JSON');
  });

  it('refuses a send window that would never open', () => {
    const withWindow = (from: string, to: string) => {
      const individual = { from, to, days: [1], holidays: true };
      return readConfig({ ...complete, CIVICLINE_SEND_WINDOWS: JSON.stringify({ sms: { individual } }) });
    };
    expect(withWindow('00:00', '24:00').smis.sendWindows.sms.individual).to.include({ from: '00:00', to: '24:00' });
    for (const [from, to] of [
      ['20:00', '08:00'],
      ['08:00', '08:00'],
    ] as const) {
      expect(() => withWindow(from, to))
        .to.throw(ConfigError)
        .with.property('message')
        .that.includes('CIVICLINE_SEND_WINDOWS[sms][individual]: must end after it begins');
    }
  });

  it('refuses short keys and an OpenID provider without TLS', () => {
    expect(() => readConfig({ ...complete, CIVICLINE_DATA_KEY: 'c2hvcnQ=' })).to.throw('32 bytes');
    expect(() => readConfig({ ...complete, CIVICLINE_OIDC_ISSUER: 'http://id.example.nl' })).to.throw('https');
  });
});
