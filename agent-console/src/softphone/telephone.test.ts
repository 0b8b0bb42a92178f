import { mock } from 'node:test';
import type { Reply, SoftphoneCredentials } from '@civicline/protocol';
import { expect } from 'chai';
import type { Microphone } from './microphone.ts';
import { type Softphone, type SoftphoneState, STOPPED } from './softphone.ts';
import type { TabLock } from './tab-lock.ts';
import { createTelephone, NO_TELEPHONE, type Telephone, type TelephoneState, type Wish } from './telephone.ts';

const CREDENTIALS: SoftphoneCredentials = {
  accounts: [
    { websocketUrl: 'ws://127.0.0.1/ws', sipUri: 'sip:browser-me@civicline', user: 'browser-me', password: 'secret' },
  ],
  iceServers: [],
};
const READY: Wish = { device: 'browser', online: true, call: null };

const talk = (part: Partial<NonNullable<Wish['call']>> = {}): NonNullable<Wish['call']> => ({
  id: 'call-1',
  state: 'connected',
  muted: false,
  device: 'browser',
  ...part,
});

/** Lets everything that waits only for promises happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** What a test has begun, to be closed after it. */
const begun: Telephone[] = [];

/** A telephone with stand-ins for everything that needs a browser. */
function telephoneWithStandIns() {
  const done: string[] = [];
  let tell: (state: SoftphoneState) => void = () => undefined;
  let softphoneState = STOPPED;
  let state: TelephoneState = NO_TELEPHONE;
  let permissionChanged: () => void = () => undefined;
  const world = {
    microphone: 'granted' as 'granted' | 'refused' | 'missing',
    turn: true,
    giveTurn: (): void => {},
    answer: { ok: true } as Reply,
    reply: { ok: true, credentials: CREDENTIALS } as Reply<{ credentials: SoftphoneCredentials }>,
    done,
    state: () => state,
    softphoneSays(part: Partial<SoftphoneState>) {
      softphoneState = { ...softphoneState, ...part };
      tell(softphoneState);
    },
    permissionChanged: () => permissionChanged(),
  };
  const softphone: Softphone = {
    register() {
      done.push('register');
      world.softphoneSays({ registration: 'connecting' });
    },
    unregister() {
      done.push('unregister');
      world.softphoneSays(STOPPED);
    },
    answer() {
      done.push('answer');
      world.softphoneSays({ session: 'active' });
    },
    hangUp() {
      done.push('hang up');
      world.softphoneSays({ session: 'none' });
    },
    setMuted: (muted) => muted && done.push('mute'),
    playSound: () => done.push('play'),
    subscribe(listener) {
      tell = listener;
      return () => undefined;
    },
  };
  const microphone: Microphone = {
    ask: async () => world.microphone,
    onPermissionChange(listener) {
      permissionChanged = listener;
      return () => undefined;
    },
  };
  const tabLock: TabLock = {
    acquire(onHeld) {
      world.giveTurn = onHeld;
      if (world.turn) onHeld();
      return () => done.push('leave tab');
    },
  };
  const telephone = createTelephone({
    softphone,
    microphone,
    tabLock,
    credentials: async () => world.reply,
    async ask(name, { callId }) {
      done.push(`ask ${name} ${callId}`);
      return world.answer;
    },
    onChange: (next) => {
      state = next;
    },
  });
  begun.push(telephone);
  return { world, telephone };
}

