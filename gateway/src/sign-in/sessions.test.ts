import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createOrganisations, readOrganisationsFile } from '../organisations/index.ts';
import { eachEngine } from '../storage/testing.ts';
import { DEMO_FILE } from '../test-gateway.ts';
import { createSessions } from './sessions.ts';

const organisations = createOrganisations(readOrganisationsFile(DEMO_FILE));

describe('sessions', () =>
  eachEngine((open) => {
    it('end for everybody when the session key is replaced, and with it only', async () => {
      const database = await open();
      const begun = (sessionKey: Buffer) =>
        createSessions({ database, organisations, cookieName: 'session', sessionKey, now: Date.now });
      const [key, other] = [randomBytes(32), randomBytes(32)];
      const first = await begun(key);
      const cookie = `session=${await first.begin('agent-a')}`;
      const [restarted, rekeyed] = [await begun(key), await begun(other)];
      expect((await restarted.fromCookies(cookie))?.agent.id).to.equal('agent-a');
      expect(await rekeyed.fromCookies(cookie)).to.equal(null);
      for (const sessions of [first, restarted, rekeyed]) sessions.close();
    });
  }));
