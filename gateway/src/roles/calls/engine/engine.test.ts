import { expect } from 'chai';
import { type StandIn, type StandInCaller, startStandIn } from '../../../platform/ari/testing/stand-in/index.ts';
import { openRoom, type Room } from '../testing/exchange-room.ts';
import { until } from '../testing/office.ts';
import { NUMBER, testOrganisations } from '../testing/organisations.ts';
import { bridgeIdOf } from './call.ts';

describe('call engine', () => {
  let asterisk: StandIn;
  let room: Room;
  let codes = 12_345_678;
  const newCode = () => String(codes++);

  beforeEach(async () => {
    asterisk = await startStandIn();
    asterisk.phone('phone-agent-a').register('ring');
    asterisk.phone('phone-agent-b').register('ring');
    room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
    await served();
  });
  afterEach(async () => {
    await room.stop();
    await asterisk.stop();
  });

  const served = () => until(() => room.core.asterisks.anyAvailable());
  const orders = () => room.core.engine.orders;
  const isIn = (state: string) => until(() => room.calls()[0]?.state === state);
  const isOver = () => until(() => room.calls().length === 0);
  const isEmpty = () => until(() => asterisk.exchange.channels.size === 0 && asterisk.exchange.bridges.size === 0);
  const placeOf = ({ channel }: StandInCaller) =>
    `${channel.snapshot.dialplan.context},${channel.snapshot.dialplan.exten}`;

  async function queued(code = newCode()): Promise<StandInCaller> {
    const caller = asterisk.makeCall({ did: NUMBER, code, callingNumber: '+31612345678' });
    await isIn('queued');
    return caller;
  }
  async function connecting(): Promise<StandInCaller> {
    const caller = await queued();
    await orders().answer('agent-a', room.call().id);
    await isIn('connecting');
    await until(() => asterisk.phone('phone-agent-a').ringing().length === 1);
    return caller;
  }
  async function connected(): Promise<StandInCaller> {
    const caller = await connecting();
    asterisk.phone('phone-agent-a').answer();
    await isIn('connected');
    return caller;
  }

  it('puts caller and agent in one bridge, with music before and the caller’s language', async () => {
    const caller = await queued();
    await asterisk.until(() => caller.channel.musicOnHold);
    expect(caller.channel.snapshot.language).to.equal('fr');
    await orders().answer('agent-a', room.call().id);
    await until(() => asterisk.phone('phone-agent-a').ringing().length === 1);
    asterisk.phone('phone-agent-a').answer();
    await isIn('connected');
    const bridge = asterisk.exchange.bridges.get(bridgeIdOf(room.call()));
    expect(bridge?.channels).to.have.members([caller.channelId, `agent-${room.call().id}-1`]);
    expect(caller.channel.musicOnHold).to.equal(false);
  });

  it('plays music to a held caller and takes it back', async () => {
    const caller = await connected();
    const bridge = asterisk.exchange.bridges.get(bridgeIdOf(room.call()));
    await orders().hold('agent-a', room.call().id);
    await asterisk.until(() => caller.channel.musicOnHold);
    expect(bridge?.channels).not.to.include(caller.channelId);
    await orders().resume('agent-a', room.call().id);
    await asterisk.until(() => bridge?.channels.includes(caller.channelId) === true);
    expect(caller.channel.musicOnHold).to.equal(false);
  });

  describe('a caller who withholds the number', () => {
    const withheld = { did: NUMBER, callingNumber: '+31612345678', withheld: true };
    const shown = () => [...room.core.engine.live.all()].map(({ personal }) => personal.callingNumber);
    const counted = () => room.identification.asked.map(({ countedNumber }) => countedNumber);

    it('shows it to nobody, and has wrong codes counted under it, try after try', async () => {
      const caller = asterisk.makeCall({ ...withheld, code: '01111111' });
      for (const code of ['02222222', newCode()]) {
        await asterisk.until(() => placeOf(caller) === 'civicline-retry,s');
        caller.channel.snapshot.dialplan.context = 'civicline-gateway';
        caller.enterAgain(code);
      }
      await isIn('queued');
      expect(counted()).to.deep.equal(['+31612345678', '+31612345678', '+31612345678']);
      expect(shown()).to.deep.equal([null]);
      expect(room.identification.asked.every(({ callingNumber }) => callingNumber === null)).to.equal(true);
      const stored = await room.database
        .withTables<{ calls: { personal: string } }>()
        .sql.selectFrom('calls')
        .selectAll()
        .execute();
      expect(JSON.stringify(stored)).not.to.include('612345678');
    });

    it('rings agents’ phones without it', async () => {
      asterisk.makeCall({ ...withheld, code: newCode() });
      await isIn('queued');
      await orders().answer('agent-a', room.call().id);
      await until(() => asterisk.phone('phone-agent-a').ringing().length === 1);
      const originate = asterisk.requests.find(({ operation }) => operation === 'channels.originateWithId');
      expect(JSON.stringify(originate)).to.include('anonymous').and.not.to.include('612345678');
    });

    it('is known as one who does to a gateway that has no record of the call', async () => {
      asterisk.makeCall({ ...withheld, code: newCode() });
      await isIn('queued');
      await room.stop();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
      await served();
      await isIn('queued');
      expect(shown()).to.deep.equal([null]);
    });
  });

  describe('hold and mute, when the connection with Asterisk breaks', () => {
    const operations = () => asterisk.requests.map(({ operation }) => operation);
    async function reconnected(): Promise<void> {
      asterisk.dropConnections();
      await until(() => !room.core.asterisks.anyAvailable());
      asterisk.requests.length = 0;
      await served();
    }

    it('mutes again what Asterisk may never have heard of', async () => {
      await connected();
      asterisk.faults.request = (operation) => (operation === 'channels.mute' ? 'lose' : 'pass');
      const muted = orders().mute('agent-a', room.call().id);
      await asterisk.until(() => operations().includes('channels.mute'));
      asterisk.faults.request = () => 'pass';
      await reconnected();
      await muted;
      await asterisk.until(() => operations().includes('channels.mute'));
      expect(room.call().muted).to.equal(true);
    });

    it('leaves a held caller out of the conversation, with music', async () => {
      const caller = await connected();
      await orders().hold('agent-a', room.call().id);
      await asterisk.until(() => caller.channel.musicOnHold);
      caller.channel.musicOnHold = false;
      await reconnected();
      await asterisk.until(() => caller.channel.musicOnHold);
      expect(operations()).not.to.include('bridges.addChannel');
    });

    it('refuses both while there is no connection', async () => {
      await connected();
      const { id } = room.call();
      asterisk.faults.refuseConnections = true;
      asterisk.dropConnections();
      await until(() => !room.core.asterisks.anyAvailable());
      for (const order of ['hold', 'mute'] as const) {
        const refused = await orders()
          [order]('agent-a', id)
          .catch((error: { code: string }) => error.code);
        expect(refused).to.equal('TELEPHONY_UNAVAILABLE');
      }
      expect(room.call()).to.include({ held: false, muted: false });
    });
  });

  it('plays to a transferred caller only when that one has left the bridge', async () => {
    const caller = await connected();
    asterisk.requests.length = 0;
    await orders().transfer('agent-a', room.call().id, { kind: 'queue', id: 'algemeen' });
    await asterisk.until(() => caller.channel.musicOnHold);
    const order = asterisk.requests.map(({ operation }) => operation).filter((operation) => !/list$/.test(operation));
    expect(order).to.deep.equal([
      'bridges.removeChannel',
      'channels.hangup',
      'bridges.destroy',
      'channels.playWithId',
      'channels.startMoh',
    ]);
  });

  it('does not set an agent aside who answered while the caller hung up', async () => {
    const caller = await queued();
    await asterisk.until(() => caller.channel.musicOnHold);
    asterisk.faults.event = ({ type }) => (type === 'StasisEnd' || type === 'ChannelDestroyed' ? 'lose' : 'pass');
    caller.hangUp();
    const seen: string[] = [];
    room.core.engine.live.onChange(({ after }) => seen.push(after.state));
    await orders().answer('agent-a', room.call().id);
    await until(() => seen.includes('queued'));
    expect(room.core.agents.isReady('agent-a')).to.equal(true);
    await isOver();
  });

  it('has a wrong code keyed again, twice, and then serves the caller as not verified', async () => {
    const caller = asterisk.makeCall({ did: NUMBER, code: '01111111' });
    for (const again of ['02222222', '03333333']) {
      await asterisk.until(() => placeOf(caller) === 'civicline-retry,s' && caller.channel.inStasis === null);
      caller.enterAgain(again);
    }
    await isIn('queued');
    expect(room.call().verification).to.include({ kind: 'not-verified', reason: 'too-many-tries' });
    expect(room.call().rules?.queueId).to.equal('algemeen');
  });

  it('verifies on the second try, in the same call', async () => {
    const caller = asterisk.makeCall({ did: NUMBER, code: '01111111' });
    await asterisk.until(() => placeOf(caller) === 'civicline-retry,s');
    caller.enterAgain(newCode());
    await isIn('queued');
    expect(room.call().verification?.kind).to.equal('verified');
  });

  it('marks the first of two callers with one code while that call goes on, and says so in the log', async () => {
    const code = newCode();
    const first = asterisk.makeCall({ did: NUMBER, code });
    await isIn('queued');
    const { id } = room.call();
    const contested = () => {
      const { verification } = room.core.engine.live.get(id)?.call ?? {};
      return verification?.kind === 'verified' && verification.contested;
    };
    expect(contested()).to.equal(false);
    const second = asterisk.makeCall({ did: NUMBER, code });
    await until(contested);
    second.hangUp();
    first.hangUp();
    await isOver();
  });

  it('forgets a caller who hangs up while keying again', async () => {
    const caller = asterisk.makeCall({ did: NUMBER, code: '01111111' });
    await asterisk.until(() => placeOf(caller) === 'civicline-retry,s');
    caller.hangUp();
    await isOver();
  });

  it('tells callers of a closed queue, of a full one and of nobody’s number, in the dialplan', async () => {
    const callers = Array.from({ length: 4 }, () => asterisk.makeCall({ did: NUMBER }));
    await asterisk.until(() => callers.some((caller) => placeOf(caller) === 'civicline-fallback,full'));
    expect(room.calls().filter(({ state }) => state === 'queued')).to.have.length(3);
    const lost = asterisk.makeCall({ did: '+31999999999' });
    await asterisk.until(() => placeOf(lost) === 'civicline-fallback,error');
    await room.stop();
    const closed = testOrganisations();
    const hours = { timezone: 'Europe/Amsterdam', weekly: {}, closedOn: [] };
    for (const queue of closed.all[0]?.queues ?? []) queue.openingHours = hours;
    room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], organisations: closed });
    await served();
    const late = asterisk.makeCall({ did: NUMBER, code: newCode() });
    await asterisk.until(() => placeOf(late) === 'civicline-fallback,closed');
  });

  it('tells a caller who has waited too long', async () => {
    await room.stop();
    const impatient = testOrganisations();
    for (const queue of impatient.all[0]?.queues ?? []) queue.maxWaitSeconds = 0.05;
    room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], organisations: impatient });
    await served();
    const caller = asterisk.makeCall({ did: NUMBER });
    await asterisk.until(() => placeOf(caller) === 'civicline-fallback,timeout');
    await isOver();
  });

  for (const [how, cause] of [
    ['busy', 'busy'],
    ['reject', 'declined'],
    ['noAnswer', 'no-answer'],
  ] as const) {
    it(`puts the caller back in its place when the agent's phone is ${how}, and the agent aside`, async () => {
      await connecting();
      const { queuedAt } = room.call();
      asterisk.phone('phone-agent-a')[how]();
      await isIn('queued');
      expect(room.call()).to.include({ queuedAt, agentId: null });
      await until(() => room.core.agents.state('agent-a').presence === 'not-reachable');
      expect(room.core.agents.state('agent-a').presenceReason).to.equal(cause);
      await orders().answer('agent-b', room.call().id);
      await until(() => asterisk.phone('phone-agent-b').ringing().length === 1);
    });
  }

  it('ends both legs whoever hangs up, in whatever state', async () => {
    for (const reach of [queued, connecting, connected]) {
      const caller = await reach();
      caller.hangUp();
      await isEmpty();
      if (reach === connected) await orders().finishWrapUp('agent-a', room.call().id, '');
      await isOver();
    }
    for (const end of [
      () => asterisk.phone('phone-agent-a').hangUp(),
      () => orders().hangUp('agent-a', room.call().id),
    ]) {
      await connected();
      await end();
      await isEmpty();
      await isIn('wrapping-up');
      await orders().finishWrapUp('agent-a', room.call().id, '');
      await isOver();
    }
  });

  describe('when the agent’s leg is lost, and nobody hung up', () => {
    const cutOff = async (queuedFirst: number) => {
      await isIn('queued');
      expect(room.call()).to.include({ cutOffFrom: 'agent-a', agentId: null });
      expect(room.call().queuedAt).to.be.at.least(queuedFirst);
      expect(room.core.engine.live.get(room.call().id)?.personal.attributes).to.have.length(2);
      await until(() => room.core.agents.state('agent-a').presence === 'not-reachable');
      expect(room.core.agents.state('agent-a').presenceReason).to.equal('lost');
    };

    it('of a SIP phone: puts the caller at the head of the queue with music, where another agent answers', async () => {
      const caller = await connected();
      const queuedFirst = room.call().queuedAt ?? 0;
      asterisk.phone('phone-agent-a').lose();
      await cutOff(queuedFirst);
      await asterisk.until(() => caller.channel.musicOnHold);
      await orders().answer('agent-b', room.call().id);
      await until(() => asterisk.phone('phone-agent-b').ringing().length === 1);
      asterisk.phone('phone-agent-b').answer();
      await isIn('connected');
      expect(room.call().attempts).to.equal(2);
      expect(asterisk.exchange.bridges.get(bridgeIdOf(room.call()))?.channels).to.include(caller.channelId);
    });

    it('notices a phone that is not there any more, although its leg stands', async () => {
      await connected();
      const queuedFirst = room.call().queuedAt ?? 0;
      asterisk.phone('phone-agent-a').unregister();
      await until(() => room.call().phoneGoneUntil !== null);
      asterisk.phone('phone-agent-a').register();
      await until(() => room.call().phoneGoneUntil === null);
      expect(room.call().state, 'it was away for a moment').to.equal('connected');
      asterisk.phone('phone-agent-a').unregister();
      await cutOff(queuedFirst);
      await until(() => [...asterisk.exchange.channels.keys()].every((id) => !id.startsWith('agent-')));
    });

    it('does not take a broken connection with Asterisk for a phone that is gone', async () => {
      await connected();
      asterisk.dropConnections();
      await until(() => !room.core.asterisks.anyAvailable());
      await served();
      await room.core.engine.live.idle();
      expect(room.call()).to.include({ state: 'connected', phoneGoneUntil: null });
    });

    describe('of a page', () => {
      const page = () => asterisk.phone('browser-agent-a');
      async function talkingInPage(): Promise<StandInCaller> {
        page().register('answer');
        await until(() => room.core.agents.isRegistered('agent-a', 'browser', 'asterisk-1'));
        const caller = await queued();
        await orders().answer('agent-a', room.call().id);
        await isIn('connected');
        expect(room.call().leg?.device).to.equal('browser');
        return caller;
      }
      /** It is left with its telephone: reloaded, or closed. */
      async function leave(): Promise<void> {
        page().lose(41);
        await isIn('interrupted');
        page().unregister();
      }

      it('gives the call back to the page that is registered again in time, with music until then', async () => {
        const caller = await talkingInPage();
        const { connectedAt } = room.call();
        await leave();
        await asterisk.until(() => caller.channel.musicOnHold);
        await until(() => !room.core.agents.isRegistered('agent-a', 'browser', 'asterisk-1'));
        page().register('answer');
        await isIn('connected');
        expect(room.call()).to.include({ attempts: 2, connectedAt, cutOffFrom: null });
        await asterisk.until(() => !caller.channel.musicOnHold);
        expect(asterisk.exchange.bridges.get(bridgeIdOf(room.call()))?.channels).to.include(caller.channelId);
        expect(room.core.agents.state('agent-a').presence).to.equal('ready');
      });

      it('gives it to a page that asks, when the one before has crashed without a word', async () => {
        await talkingInPage();
        const { id } = room.call();
        await orders().takeBack('agent-a', id);
        await isIn('connected');
        expect(room.call().attempts).to.equal(2);
        const refused = await orders()
          .takeBack('agent-b', id)
          .catch((error: { code: string }) => error.code);
        expect(refused).to.equal('CALL_NOT_YOURS');
      });

      it('puts the caller at the head of the queue when no page comes', async () => {
        const caller = await talkingInPage();
        const queuedFirst = room.call().queuedAt ?? 0;
        await leave();
        await cutOff(queuedFirst);
        expect(caller.channel.musicOnHold).to.equal(true);
      });

      it('knows of it after the gateway has ended and come back meanwhile', async () => {
        await talkingInPage();
        await leave();
        await until(() => !room.core.agents.isRegistered('agent-a', 'browser', 'asterisk-1'));
        const before = room;
        await before.stop();
        room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: before });
        await served();
        expect(room.call().state).to.equal('interrupted');
        page().register('answer');
        await isIn('connected');
      });
    });
  });

  it('takes a claim back when the agent changes its mind while the phone rings', async () => {
    await connecting();
    await orders().hangUp('agent-a', room.call().id);
    await isIn('queued');
    await until(() => asterisk.phone('phone-agent-a').ringing().length === 0);
    expect(room.core.agents.isReady('agent-a')).to.equal(true);
  });

  it('erases what it knows of the caller when the call is over', async () => {
    await connected();
    const { id } = room.call();
    const row = () => room.database.withTables<{ calls: { id: string; personal: string | null; data: string } }>().sql;
    const read = () => row().selectFrom('calls').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(JSON.stringify(await read())).not.to.match(/Vries|31612345678/);
    expect((await read()).personal).to.be.a('string');
    await orders().hangUp('agent-a', id);
    await isIn('wrapping-up');
    await orders().finishWrapUp('agent-a', id, '');
    await isOver();
    expect((await read()).personal).to.equal(null);
  });

  describe('when the gateway ends at any moment and comes back', () => {
    async function restart(): Promise<void> {
      const before = room;
      await before.stop();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: before });
      await served();
    }

    it('goes on with a waiting caller, attributes and place kept', async () => {
      await queued();
      const { queuedAt, id } = room.call();
      await restart();
      expect(room.call()).to.include({ id, queuedAt, state: 'queued' });
      expect(room.core.engine.live.get(id)?.personal.attributes).to.have.length(2);
      await orders().answer('agent-a', id);
      await until(() => asterisk.phone('phone-agent-a').ringing().length === 1);
    });

    it('lets an agent who answers meanwhile go, as nobody is there, and rings again', async () => {
      await connecting();
      await room.stop();
      await asterisk.until(({ isConnected }) => !isConnected('civicline'));
      asterisk.phone('phone-agent-a').answer();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: room });
      await served();
      expect(room.call().state).to.equal('queued');
      await orders().answer('agent-a', room.call().id);
      await until(() => asterisk.phone('phone-agent-a').ringing().length === 1);
    });

    it('finds that the agent did not answer meanwhile', async () => {
      await connecting();
      await room.stop();
      asterisk.phone('phone-agent-a').noAnswer();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: room });
      await isIn('queued');
    });

    it('finds that either side has hung up meanwhile', async () => {
      const caller = await connected();
      await room.stop();
      caller.hangUp();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: room });
      await isIn('wrapping-up');
      await isEmpty();
      await orders().finishWrapUp('agent-a', room.call().id, '');
      await isOver();

      await connected();
      await room.stop();
      asterisk.phone('phone-agent-a').hangUp();
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: room });
      await isIn('wrapping-up');
      await isEmpty();
    });

    it('leaves a conversation alone', async () => {
      const caller = await connected();
      const { id } = room.call();
      await restart();
      expect(room.call()).to.include({ id, state: 'connected' });
      expect(asterisk.exchange.bridges.get(bridgeIdOf(room.call()))?.channels).to.include(caller.channelId);
      await orders().hangUp('agent-a', id);
      await isEmpty();
    });

    it('ends the request of a call whose end it did not get to report', async () => {
      const caller = await queued();
      caller.hangUp();
      await isOver();
      await queued();
      const before = room.identification.reports.splice(0);
      expect(before).to.deep.include({ requestId: 'request-1', state: 'ended' });
      await restart();
      const ended = room.identification.reports.filter(({ state }) => state === 'ended');
      expect(ended).to.deep.equal([{ requestId: 'request-1', state: 'ended' }]);
    });

    it('reads the code again when the connection breaks just then', async () => {
      await queued();
      await room.stop();
      asterisk.faults.request = (operation) => {
        if (operation !== 'channels.getChannelVar') return 'pass';
        asterisk.faults.request = () => 'pass';
        setImmediate(() => asterisk.dropConnections());
        return 'lose';
      };
      // A new database: only Asterisk knows of the caller.
      room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
      await isIn('queued');
      expect(room.call().verification?.kind).to.equal('verified');
    });

    it('redeems a code that it had not got to', async () => {
      const caller = asterisk.makeCall({ did: NUMBER, code: '01111111' });
      await asterisk.until(() => placeOf(caller) === 'civicline-retry,s');
      await restart();
      caller.enterAgain(newCode());
      await isIn('queued');
      expect(room.call().verification?.kind).to.equal('verified');
    });
  });

  it('leaves its calls alone in a gateway to which none come', async () => {
    await connected();
    const { id } = room.call();
    const { databaseUrl } = room;
    const other = await openRoom({ asterisks: [], servesCalls: false, databaseUrl, agents: [] });
    expect(other.calls()).to.deep.equal([]);
    await other.stop();
    await room.stop();
    room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], successorOf: room });
    await served();
    expect(room.call()).to.include({ id, state: 'connected' });
    await orders().hangUp('agent-a', id);
    await isEmpty();
  });

  it('adopts callers, and lets go of legs and bridges, that it has no record of', async () => {
    const caller = await connected();
    await room.stop();
    // A new database: nothing is known.
    room = await openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
    await served();
    await isIn('queued');
    expect(room.call().source).to.include({ channelId: caller.channelId });
    await asterisk.until(({ channels, bridges }) => channels.size === 1 && bridges.size === 0);
  });

  describe('when Asterisk ends at any moment and comes back', () => {
    for (const [state, reach, becomes] of [
      ['queued', queued, 'abandoned'],
      ['connecting', connecting, 'abandoned'],
      ['connected', connected, 'wrapping-up'],
    ] as const) {
      it(`a call that was ${state} is ${becomes}`, async () => {
        await reach();
        const seen: string[] = [];
        room.core.engine.live.onChange(({ after }) => seen.push(after.state));
        await asterisk.stop();
        await until(() => !room.core.asterisks.anyAvailable());
        if (state === 'queued') {
          const refused = await orders()
            .answer('agent-a', room.call().id)
            .catch((error: { code: string }) => error.code);
          expect(refused).to.equal('TELEPHONY_UNAVAILABLE');
        }
        await asterisk.start();
        await served();
        expect(seen).to.include(becomes);
      });
    }
  });

  it('notices by itself what no event told: caller gone, and an orphaned leg', async () => {
    const caller = await connected();
    asterisk.faults.event = () => 'lose';
    caller.hangUp();
    await isEmpty();
    asterisk.faults.event = () => 'pass';
    await isIn('wrapping-up');
  });

  it('answers calls of another exchange without ringing anything', async () => {
    const { exchangeCalls } = room.core;
    const arrival = {
      callId: '01920000-0000-7000-8000-000000000001',
      organisationId: 'voorbeeldstad',
      exchange: 'other',
      calledNumber: NUMBER,
      callingNumber: '+31612345678',
      code: newCode(),
      arrivedAt: Date.now(),
      forwardNumber: '+31850009999',
    };
    const [first, repeated] = await Promise.all([exchangeCalls.arrive(arrival), exchangeCalls.arrive(arrival)]);
    expect(first).to.deep.equal({ id: arrival.callId, state: 'queued', verified: true, queue: 'burgerzaken' });
    expect(repeated).to.deep.equal(first);
    await orders().answer('agent-a', arrival.callId);
    expect(await exchangeCalls.get(arrival)).to.deep.include({
      state: 'connected',
      answeredBy: { agentId: 'agent-a' },
    });
    expect(await exchangeCalls.get({ ...arrival, organisationId: 'another' })).to.equal(null);
    expect(await exchangeCalls.hangUp(arrival)).to.include({ state: 'wrapping-up' });
    expect(await exchangeCalls.hangUp(arrival)).to.include({ state: 'wrapping-up' });
    const refused = await exchangeCalls.arrive({
      ...arrival,
      callId: '01920000-0000-7000-8000-000000000002',
      code: '0',
    });
    expect(refused).to.deep.include({
      state: 'queued',
      verified: false,
      queue: 'algemeen',
      rejection: { reason: 'code-unknown', mayRetry: true },
    });
  });

  it('rings agents at several Asterisks, each where it is registered, and sets nobody aside for the others', async () => {
    const second = await startStandIn();
    second.phone('phone-agent-b').register('answer');
    await room.stop();
    room = await openRoom({
      asterisks: [
        { ...asterisk, id: 'asterisk-1' },
        { ...second, id: 'asterisk-2' },
      ],
    });
    await until(() => [...room.core.asterisks.all()].every(({ available }) => available));
    second.makeCall({ did: NUMBER, code: newCode() });
    await isIn('queued');
    const refused = await orders()
      .answer('agent-a', room.call().id)
      .catch((error: { code: string }) => error.code);
    expect(refused).to.equal('AGENT_NOT_REGISTERED');
    expect(room.core.agents.state('agent-a').presence).to.equal('ready');
    await orders().answer('agent-b', room.call().id);
    await isIn('connected');
    await second.stop();
  });
});
