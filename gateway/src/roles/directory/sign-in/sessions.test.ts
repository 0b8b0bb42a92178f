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
        createSessions({
          database,
          organisations,
          cookieName: 'session',
          sessionKey,
          idleMs: SESSION_MS,
          now: Date.now,
        });
      const [key, other] = [randomBytes(32), randomBytes(32)];
      const first = await begun(key);
      const cookie = `session=${await first.begin('agent-a', { sub: 'a' })}`;
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
        createSessions({
          database,
          organisations,
          cookieName: 'session',
          sessionKey,
          idleMs: SESSION_MS,
          now: () => clock,
        });
      const [here, elsewhere] = [await begun(), await begun()];
      const heard: string[] = [];
      const signIn = async (name: string) => {
        const signedIn = await here.fromCookies(`session=${await here.begin('agent-a', { sub: 'a' })}`);
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

    it('are not idle while they are in use', async () => {
      const database = await open();
      let clock = Date.now();
      const idleMs = SESSION_MS / 4;
      const sessions = await createSessions({
        database,
        organisations,
        cookieName: 'session',
        sessionKey: randomBytes(32),
        idleMs,
        now: () => clock,
      });
      const cookie = `session=${await sessions.begin('agent-a', { sub: 'a' })}`;
      const { sessionId = '' } = (await sessions.fromCookies(cookie)) ?? {};
      let inCall = true;
      let heard = false;
      sessions.whenEnded(
        sessionId,
        () => {
          heard = true;
        },
        () => inCall,
      );
      for (let sweep = 0; sweep < 3; sweep += 1) {
        clock += idleMs - 1;
        await sessions.sweep();
      }
      expect(heard).to.equal(false);
      inCall = false;
      clock += idleMs;
      await sessions.sweep();
      expect(heard).to.equal(true);
      sessions.close();
    });
  }));
