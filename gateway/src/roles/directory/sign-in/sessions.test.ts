import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { DEMO_FILE } from '../../../test-gateway.ts';
import { createOrganisations, readOrganisationsFile } from '../organisations/index.ts';
import { createSessions, SESSION_MS } from './sessions.ts';

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

    it('are heard to end here at once, and at another gateway in the next sweep', async () => {
      const database = await open();
      const sessionKey = randomBytes(32);
      let clock = Date.now();
      const begun = () =>
        createSessions({ database, organisations, cookieName: 'session', sessionKey, now: () => clock });
      const [here, elsewhere] = [await begun(), await begun()];
      const heard: string[] = [];
      const signIn = async (name: string) => {
        const signedIn = await here.fromCookies(`session=${await here.begin('agent-a')}`);
        if (!signedIn) throw new Error('not signed in');
        return { id: signedIn.sessionId, stop: here.whenEnded(signedIn.sessionId, () => heard.push(name)) };
      };
      const first = await signIn('ended here');
      const second = await signIn('ended elsewhere');
      await signIn('expired');
      const gone = await signIn('of no interest any more');
      clock += SESSION_MS / 2;
      await signIn('goes on');

      await here.end(first.id);
      expect(heard).to.deep.equal(['ended here']);
      first.stop();
      await elsewhere.end(second.id);
      await here.sweep();
      expect(heard).to.deep.equal(['ended here', 'ended elsewhere']);
      second.stop();
      gone.stop();
      clock += SESSION_MS / 2;
      await elsewhere.sweep();
      await here.sweep();
      expect(heard).to.deep.equal(['ended here', 'ended elsewhere', 'expired']);
      for (const sessions of [here, elsewhere]) sessions.close();
    });
  }));
