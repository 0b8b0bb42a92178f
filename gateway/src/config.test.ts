import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { readConfig } from './config.ts';
import { ConfigError, generateRoleKey } from './platform/run/index.ts';

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

const smsHere = () => {
  const keys = [{ keyId: 'a', privateKey: randomBytes(32).toString('base64url') }];
  return { CIVICLINE_SMS_ROUTES: 'routes.yaml', CIVICLINE_SMS_KEYS: JSON.stringify(keys) };
};

describe('configuration', () => {
  it('fills in what may be left out', () => {
    const config = readConfig(complete);
    expect(config.listen).to.deep.equal({ host: '127.0.0.1', port: 3000 });
    expect(config.publicUrl).to.equal('http://127.0.0.1:3000');
    expect(config.settings.calls?.irma.url).to.equal('http://127.0.0.1:8088');
    expect(config.settings.calls?.irma.callbackUrl).to.equal(config.publicUrl);
    expect(config.settings.calls?.asterisks).to.deep.equal([]);
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
    const turn = (value: object) =>
      readConfig({ ...complete, CIVICLINE_TURN: JSON.stringify(value) }).settings.calls?.turn;
    const wanted = {
      urls: ['turns:turn.example.nl:443?transport=tcp', 'turn:192.0.2.1'],
      secret: 'a secret of coturn',
    };
    expect(turn(wanted)).to.deep.equal(wanted);
    expect(readConfig(complete).settings.calls?.turn).to.equal(null);
    expect(() => turn({ ...wanted, urls: ['stun:192.0.2.1'] })).to.throw('CIVICLINE_TURN[urls][0]: must be turn:HOST');
    expect(() => turn({ ...wanted, secret: 'short' })).to.throw('CIVICLINE_TURN[secret]: must have 16');
  });

  it('needs the settings of the roles that it runs, and of no others', () => {
    const { DATABASE_URL, CIVICLINE_DATA_KEY } = complete;
    const config = readConfig({ CIVICLINE_ROLES: 'smis', DATABASE_URL, CIVICLINE_DATA_KEY });
    expect(Object.keys(config.settings)).to.deep.equal(['smis']);
    expect(() => readConfig({ CIVICLINE_ROLES: 'sms, email' }))
      .to.throw(ConfigError)
      .with.property('message')
      .that.includes('CIVICLINE_SMS_ROUTES: is missing')
      .and.includes('CIVICLINE_SMS_KEYS: is missing; make one with: npx civicline keys new')
      .and.includes('CIVICLINE_EMAIL: is missing')
      .and.not.includes('CIVICLINE_ORGANISATIONS');
    expect(() => readConfig({ ...complete, CIVICLINE_ROLES: 'calls,fax' })).to.throw(
      'CIVICLINE_ROLES[1]: must be some of calls, sms, email, smis',
    );
  });

  it('runs the channels that are configured, unless it is told which roles to run', () => {
    const keys = JSON.stringify([{ keyId: 'a', privateKey: randomBytes(32).toString('base64url') }]);
    const withSms = { ...complete, CIVICLINE_SMS_ROUTES: 'routes.yaml', CIVICLINE_SMS_KEYS: keys };
    const rolesOf = (environment: Record<string, string>) =>
      readConfig(environment).roles.map(({ definition }) => definition.name);
    expect(rolesOf(complete)).to.deep.equal(['calls', 'smis']);
    expect(rolesOf(withSms)).to.deep.equal(['calls', 'sms', 'smis']);
    expect(rolesOf({ ...withSms, CIVICLINE_ROLES: 'calls' })).to.deep.equal(['calls']);
  });

  it('refuses a channel apart from SMIS that no SMIS could reach', () => {
    const [own, smis] = [generateRoleKey(), generateRoleKey()];
    const apart = { ...complete, ...smsHere(), CIVICLINE_ROLES: 'sms' };
    expect(() => readConfig(apart))
      .to.throw('CIVICLINE_SMIS_PUBLIC_KEYS: is missing')
      .with.property('code', 'CONFIG_INVALID');
    const keys = { CIVICLINE_ROLE_KEY: own.privateKey, CIVICLINE_SMIS_PUBLIC_KEYS: smis.publicKey };
    expect(readConfig({ ...apart, ...keys }).smisPublicKeys).to.deep.equal([smis.publicKey]);
    expect(readConfig({ ...apart, CIVICLINE_ROLES: 'sms,smis' }).smisPublicKeys).to.deep.equal([]);
  });

  it('takes a database and a data key of a role’s own before those that all share', () => {
    const own = randomBytes(32);
    const { roles } = readConfig({
      ...complete,
      DATABASE_URL_SMIS: 'postgres://smis@database/civicline?sslmode=verify-full',
      CIVICLINE_DATA_KEY_SMIS: `${own.toString('base64')},${complete.CIVICLINE_DATA_KEY}`,
    });
    const storage = Object.fromEntries(roles.map(({ definition, storage }) => [definition.name, storage]));
    const shared = Buffer.from(complete.CIVICLINE_DATA_KEY, 'base64');
    expect(storage.calls).to.deep.equal({ databaseUrl: 'file:state', dataKeys: [shared] });
    expect(storage.smis).to.deep.equal({
      databaseUrl: 'postgres://smis@database/civicline?sslmode=verify-full',
      dataKeys: [own, shared],
    });
    expect(() => readConfig({ ...complete, CIVICLINE_DATA_KEY_CALLS: 'c2hvcnQ=' })).to.throw(
      'CIVICLINE_DATA_KEY_CALLS[0]: must be 32 bytes',
    );
  });

  it('needs a key of the process for channels in other processes', () => {
    const key = randomBytes(32).toString('base64url');
    const channels = [{ name: 'sms', url: 'https://sms:3000/', publicKeys: [key] }];
    const withChannel = { ...complete, CIVICLINE_CHANNELS: JSON.stringify(channels) };
    expect(() => readConfig(withChannel)).to.throw('CIVICLINE_ROLE_KEY: is missing; make one with');
    expect(readConfig({ ...withChannel, CIVICLINE_ROLE_KEY: key })).to.deep.include({
      roleKey: key,
      remoteChannels: [{ ...channels[0], url: 'https://sms:3000' }],
    });
    expect(() => readConfig({ ...complete, CIVICLINE_SMIS_PUBLIC_KEYS: `${key},short` })).to.throw(
      'CIVICLINE_SMIS_PUBLIC_KEYS[1]: must be 32 bytes in base64url',
    );
    expect(() => readConfig({ ...withChannel, CIVICLINE_ROLE_KEY: key, ...smsHere() })).to.throw(
      'CIVICLINE_CHANNELS: "sms" runs in this very process',
    );
  });

  it('refuses what is insecure, unless it is allowed by name', () => {
    const far = { ...complete, CIVICLINE_IRMA_URL: 'http://yivi:8088', CIVICLINE_DEMO: 'true' };
    const named = { ...far, CIVICLINE_PUBLIC_URL: 'https://bellen.example.nl' };
    expect(() => readConfig(named))
      .to.throw(ConfigError)
      .with.property('message')
      .that.includes('CIVICLINE_IRMA_URL: reaches another machine without encryption')
      .and.includes('CIVICLINE_DEMO: shows the demonstration under a public name')
      .and.includes('CIVICLINE_ALLOW_INSECURE=CIVICLINE_IRMA_URL,CIVICLINE_DEMO');
    const allowed = readConfig({ ...named, CIVICLINE_ALLOW_INSECURE: 'CIVICLINE_IRMA_URL, CIVICLINE_DEMO' });
    expect(allowed.exposures.map(({ variable }) => variable)).to.deep.equal(['CIVICLINE_IRMA_URL', 'CIVICLINE_DEMO']);
    expect(() => readConfig({ ...complete, CIVICLINE_PUBLIC_URL: 'http://bellen.example.nl' })).to.throw(
      'CIVICLINE_PUBLIC_URL: reaches another machine without encryption',
    );
  });

  it('refuses keys that are no random ones', () => {
    const zeros = Buffer.alloc(32);
    const smsKeys = JSON.stringify([{ keyId: 'a', privateKey: zeros.toString('base64url') }]);
    expect(() => readConfig({ ...complete, CIVICLINE_DATA_KEY: zeros.toString('base64') })).to.throw(
      'is no random key',
    );
    expect(() =>
      readConfig({ ...complete, CIVICLINE_SESSION_KEY: Buffer.alloc(32, 'key').toString('base64') }),
    ).to.throw('CIVICLINE_SESSION_KEY: is no random key');
    expect(() => readConfig({ ...complete, ...smsHere(), CIVICLINE_SMS_KEYS: smsKeys })).to.throw('is no random key');
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
    expect(withWindow('00:00', '24:00').settings.smis?.sendWindows.sms.individual).to.include({
      from: '00:00',
      to: '24:00',
    });
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
