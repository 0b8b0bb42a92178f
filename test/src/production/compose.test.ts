import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gatewayArguments } from '@civicline/launcher';
import { expect } from 'chai';
import { ROLE_NAMES, type RoleName, readConfig, variablesFor } from '../../../gateway/src/config.ts';
import { generateRoleKey } from '../../../gateway/src/platform/run/index.ts';
import { startTestGateway } from '../../../gateway/src/test-gateway.ts';
import { type Compose, fillIn, parseCompose, ROOT, readComposeText, readExample, variablesIn } from './compose.ts';
import { adaptCaddyfile, DOMAIN, upstreamsOf } from './proxy.ts';

/** The names by which a routes file may ask for secrets; what the command line reads; the demonstration's settings. */
const SECRETS_OF_ROUTES = ['CARRIER_PASSWORD', 'RINGRING_KEY', 'RINGRING_WEBHOOK_SECRET'];
const OF_THE_COMMAND_LINE = ['CIVICLINE_GATEWAY_URL'];
const OF_THE_DEMONSTRATION = ['CIVICLINE_DEMO', 'CIVICLINE_PHONES_URL'];
/** Of a process with several roles. */
const OF_ONE_ROLE_AMONG_OTHERS = /^(DATABASE_URL|CIVICLINE_DATA_KEY)_.+$/;
/** Which roles a variable of the process is for; it is one of all roles when it does not stand here. */
const FOR_ROLES: Record<string, readonly RoleName[]> = {
  CIVICLINE_ROLE_KEY: ['smis', 'sms', 'email'],
  CIVICLINE_CHANNELS: ['smis'],
  CIVICLINE_SMIS_PUBLIC_KEYS: ['sms', 'email'],
};
/** Who may reach whom, besides the proxy and the database: both ways, since a network has no direction. */
const NEIGHBOURS = ['asterisk-calls', 'calls-yivi', 'smis-sms', 'email-smis', 'asterisk-proxy', 'proxy-yivi'];

/** Where they are in the container, and here. */
const FOLDERS_OF_THE_OPERATOR = {
  '/etc/civicline/secrets': 'production/secrets',
  '/etc/civicline/asterisk': 'production/asterisk',
};

