import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { openDatabase } from '../platform/storage/index.ts';
import { eachEngine } from '../platform/storage/testing.ts';
import { createOrganisations, readOrganisationsFile } from '../roles/directory/organisations/index.ts';
import { createSessions } from '../roles/directory/sign-in/sessions.ts';
import { DEMO_FILE } from '../test-gateway.ts';
import { main } from './main.ts';

describe('civicline sessions', () =>
  eachEngine((_open, place) => {
    it('lists who is signed in, and signs one person out everywhere', async () => {
      const { url } = place();
      const database = await openDatabase({ url, role: 'calls' });
      const sessions = await createSessions({
        database,
        organisations: createOrganisations(readOrganisationsFile(DEMO_FILE)),
        cookieName: 'session',
        sessionKey: randomBytes(32),
        idleMs: 60_000,
        now: Date.now,
      });
      const cookies: string[] = [];
      for (const agent of ['agent-a', 'agent-a', 'agent-b']) {
        cookies.push(`session=${await sessions.begin(agent, { sub: agent })}`);
      }
      const run = async (...args: string[]) => {
        let out = '';
        const stdout = { write: (text: string) => (out += text) };
        const environment = { DATABASE_URL: url, CIVICLINE_RUN_FILE: '/nowhere' };
        const code = await main(args, { environment, output: { stdout, stderr: stdout } });
        return { code, out };
      };
      const { out } = await run('sessions', 'list', '--json');
      expect((JSON.parse(out) as { agentId: string }[]).map(({ agentId }) => agentId)).to.have.members([
        'agent-a',
        'agent-a',
        'agent-b',
      ]);
      expect(await run('sessions', 'end', 'agent-a')).to.deep.equal({ code: 0, out: 'agent-a: 2 ended.\n' });
      const people = await Promise.all(cookies.map((cookie) => sessions.fromCookies(cookie)));
      expect(people.map((signedIn) => signedIn?.agent.id ?? null)).to.deep.equal([null, null, 'agent-b']);
      sessions.close();
      await database.close();
    });
  }));
