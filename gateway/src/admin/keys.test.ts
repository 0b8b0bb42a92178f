import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createSealer, type Database, openDatabase } from '../platform/storage/index.ts';
import { eachEngine } from '../platform/storage/testing/index.ts';
import { agentMigrations, createAgentStore } from '../roles/calls/agents/index.ts';
import { openRoom } from '../roles/smis/feedback/testing/room.ts';
import { main } from './main.ts';

const base64 = (...keys: Buffer[]) => keys.map((key) => key.toString('base64')).join(',');

describe('civicline keys move', () =>
  eachEngine((_open, place) => {
    const shared = randomBytes(32);
    const own = { calls: randomBytes(32), smis: randomBytes(32) };
    let url: string;
    let calls: Database;
    let smis: Database;

    beforeEach(async () => {
      ({ url } = place());
      [calls, smis] = await Promise.all(['calls', 'smis'].map((role) => openDatabase({ url, role })) as [never, never]);
      await calls.migrate('agents', agentMigrations);
      await calls.withTables<{ agent_secrets: object }>().write((sql) => sql.deleteFrom('agent_secrets').execute());
      const agents = createAgentStore(calls, createSealer([shared]));
      await agents.saveSecrets([
        { agentId: 'anna', kind: 'phone', password: 'sip secret', createdAt: 1, handedOut: false },
      ]);
    });
    afterEach(async () => {
      await calls.close();
      await smis.close();
    });

    async function run(environment: Record<string, string>, ...args: string[]) {
      const out: string[] = [];
      const error: string[] = [];
      const output = {
        stdout: { write: (text: string) => out.push(text) },
        stderr: { write: (text: string) => error.push(text) },
      };
      const settings = { DATABASE_URL: url, CIVICLINE_RUN_FILE: '/nowhere', ...environment };
      const code = await main(['keys', 'move', ...args], { environment: settings, output });
      return { code, out: out.join(''), error: error.join('') };
    }

    it('brings what each role has stored under its own key, beside a gateway that runs', async () => {
      const room = await openRoom({ database: smis, dataKey: shared });
      try {
        await smis.withTables<{ webhooks: object }>().write((sql) => sql.deleteFrom('webhooks').execute());
        const { key } = await room.addSender('CTPC');
        const added = await room.ask(key, '/v1/webhooks', { url: 'http://127.0.0.1:9/hook' });
        expect(added.status).to.equal(201);
        const environment = {
          CIVICLINE_ROLES: 'calls,smis',
          CIVICLINE_DATA_KEY_CALLS: base64(own.calls, shared),
          CIVICLINE_DATA_KEY_SMIS: base64(own.smis, shared),
        };
        const { code, out, error } = await run(environment, '--json');
        expect(code, error).to.equal(0);
        expect(JSON.parse(out)).to.deep.equal([
          { role: 'calls', moved: 1, broken: 0 },
          { role: 'smis', moved: 1, broken: 0 },
        ]);
        expect(error).to.equal('calls: 1 moved\nsmis: 1 moved\n');
        const [secret] = await createAgentStore(calls, createSealer([own.calls])).secrets();
        expect(secret?.password).to.equal('sip secret');
        const rows = await smis
          .withTables<{ webhooks: { secret: string } }>()
          .sql.selectFrom('webhooks')
          .select('secret')
          .execute();
        expect(rows.map(({ secret }) => secret.split('.')[0])).to.deep.equal([createSealer([own.smis]).keyId]);
      } finally {
        await room.close();
      }
    });

    it('says by a stable code when the older key is not there, and changes nothing', async () => {
      const { code, error } = await run({ CIVICLINE_DATA_KEY_CALLS: base64(own.calls) }, 'calls');
      expect(code).to.equal(1);
      expect(error).to.include('DATA_KEY_MISSING').and.to.include('calls: 1');
      const [secret] = await createAgentStore(calls, createSealer([shared])).secrets();
      expect(secret?.password).to.equal('sip secret');
    });

    it('does not know other roles', async () => {
      expect(await run({}, 'smtp')).to.include({ code: 2, out: '' });
    });
  }));