describe('the compose file of the production form', () => {
  let text: string;
  let compose: Compose;

  before(async () => {
    text = await readComposeText();
    compose = parseCompose(text);
  });

  const service = (name: string) => {
    const found = compose.services[name];
    if (!found) throw new Error(`There is no service ${name}.`);
    return found;
  };
  /** Such as { '/etc/caddy/Caddyfile': './production/Caddyfile' } */
  const mountsOf = (name: string, values: Record<string, string>) =>
    Object.fromEntries(
      service(name).volumes.map((volume) => {
        const [source = '', target = ''] = fillIn(volume, values).split(':');
        return [target, source];
      }),
    );

  it('keeps the settings of an installation out of its images and of the repository', async () => {
    for (const file of ['.dockerignore', '.gitignore']) {
      const lines = (await readFile(join(ROOT, file), 'utf8')).split('\n').map((line) => line.replace(/^\//, ''));
      expect(lines, file).to.include.members(['.env*', 'civicline.yaml', 'sms-routes.yaml']);
      const folders = lines.map((line) => line.replace(/\/\*$/, ''));
      for (const folder of Object.values(FOLDERS_OF_THE_OPERATOR)) expect(folders, file).to.include(folder);
    }
  });

  it('mounts what an installation adds: secrets beside the routes file, and additions to Asterisk', async () => {
    const mounted = { ...mountsOf('sms', {}), ...mountsOf('asterisk', {}) };
    for (const [target, source] of Object.entries(FOLDERS_OF_THE_OPERATOR)) {
      expect(mounted[target]).to.equal(`./${source}`);
      expect(existsSync(join(ROOT, source, 'README.md')), source).to.equal(true);
    }
    const entrypoint = await readFile(join(ROOT, 'asterisk/image/entrypoint'), 'utf8');
    expect(entrypoint).to.contain('/etc/civicline/asterisk/recordings');
  });

  it("publishes the proxy's ports, Asterisk's trunk side, and nothing else; by IPv4", async () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports }]) => ports.map((one) => [name, one]));
    expect(published).to.deep.equal([
      ['proxy', '0.0.0.0:80:80'],
      ['proxy', '0.0.0.0:443:443'],
      ['asterisk', '0.0.0.0:5060:5060/udp'],
      ['asterisk', '0.0.0.0:10000-10799:10000-10799/udp'],
    ]);
    const entrypoint = await readFile(join(ROOT, 'asterisk/image/entrypoint'), 'utf8');
    expect(entrypoint).to.contain('SIP_PORT=5060').and.to.contain('RTP_START=10000 RTP_END=10799');
  });

  it('has every file that it mounts or builds from', () => {
    for (const [name, { build }] of Object.entries(compose.services)) {
      if (build) expect(existsSync(join(ROOT, build.context, build.dockerfile)), name).to.equal(true);
      // What is taken from .env is the operator's.
      const sources = service(name).volumes.flatMap((one) => (one.startsWith('$') ? [] : (one.split(':')[0] ?? '')));
      for (const source of sources) {
        if (source.startsWith('.')) expect(existsSync(join(ROOT, source)), source).to.equal(true);
        else expect(compose.volumes).to.have.property(source);
      }
    }
  });

  it('has each service that the proxy leads to, in a network with it', async () => {
    const upstreams = upstreamsOf(await adaptCaddyfile({ CIVICLINE_DOMAIN: DOMAIN }));
    for (const name of upstreams.map((upstream) => upstream.replace(/:.*/, ''))) {
      expect(service('proxy').networks, name).to.include.oneOf(service(name).networks);
    }
    for (const { networks } of Object.values(compose.services)) {
      for (const network of networks) expect(compose.networks).to.have.property(network);
    }
  });

  it('lets each service reach its neighbours only', () => {
    const reachable = new Set<string>();
    for (const [name, { networks }] of Object.entries(compose.services)) {
      for (const [other, { networks: others }] of Object.entries(compose.services)) {
        const together = networks.some((network) => others.includes(network));
        if (name !== other && together) reachable.add([name, other].sort().join('-'));
      }
    }
    const ofAll = ROLE_NAMES.flatMap((role) => [[role, 'proxy'].sort().join('-'), [role, 'database'].sort().join('-')]);
    expect([...reachable]).to.have.members([...NEIGHBOURS, ...ofAll]);
    for (const network of service('database').networks) {
      expect(compose.networks[network], network).to.deep.equal({ internal: true });
    }
  });

  it('gives no role a secret of another', () => {
    const placesOf = (name: string) =>
      variablesIn(JSON.stringify([service(name).environment, service(name).volumes])).map((variable) => variable.name);
    const shared = ['CIVICLINE_ALLOW_INSECURE', 'CIVICLINE_DOMAIN', 'CIVICLINE_LOG_LEVEL'];
    for (const role of ROLE_NAMES) {
      const own = placesOf(role).filter((name) => !shared.includes(name));
      for (const other of ROLE_NAMES.filter((name) => name !== role)) {
        const common = placesOf(other).filter((name) => own.includes(name));
        expect(
          common.filter((name) => name !== 'CIVICLINE_SMIS_PUBLIC_KEYS'),
          `${role} and ${other}`,
        ).to.deep.equal([]);
      }
    }
  });

  it('leads each path of the API to the role that has it', async () => {
    const caddyfile = await readFile(join(ROOT, 'production/Caddyfile'), 'utf8');
    const paths = /^\t@smis path (.*)$/m.exec(caddyfile)?.[1]?.split(' ') ?? [];
    const led = (path: string) =>
      paths.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : path === one));
    const gateway = await startTestGateway({ CIVICLINE_ROLES: 'smis' });
    const response = await fetch(`${gateway.url}/docs/openapi.json`);
    const document = Object.keys(((await response.json()) as { paths: object }).paths);
    await gateway.stop();
    expect(document).to.include('/v1/messages/{id}/cancel');
    expect(document.filter((path) => !led(path))).to.deep.equal([]);
  });

  it('starts a role as npm start does', async () => {
    const dockerfile = await readFile(join(ROOT, service('calls').build?.dockerfile ?? ''), 'utf8');
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '') as string[];
    expect(command).to.deep.equal(['node', ...gatewayArguments.map((one) => one.replace(`${ROOT}/`, ''))]);
  });

  it('hands each role every setting that it knows, and none that it does not', () => {
    for (const role of ROLE_NAMES) {
      const known = [...variablesFor([role])].filter((name) => !OF_ONE_ROLE_AMONG_OTHERS.test(name));
      expect(known).to.include.members(['CIVICLINE_LISTEN', 'CIVICLINE_ROLES', 'DATABASE_URL']);
      const wanted = known.filter(
        (name) => !OF_THE_DEMONSTRATION.includes(name) && (FOR_ROLES[name] ?? ROLE_NAMES).includes(role),
      );
      expect(Object.keys(service(role).environment), role).to.have.members([
        ...wanted,
        ...OF_THE_COMMAND_LINE,
        ...(role === 'sms' ? SECRETS_OF_ROUTES : []),
      ]);
    }
  });

  it('hands Asterisk every setting that its entrypoint reads, and none that it does not', async () => {
    const entrypoint = await readFile(join(ROOT, 'asterisk/image/entrypoint'), 'utf8');
    const read = new Set(entrypoint.match(/(?<=\$\{)CIVICLINE_[A-Z_]+(?=:[-?+])/g));
    expect(Object.keys(service('asterisk').environment)).to.have.members([...read]);
  });

  it('takes from .env what the example names, and the example leaves out nothing that is required', async () => {
    const named = Object.keys(await readExample({ commented: true }));
    const taken = variablesIn(text);
    // Compose itself reads its profiles.
    expect(taken.map(({ name }) => name)).to.include.members(named.filter((name) => name !== 'COMPOSE_PROFILES'));
    const required = taken.filter((variable) => variable.required);
    expect(named).to.include.members(required.map(({ name }) => name));
  });

  /** What an operator fills in; `more` beside what is required. */
  const environmentOf = async (role: RoleName, more: Record<string, string> = {}) => {
    const key = randomBytes(32).toString('base64');
    const example = await readExample({ commented: false });
    const filled = Object.keys(example).flatMap((name) => {
      if (/^DATABASE_PASSWORD_/.test(name)) return [[name, 'abcdef']];
      return /_KEY(_CALLS|_SMIS|_SMS)?$|PASSWORD|TOKEN/.test(name) && !/_ROLE_KEY_/.test(name) ? [[name, key]] : [];
    });
    const values = {
      ...example,
      ...Object.fromEntries(filled),
      CIVICLINE_OIDC_ISSUER: 'https://id.example.nl',
      CIVICLINE_OIDC_CLIENT_ID: 'console',
      CIVICLINE_OIDC_CLIENT_SECRET: 'secret',
      ...more,
    };
    const environment = Object.entries(service(role).environment).map(([name, value]) => [name, fillIn(value, values)]);
    return { values, environment: Object.fromEntries(environment) as Record<string, string> };
  };

  it('gives calls and SMIS what they can start with, when the example is filled in', async () => {
    const { values, environment } = await environmentOf('calls');
    const config = readConfig(environment);
    expect(config.listen).to.deep.equal({ host: '0.0.0.0', port: 3000 });
    expect(config.publicUrl).to.equal(`https://${DOMAIN}`);
    expect(config.demo).to.equal(false);
    const { calls } = config.settings;
    expect(calls?.asterisks[0]?.softphoneUrl).to.equal(`wss://${DOMAIN}/console/sip`);
    expect(mountsOf('calls', values)).to.include({ [calls?.organisationsFile ?? '']: './civicline.yaml' });
    const smis = readConfig((await environmentOf('smis')).environment);
    expect(smis.remoteChannels).to.deep.equal([]);
    for (const { definition, storage } of [...config.roles, ...smis.roles]) {
      const { name } = definition;
      expect(storage.databaseUrl).to.equal(`postgres://civicline_${name}:abcdef@database/civicline`);
      expect(storage.dataKeys).to.have.length(1);
    }
  });

  it('gives channels what they can start with, when the example is followed to its end', async () => {
    const commented = await readExample({ commented: true });
    const keys = JSON.stringify([{ keyId: 'a', privateKey: randomBytes(32).toString('base64url') }]);
    const [smisKey, smsKey, emailKey] = [generateRoleKey(), generateRoleKey(), generateRoleKey()];
    const more = {
      CIVICLINE_ROLE_KEY_SMIS: smisKey.privateKey,
      CIVICLINE_ROLE_KEY_SMS: smsKey.privateKey,
      CIVICLINE_ROLE_KEY_EMAIL: emailKey.privateKey,
      CIVICLINE_SMIS_PUBLIC_KEYS: smisKey.publicKey,
      CIVICLINE_CHANNELS: (commented.CIVICLINE_CHANNELS ?? '')
        .replace('…', smsKey.publicKey)
        .replace('…', emailKey.publicKey),
      CIVICLINE_SMS_ROUTES_FILE: commented.CIVICLINE_SMS_ROUTES_FILE ?? '',
      CIVICLINE_SMS_KEYS: keys,
      CIVICLINE_EMAIL: '{"server":"smtps://user:password@mail.example.be:465","from":"noreply@example.be"}',
      CIVICLINE_EMAIL_KEYS: keys,
    };
    const smis = readConfig((await environmentOf('smis', more)).environment);
    const profiles = (commented.COMPOSE_PROFILES ?? '').split(',');
    expect(smis.remoteChannels.map(({ name }) => name)).to.deep.equal(profiles);
    for (const { name, url } of smis.remoteChannels) {
      expect(url).to.equal(`http://${name}:3000`);
      expect(service(name).profiles).to.deep.equal([name]);
    }
    const { values, environment } = await environmentOf('sms', more);
    const sms = readConfig(environment);
    expect(mountsOf('sms', values)).to.include({ [sms.settings.sms?.routesFile ?? '']: './sms-routes.yaml' });
    const email = readConfig((await environmentOf('email', more)).environment);
    expect(email.settings.email?.CIVICLINE_EMAIL.smtp.host).to.equal('mail.example.be');
    for (const { smisPublicKeys } of [sms, email]) expect(smisPublicKeys).to.deep.equal([smisKey.publicKey]);
  });

  it('says what is missing where a channel is asked for and its keys are not there', async () => {
    const { environment } = await environmentOf('sms');
    expect(() => readConfig(environment))
      .to.throw('CIVICLINE_SMS_KEYS: is missing')
      .with.property('code', 'CONFIG_INVALID');
  });

  it('makes the users of roles when it makes the database', () => {
    expect(mountsOf('database', {})['/docker-entrypoint-initdb.d']).to.equal('./production/database');
    const passwords = ROLE_NAMES.map((role) => `DATABASE_PASSWORD_${role.toUpperCase()}`);
    expect(Object.keys(service('database').environment)).to.include.members(passwords);
    expect(service('database').ports).to.deep.equal([]);
  });
});