describe('telephone in the page', () => {
  afterEach(() => {
    for (const telephone of begun.splice(0)) telephone.close();
    mock.timers.reset();
  });

  it('registers when the agent chose it, with the microphone granted', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'registered' });
    expect(world.done).to.deep.equal(['register']);
    expect(world.state()).to.deep.include({ mine: true, microphone: 'granted' });
  });

  it('stays away while the SIP phone is chosen', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish({ ...READY, device: 'sip-phone' });
    await settle();
    expect(world.done).to.deep.equal([]);
  });

  it('does not register without a microphone, and does once it is allowed', async () => {
    const { world, telephone } = telephoneWithStandIns();
    world.microphone = 'refused';
    telephone.wish(READY);
    await settle();
    expect(world.done).not.to.contain('register');
    expect(world.state().microphone).to.equal('refused');
    world.microphone = 'granted';
    world.permissionChanged();
    await settle();
    expect(world.done.at(-1)).to.equal('register');
  });

  it('waits for its turn while another tab has the telephone', async () => {
    const { world, telephone } = telephoneWithStandIns();
    world.turn = false;
    telephone.wish(READY);
    await settle();
    expect(world.state().mine).to.equal(false);
    expect(world.done).to.deep.equal([]);
    world.giveTurn();
    await settle();
    expect(world.done).to.deep.equal(['register']);
  });

  it('takes an INVITE only while this agent’s call is being connected, whichever comes first', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'registered', session: 'ringing' });
    expect(world.done).not.to.contain('answer');
    telephone.wish({ ...READY, call: talk({ state: 'claimed', muted: false }) });
    expect(world.done.filter((item) => item === 'answer')).to.have.length(1);

    world.softphoneSays({ session: 'none' });
    telephone.wish({ ...READY, call: talk({ state: 'connecting', muted: false }) });
    world.softphoneSays({ session: 'ringing' });
    expect(world.done.filter((item) => item === 'answer')).to.have.length(2);
  });

  it('never takes an INVITE during a conversation or wrap-up', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    for (const state of ['connected', 'wrapping-up'] as const) {
      telephone.wish({ ...READY, call: talk({ state, muted: false }) });
      world.softphoneSays({ session: 'ringing' });
      world.softphoneSays({ session: 'none' });
    }
    expect(world.done).not.to.contain('answer');
  });

  it('registers again with fresh credentials when the connection comes back', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    telephone.wish({ ...READY, online: false });
    telephone.wish(READY);
    await settle();
    expect(world.done).to.deep.equal(['register', 'register']);
  });

  it('keeps a conversation when only the console’s connection was lost', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'connecting', session: 'active' });
    telephone.wish({ ...READY, online: false });
    telephone.wish({ ...READY, call: talk({ state: 'connected', muted: false }) });
    await settle();
    expect(world.done).to.deep.equal(['register']);
  });

  it('mutes its own microphone with the call', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish({ ...READY, call: talk({ state: 'connected', muted: true }) });
    expect(world.done).to.contain('mute');
  });

  it('gives the telephone up when the agent changes to the SIP phone', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    telephone.wish({ ...READY, device: 'sip-phone' });
    expect(world.done.slice(-2)).to.deep.equal(['unregister', 'leave tab']);
    expect(world.state()).to.deep.equal(NO_TELEPHONE);
  });

  it('keeps a conversation when another device is chosen, and gives the telephone up after it', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'registered', session: 'active' });
    telephone.wish({ ...READY, device: 'sip-phone', call: talk({ state: 'connected', muted: false }) });
    expect(world.done).to.deep.equal(['register']);
    world.softphoneSays({ session: 'none' });
    expect(world.done).to.deep.equal(['register', 'unregister', 'leave tab']);
    expect(world.state()).to.deep.equal(NO_TELEPHONE);
  });

  it('keeps a conversation when the microphone is gone, says so, and registers no more after it', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'registered', session: 'active' });
    world.microphone = 'missing';
    world.permissionChanged();
    await settle();
    expect(world.done).to.deep.equal(['register']);
    expect(world.state().microphone).to.equal('missing');
    world.softphoneSays({ session: 'none' });
    expect(world.done).to.deep.equal(['register', 'unregister']);
  });

  it('has failed until it is registered, however often it tries', async () => {
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    world.softphoneSays({ registration: 'failed' });
    world.softphoneSays({ registration: 'connecting' });
    expect(world.state().softphone.registration).to.equal('failed');
    world.softphoneSays({ registration: 'registered' });
    expect(world.state().softphone.registration).to.equal('registered');
  });

  it('has failed when no connection comes about, and tries anew with fresh credentials', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { world, telephone } = telephoneWithStandIns();
    telephone.wish(READY);
    await settle();
    mock.timers.tick(9_999);
    expect(world.state().softphone.registration).to.equal('connecting');
    for (const attempt of [2, 3]) {
      mock.timers.tick(10_000);
      await settle();
      expect(world.state().softphone.registration).to.equal('failed');
      expect(world.done).to.deep.equal(Array(attempt).fill('register'));
    }
    world.softphoneSays({ registration: 'registered' });
    mock.timers.tick(60_000);
    await settle();
    expect(world.done).to.have.length(3);
    expect(world.state().softphone.registration).to.equal('registered');
  });

  describe('and a conversation whose voice is not here', () => {
    const asked = (done: string[]) => done.filter((item) => item.startsWith('ask'));
    const registered = async (wish: Wish) => {
      const { world, telephone } = telephoneWithStandIns();
      telephone.wish(wish);
      await settle();
      world.softphoneSays({ registration: 'registered' });
      return { world, telephone };
    };

    it('asks for it once it is registered, when this page found the conversation as it began', async () => {
      const { world, telephone } = telephoneWithStandIns();
      telephone.wish({ ...READY, call: talk() });
      await settle();
      expect(asked(world.done)).to.deep.equal([]);
      world.softphoneSays({ registration: 'registered' });
      expect(asked(world.done)).to.deep.equal(['ask take-back call-1']);
    });

    it('asks for one that is interrupted, again and again until it comes', async () => {
      mock.timers.enable({ apis: ['setTimeout'] });
      const { world, telephone } = await registered(READY);
      world.softphoneSays({ session: 'active' });
      telephone.wish({ ...READY, call: talk() });
      world.softphoneSays({ session: 'none' });
      expect(asked(world.done), 'it had it, and may not take it from another page').to.deep.equal([]);
      telephone.wish({ ...READY, call: talk({ state: 'interrupted' }) });
      expect(asked(world.done)).to.have.length(1);
      mock.timers.tick(1_000);
      expect(asked(world.done)).to.have.length(2);
      telephone.wish({ ...READY, call: talk({ state: 'claimed' }) });
      mock.timers.tick(5_000);
      expect(asked(world.done)).to.have.length(2);
    });

    it('leaves alone what is on the SIP phone or at another exchange, and what is in another tab', async () => {
      const { world, telephone } = await registered(READY);
      for (const device of ['sip-phone', null] as const) telephone.wish({ ...READY, call: talk({ device }) });
      expect(asked(world.done)).to.deep.equal([]);
      const other = telephoneWithStandIns();
      other.world.turn = false;
      other.telephone.wish({ ...READY, call: talk() });
      await settle();
      expect(asked(other.world.done)).to.deep.equal([]);
    });
  });

  describe('while the gateway is away', () => {
    async function talking() {
      const { world, telephone } = telephoneWithStandIns();
      telephone.wish(READY);
      await settle();
      world.softphoneSays({ registration: 'registered', session: 'active' });
      telephone.wish({ ...READY, call: talk() });
      telephone.wish({ ...READY, online: false, call: talk() });
      world.done.splice(0);
      return { world, telephone };
    }

    it('mutes at once, stays so, and tells the gateway when it is back', async () => {
      const { world, telephone } = await talking();
      expect(telephone.mute(true)).to.equal(true);
      expect(world.done).to.deep.equal(['mute']);
      expect(world.state().mutedHere).to.equal(true);
      telephone.wish({ ...READY, call: talk({ muted: false }) });
      expect(world.done).to.deep.equal(['mute', 'ask mute call-1', 'mute']);
      telephone.wish({ ...READY, call: talk({ muted: true }) });
      expect(world.state().mutedHere).to.equal(null);
    });

    it('hangs up, and does not ask for that conversation again', async () => {
      const { world, telephone } = await talking();
      expect(telephone.hangUp()).to.equal(true);
      expect(world.done).to.deep.equal(['hang up']);
      expect(world.state().hungUpHere).to.equal('call-1');
      telephone.wish({ ...READY, call: talk({ state: 'interrupted' }) });
      expect(world.done).to.deep.equal(['hang up']);
      telephone.wish({ ...READY, call: null });
      expect(world.state().hungUpHere).to.equal(null);
    });

    it('does neither when the voice is somewhere else', async () => {
      const { world, telephone } = telephoneWithStandIns();
      telephone.wish(READY);
      await settle();
      world.done.splice(0);
      expect([telephone.mute(true), telephone.hangUp()]).to.deep.equal([false, false]);
      expect(world.done).to.deep.equal([]);
    });
  });
});
