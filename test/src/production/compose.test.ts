import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gatewayArguments } from '@civicline/launcher';
import { expect } from 'chai';
import { ROLE_NAMES, readConfig, variablesFor } from '../../../gateway/src/config.ts';
import { type Compose, fillIn, parseCompose, ROOT, readComposeText, readExample, variablesIn } from './compose.ts';
import { adaptCaddyfile, DOMAIN, upstreamsOf } from './proxy.ts';

/** The names by which a routes file may ask for secrets; what the command line reads; the demonstration's settings. */
const SECRETS_OF_ROUTES = ['CARRIER_PASSWORD', 'RINGRING_KEY', 'RINGRING_WEBHOOK_SECRET'];
const OF_THE_COMMAND_LINE = ['CIVICLINE_GATEWAY_URL'];
const OF_THE_DEMONSTRATION = ['CIVICLINE_DEMO', 'CIVICLINE_PHONES_URL'];
/** Of roles that are processes of their own. */
const OF_ROLES_APART = /^(CIVICLINE_(ROLES|ROLE_KEY|CHANNELS|SMIS_PUBLIC_KEYS)|(DATABASE_URL|CIVICLINE_DATA_KEY)_.+)$/;

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
    const mounted = { ...mountsOf('gateway', {}), ...mountsOf('asterisk', {}) };
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

  it('starts the gateway as npm start does', async () => {
    const dockerfile = await readFile(join(ROOT, service('gateway').build?.dockerfile ?? ''), 'utf8');
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '') as string[];
    expect(command).to.deep.equal(['node', ...gatewayArguments.map((one) => one.replace(`${ROOT}/`, ''))]);
  });

  it('hands the gateway every setting that it knows, and none that it does not', async () => {
    const known = [...variablesFor(ROLE_NAMES)].filter((name) => !OF_ROLES_APART.test(name));
    expect(known).to.include.members(['CIVICLINE_LISTEN', 'DATABASE_URL', 'CIVICLINE_HOLIDAYS']);
    const wanted = known.filter((name) => !OF_THE_DEMONSTRATION.includes(name));
    expect(Object.keys(service('gateway').environment)).to.have.members([
      ...wanted,
      ...SECRETS_OF_ROUTES,
      ...OF_THE_COMMAND_LINE,
    ]);
  });

  it('hands Asterisk every setting that its entrypoint reads, and none that it does not', async () => {
    const entrypoint = await readFile(join(ROOT, 'asterisk/image/entrypoint'), 'utf8');
    const read = new Set(entrypoint.match(/(?<=\$\{)CIVICLINE_[A-Z_]+(?=:[-?+])/g));
    expect(Object.keys(service('asterisk').environment)).to.have.members([...read]);
  });

  it('takes from .env what the example names, and the example leaves out nothing that is required', async () => {
    const named = Object.keys(await readExample({ commented: true }));
    const taken = variablesIn(text);
    expect(taken.map(({ name }) => name)).to.include.members(named);
    // The password of PostgreSQL stands in a comment, and is told there.
    const required = taken.filter(({ name, required }) => required && name !== 'POSTGRES_PASSWORD');
    expect(named).to.include.members(required.map(({ name }) => name));
  });

  /** What an operator fills in; `more` beside what is required. */
  const environmentOf = async (more: Record<string, string>) => {
    const key = randomBytes(32).toString('base64');
    const example = await readExample({ commented: false });
    const values = {
      ...example,
      ...Object.fromEntries(
        Object.keys(example).flatMap((name) => (/_KEY$|PASSWORD|TOKEN/.test(name) ? [[name, key]] : [])),
      ),
      CIVICLINE_OIDC_ISSUER: 'https://id.example.nl',
      CIVICLINE_OIDC_CLIENT_ID: 'console',
      CIVICLINE_OIDC_CLIENT_SECRET: 'secret',
      ...more,
    };
    const environment = Object.entries(service('gateway').environment).map(([name, value]) => [
      name,
      fillIn(value, values),
    ]);
    return { values, environment: Object.fromEntries(environment) as Record<string, string> };
  };

  it('gives the gateway what it can start with, when the example is filled in', async () => {
    const { values, environment } = await environmentOf({});
    const config = readConfig(environment);
    expect(config.listen).to.deep.equal({ host: '0.0.0.0', port: 3000 });
    expect(config.publicUrl).to.equal(`https://${DOMAIN}`);
    const { calls } = config.settings;
    for (const { storage } of config.roles) expect(storage.databaseUrl).to.equal('file:/var/lib/civicline');
    expect(calls?.asterisks[0]?.softphoneUrl).to.equal(`wss://${DOMAIN}/console/sip`);
    expect(config.demo).to.equal(false);
    expect(Object.keys(config.settings)).to.deep.equal(['calls', 'smis']);
    expect(mountsOf('gateway', values)).to.include({
      [calls?.organisationsFile ?? '']: './civicline.yaml',
      '/var/lib/civicline': 'gateway-data',
      '/etc/civicline/sms-routes.yaml': '/dev/null',
    });
  });

  it('gives the gateway its channels and limits, when the example is followed to its end', async () => {
    const commented = await readExample({ commented: true });
    const keys = JSON.stringify([{ keyId: 'a', privateKey: randomBytes(32).toString('base64url') }]);
    const { values, environment } = await environmentOf({
      CIVICLINE_SMS_ROUTES: commented.CIVICLINE_SMS_ROUTES ?? '',
      CIVICLINE_SMS_ROUTES_FILE: commented.CIVICLINE_SMS_ROUTES_FILE ?? '',
      CIVICLINE_SMS_KEYS: keys,
      CIVICLINE_EMAIL: '{"server":"smtps://user:password@mail.example.be:465","from":"noreply@example.be"}',
      CIVICLINE_EMAIL_KEYS: keys,
      CIVICLINE_CODE_MINUTES: '5',
      CIVICLINE_CALL_REQUESTS_PER_MINUTE: '7',
    });
    const { sms, email, calls } = readConfig(environment).settings;
    expect(email?.CIVICLINE_EMAIL.smtp.host).to.equal('mail.example.be');
    expect(calls).to.include({ codeMinutes: 5, callRequestsPerMinute: 7 });
    expect(mountsOf('gateway', values)).to.include({ [sms?.routesFile ?? '']: './sms-routes.yaml' });
  });

  it('stays whole when PostgreSQL is taken out of its comments', () => {
    const { services, volumes } = parseCompose(text.replace(/^ {2}# (?=database|\s)/gm, '  '));
    expect(services.database?.ports).to.deep.equal([]);
    expect(services.database?.networks).to.deep.equal(['storage']);
    expect(services.gateway?.networks).to.include('storage');
    expect(volumes).to.have.property('database-data');
  });
});
