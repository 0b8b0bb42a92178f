import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { sql as raw } from 'kysely';
import pg from 'pg';
import { type Database, type Migration, openDatabase, StorageError } from './index.ts';
import { type Cluster, startCluster } from './testing/index.ts';

interface Tables {
  notes: { id: number; text: string };
}

describe('storage on PostgreSQL', () => {
  let cluster: Cluster;
  before(async function () {
    this.timeout(60_000);
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  const open = async (role: string, url = cluster.url): Promise<Database<Tables>> =>
    (await openDatabase({ url, role })).withTables<Tables>();
  const createNotes = (database: Database<Tables>) =>
    database.write((sql) =>
      sql.schema.createTable('notes').addColumn('id', 'integer').addColumn('text', 'text').execute(),
    );
  const read = ({ sql }: Database<Tables>) => sql.selectFrom('notes').selectAll().execute();
  const add = (database: Database<Tables>, id: number) =>
    database.write((sql) => sql.insertInto('notes').values({ id, text: 'note' }).returningAll().execute());

  it('goes on when another gateway has added a column', async () => {
    const database = await open('columns');
    await createNotes(database);
    // Often enough for the statements to be prepared on every connection.
    for (let n = 0; n < 5; n++) {
      await add(database, n);
      await Promise.all(Array.from({ length: 20 }, () => read(database)));
    }
    const other = new pg.Client(cluster.url);
    await other.connect();
    await other.query('alter table columns.notes add column more text');
    await other.end();

    for (const row of await read(database)) expect(row).to.have.property('more');
    const error = await add(database, 5).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_UNAVAILABLE');
    expect(await add(database, 6)).to.deep.equal([{ id: 6, text: 'note', more: null }]);
    expect(await read(database)).to.have.length(6);
    await database.close();
  });

  it('gives a migration all the time it needs, also to wait for that of another gateway', async () => {
    const url = `${cluster.url}?statement_timeout=100&lock_timeout=100&query_timeout=200`;
    const gateways = [await open('slow', url), await open('slow', url)];
    let runs = 0;
    const slow: Migration = {
      name: 'slow',
      async up(sql) {
        runs++;
        await raw`select pg_sleep(0.5)`.execute(sql);
      },
    };
    await Promise.all(gateways.map((gateway) => gateway.migrate('slow', [slow])));
    expect(runs).to.equal(1);

    const [gateway] = gateways as [Database<Tables>];
    const error = await gateway.write((sql) => raw`select pg_sleep(0.5)`.execute(sql)).catch((reason) => reason);
    expect(error).to.be.instanceOf(StorageError);
    await Promise.all(gateways.map((each) => each.close()));
  });

  it('closes although the server has fallen silent', async function () {
    this.timeout(60_000);
    const wire = await openWire(cluster);
    const database = await open('silent', wire.url);
    await createNotes(database);
    await Promise.all(Array.from({ length: 20 }, () => read(database)));
    wire.cut();
    const begun = Date.now();
    await database.close();
    expect(Date.now() - begun).to.be.below(20_000);
    wire.close();
  });
});

/** A way to the server that can fall silent: nothing arrives any more, and nothing ends. */
async function openWire({ url }: Cluster) {
  const folder = decodeURIComponent(/@([^/]+)/.exec(url)?.[1] ?? '');
  const socketPath = `${folder}/.s.PGSQL.5432`;
  const sockets: Socket[] = [];
  const server: Server = createServer((near) => {
    const far = createConnection(socketPath);
    sockets.push(near, far);
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => near.write(data));
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`,
    cut() {
      for (const socket of sockets) socket.removeAllListeners('data').pause();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
