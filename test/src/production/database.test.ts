import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { ROLE_NAMES } from '../../../gateway/src/config.ts';
import { type Cluster, startCluster } from '../../../gateway/src/platform/storage/testing/index.ts';
import { startTestGateway } from '../../../gateway/src/test-gateway.ts';
import { ROOT } from './compose.ts';

const USERS = join(ROOT, 'production/database/users.sql');

const ROUTES = `routes:
  - name: nowhere
    kind: smpp
    host: 127.0.0.1
    port: 9
    systemId: civicline
    passwordFile: password
    prefixes: [{ prefix: '+', price: 0.025 }]
`;

describe('production/database/users.sql', function () {
  this.timeout(120_000);
  let folder: string;
  let cluster: Cluster;
  /** As the user of a role. */
  const urlOf = (role: string) => cluster.url.replace('//postgres@', `//civicline_${role}@`);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-users-'));
    await writeFile(join(folder, 'password'), 'any');
    await writeFile(join(folder, 'routes.yaml'), ROUTES);
    cluster = await startCluster();
    const passwords = ROLE_NAMES.map((role) => [`DATABASE_PASSWORD_${role.toUpperCase()}`, `password of '${role}'`]);
    const env = { PATH: process.env.PATH, ...Object.fromEntries(passwords) };
    await promisify(execFile)('psql', ['--no-psqlrc', '-q', '-f', USERS, cluster.url], { env });
    const keys = () => JSON.stringify([{ keyId: 'a', privateKey: randomBytes(32).toString('base64url') }]);
    const gateway = await startTestGateway({
      ...Object.fromEntries(ROLE_NAMES.map((role) => [`DATABASE_URL_${role.toUpperCase()}`, urlOf(role)])),
      CIVICLINE_EMAIL: '{"server":"smtps://user:password@127.0.0.1:9","from":"noreply@example.be"}',
      CIVICLINE_EMAIL_KEYS: keys(),
      CIVICLINE_SMS_ROUTES: join(folder, 'routes.yaml'),
      CIVICLINE_SMS_KEYS: keys(),
    });
    await gateway.stop();
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true });
  });

  async function as(role: string, statement: string): Promise<{ rows: Record<string, string>[]; refused: string }> {
    const client = new pg.Client(urlOf(role));
    await client.connect();
    try {
      return { rows: (await client.query(statement)).rows, refused: '' };
    } catch (error) {
      return { rows: [], refused: (error as pg.DatabaseError).code ?? String(error) };
    } finally {
      await client.end();
    }
  }
  const tablesOf = async (role: string) => {
    const { rows } = await as(role, `select tablename from pg_tables where schemaname = '${role}'`);
    return rows.map(({ tablename }) => tablename ?? '');
  };

  const FORBIDDEN = '42501';

  it('gives each role what it needs: all of them start, and make their tables in their own schema', async () => {
    for (const role of ROLE_NAMES) {
      const tables = await tablesOf(role);
      expect(tables, role).to.include('migrations').and.to.have.length.greaterThan(2);
      for (const table of tables) expect((await as(role, `select * from ${role}.${table}`)).refused).to.equal('');
    }
    expect(await tablesOf('calls')).to.include('call_requests');
  });

  it('lets no role read, write, empty or rename a table of another', async () => {
    for (const role of ROLE_NAMES) {
      for (const other of ROLE_NAMES.filter((name) => name !== role)) {
        for (const table of await tablesOf(other)) {
          const name = `${other}.${table}`;
          const tries = [
            `select * from ${name}`,
            `delete from ${name}`,
            `truncate ${name}`,
            `alter table ${name} rename to x`,
          ];
          for (const statement of tries) {
            expect((await as(role, statement)).refused, `${role}: ${statement}`).to.equal(FORBIDDEN);
          }
        }
      }
    }
  });

  it('lets no role make schemas, tables elsewhere, or use another user', async () => {
    const tries = [
      'create schema mine',
      'create table public.mine ()',
      'create table calls.mine ()',
      'create temporary table mine ()',
      'set role civicline_calls',
      'create role mine',
    ];
    for (const statement of tries) expect((await as('smis', statement)).refused, statement).to.equal(FORBIDDEN);
  });
});
