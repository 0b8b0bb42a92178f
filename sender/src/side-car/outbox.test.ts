import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createSender } from '../index.ts';
import { KEY, type StandInSmis, standInSmis } from '../testing/stand-in-smis.ts';
import { createCipher } from './cipher.ts';
import { openSideCarDatabase, type SideCarDatabase } from './database.ts';
import { type Outbox, startOutbox } from './outbox.ts';
import { createSideCarStore, type SideCarStore } from './store.ts';
import type { NewMessage } from './stored.ts';

const MINUTE = 60_000;
const SERVICE = 'service';

describe('outbox of the side-car', () => {
  let smis: StandInSmis;
  let database: SideCarDatabase;
  let store: SideCarStore;
  let outbox: Outbox;
  let now: number;

  beforeEach(async () => {
    smis = await standInSmis();
    now = Date.parse('2026-06-01T08:00:00Z');
    const clock = { now: () => now, wait: async () => undefined };
    database = openSideCarDatabase(':memory:');
    store = createSideCarStore(database, createCipher(randomBytes(32)), clock.now);
    const sender = createSender({ url: smis.url, key: KEY, clock });
    const nothing = () => undefined;
    outbox = startOutbox({ service: SERVICE, sender, store, onEnded: nothing, log: nothing, now: clock.now });
  });
  afterEach(async () => {
    await outbox.stop();
    database.close();
    await smis.close();
  });

  /** Handed in; resolves with its id. */
  async function hand(more: Partial<NewMessage> = {}): Promise<string> {
    const content = { to: { phone: '+32470000001' }, text: 'Uw afspraak', category: 'individual' } as const;
    const about = { service: SERVICE, dialect: 'plain', sandbox: false, urgency: 'normal' } as const;
    const message = { id: randomUUID(), ...about, dueAt: now, expiresAt: now + 60 * MINUTE, content, settings: {} };
    await store.add([{ ...message, ...more }]);
    outbox.wake();
    return more.id ?? message.id;
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const stateOf = (id: string, sandbox = false) => store.find(id, SERVICE, sandbox)?.state;
  const reaches = (id: string, state: string, sandbox = false) => until(() => stateOf(id, sandbox) === state);
  function pass(ms: number): void {
    now += ms;
    outbox.wake();
  }

  /** SMIS has those channels only. */
  async function offer(...names: string[]): Promise<void> {
    const answer = await fetch(`${smis.url}/v1/channels`, { headers: { authorization: `Bearer ${KEY}` } });
    const { channels } = (await answer.json()) as { channels: { name: string }[] };
    const body = JSON.stringify({ channels: channels.filter(({ name }) => names.includes(name)) });
    smis.trouble = ({ path }) => (path === '/v1/channels' ? { status: 200, body } : undefined);
  }

  for (const offered of [[], ['email']]) {
    it(`waits for a channel that SMIS does not offer for a while; it offers ${offered.join() || 'none'}`, async () => {
      await offer(...offered);
      const id = await hand();
      const soonOver = await hand({ expiresAt: now + MINUTE / 2 });
      await until(() => outbox.state().failure === 'CHANNEL_UNAVAILABLE');
      expect([stateOf(id), stateOf(soonOver)]).to.deep.equal(['waiting', 'waiting']);
      smis.trouble = () => undefined;
      pass(MINUTE);
      await reaches(id, 'accepted');
      expect(stateOf(soonOver)).to.equal('expired');
      expect(outbox.state().failure).to.equal(null);
    });
  }

  it('asks for the channels once a minute, however many messages wait for one', async () => {
    await offer();
    const before = smis.requests.length;
    await Promise.all(Array.from({ length: 20 }, () => hand()));
    await until(() => outbox.state().failure !== null && store.due(SERVICE, 1).length === 0);
    expect(smis.requests.length - before).to.equal(1);
  });

  it('waits for a channel that SMIS has lost since its keys were asked for', async () => {
    const errors = [{ path: '/strategy/0/channel', message: 'is not a channel here; see GET /v1/channels' }];
    const problem = { type: 'about:blank', title: 'no', status: 400, code: 'INPUT_INVALID', errors };
    const body = JSON.stringify([{ problem }]);
    smis.trouble = ({ path }) => (path.endsWith('/batch') ? { status: 200, body } : undefined);
    const id = await hand();
    await until(() => outbox.state().failure === 'CHANNEL_UNAVAILABLE');
    expect(stateOf(id)).to.equal('waiting');
    smis.trouble = () => undefined;
    pass(MINUTE);
    await reaches(id, 'accepted');
  });

  it('takes the refusal of something in between for no answer of SMIS', async () => {
    for (const status of [400, 413, 422]) {
      smis.trouble = ({ path }) => (path.endsWith('/batch') ? { status, body: '<html>no</html>' } : undefined);
      const id = await hand();
      await until(() => outbox.state().failure !== null);
      expect(stateOf(id)).to.equal('sending');
      smis.trouble = () => undefined;
      outbox.wake();
      await reaches(id, 'accepted');
    }
    expect(smis.messages.size).to.equal(3);
  });

  it('ends a batch that SMIS itself refuses', async () => {
    const problem = { type: 'about:blank', title: 'no', status: 400, code: 'INPUT_INVALID' };
    smis.trouble = ({ path }) => (path.endsWith('/batch') ? { status: 400, body: JSON.stringify(problem) } : undefined);
    const id = await hand();
    await reaches(id, 'refused');
    expect(store.find(id, SERVICE)?.reason).to.equal('INPUT_INVALID');
  });

  it('submits no more than 4 MiB at once', async () => {
    const sizes: number[] = [];
    smis.trouble = ({ path, body }) => {
      if (path.endsWith('/batch')) sizes.push(body.length);
      return undefined;
    };
    const to = { email: 'jan@voorbeeld.be' };
    const content = { to, subject: 's', text: 'x'.repeat(20_000), category: 'individual' } as const;
    await Promise.all(Array.from({ length: 200 }, () => hand({ content })));
    await until(() => smis.messages.size === 200);
    expect(Math.max(...sizes)).to.be.within(1024 * 1024, 4 * 1024 * 1024);
  });

  it('lets expiry and the sandbox go on while SMIS is away', async () => {
    smis.trouble = ({ path }) => (path.endsWith('/batch') ? { status: 404 } : undefined);
    const underWay = await hand();
    await until(() => outbox.state().failure !== null);
    const sandbox = await hand({ sandbox: true });
    const expired = await hand({ expiresAt: now });
    await reaches(sandbox, 'delivered', true);
    await reaches(expired, 'expired');
    expect(stateOf(underWay)).to.equal('sending');
  });
});
