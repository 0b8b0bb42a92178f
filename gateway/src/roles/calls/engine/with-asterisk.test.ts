import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareAsterisk, type RunningAsterisk, startAsterisk } from '@civicline/asterisk';
import { freePorts, RTP_PORTS } from '@civicline/launcher/ports';
import { type AgentPhone, type Caller, createCaller, type PhoneCall, startAgentPhone } from '@civicline/test/phone';
import { expect } from 'chai';
import type { Ari } from '../../../platform/ari/index.ts';
import { createSealer, openDatabase } from '../../../platform/storage/index.ts';
import { openRoom, type Room } from '../testing/exchange-room.ts';
import type { Order, Told } from '../testing/gateway-process.ts';
import { until } from '../testing/office.ts';
import { NUMBER } from '../testing/organisations.ts';
import { bridgeIdOf, type Call } from './call.ts';
import { createCallStore } from './store.ts';

const CALLER_TONE = 440;
const AGENT_TONE = 700;
/** A person who sees nothing happen. */
const PRESS_AGAIN_MS = 1_000;

describe('call engine with Asterisk', function () {
  this.timeout(90_000);
  let directory: string;
  let asterisk: RunningAsterisk;
  let start: () => Promise<RunningAsterisk>;
  let room: Room;
  let ari: Ari;
  let caller: Caller;
  let phone: AgentPhone;
  let codes = 20_000_000;

  before(async () => {
    const home = resolve(import.meta.dirname, '../../../../../.civicline');
    const installation = await prepareAsterisk({ home, log: (line) => console.error(line) });
    directory = await mkdtemp(join(tmpdir(), 'civicline-engine-'));
    const { asteriskHttp: http, sip, rtpStart } = await freePorts();
    const ariPassword = randomBytes(16).toString('hex');
    start = () =>
      startAsterisk({
        installation,
        directory: join(directory, 'asterisk'),
        ports: { http, sip, rtpStart, rtpEnd: rtpStart + RTP_PORTS - 1 },
        ariPassword,
      });
    asterisk = await start();
    room = await openRoom({ asterisks: [connection()], databaseUrl: `file:${join(directory, 'gateway')}` });
    await served();
    caller = await createCaller({ server: server() });
    await until(async () => (await ari.endpoints.list()).some(({ resource }) => resource === 'phone-agent-a'));
    phone = await agentPhone();
    await registered();
  });
  after(async () => {
    phone?.kill();
    await caller?.close();
    await room?.stop();
    await asterisk?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const server = () => ({ address: '127.0.0.1', port: asterisk.sipPort });
  const connection = () => ({
    id: 'asterisk-1',
    url: asterisk.ariUrl,
    user: asterisk.ariUser,
    password: asterisk.ariPassword,
  });
  const agentPhone = () =>
    startAgentPhone({
      server: server(),
      credentials: { user: 'phone-agent-a', password: room.core.secrets.password('agent-a', 'phone') },
      sound: AGENT_TONE,
      expiresSeconds: 30,
    });
  const orders = () => room.core.engine.orders;
  const isIn = (state: string) => until(() => room.calls()[0]?.state === state);
  const registered = () => until(() => room.core.agents.state('agent-a').registered['sip-phone']);
  const isEmpty = () =>
    until(async () => (await ari.channels.list()).length === 0 && (await ari.bridges.list()).length === 0);

  async function served(): Promise<void> {
    await until(() => room.core.asterisks.anyAvailable());
    const [first] = room.core.asterisks.all();
    if (!first) throw new Error('there is no Asterisk');
    ari = first.ari;
  }
  async function dial(digits?: string): Promise<PhoneCall> {
    const key = digits === undefined ? {} : { key: { digits, toneMs: 80, gapMs: 60, afterMs: 200 } };
    return caller.call({ number: NUMBER, callerId: '+31612345678', sound: CALLER_TONE, ...key });
  }
  async function queued(): Promise<PhoneCall> {
    const call = await dial(String(codes++));
    await isIn('queued');
    return call;
  }
  async function connected(): Promise<{ call: PhoneCall; agentCall: PhoneCall }> {
    const call = await queued();
    const next = phone.nextCall();
    await orders().answer('agent-a', room.call().id);
    const agentCall = await next;
    await isIn('connected');
    return { call, agentCall };
  }
  async function wrappedUp(): Promise<void> {
    await isIn('wrapping-up');
    await orders().finishWrapUp('agent-a', room.call().id, '');
    await until(() => room.calls().length === 0);
  }

  afterEach(async () => {
    // Whatever a failed test left must not become the next one's.
    for (const { channelId } of (await ari.channels.list()).map(({ id }) => ({ channelId: id }))) {
      await ari.channels.hangup({ channelId }).catch(() => undefined);
    }
    await until(() => room.calls().every(({ state }) => state === 'wrapping-up'));
    for (const { id, agentId } of room.calls()) await orders().finishWrapUp(agentId ?? '', id, '');
    await room.core.agents.setPresence('agent-a', 'ready', '');
    phone.behave({ kind: 'answer' });
  });

  it('a caller keys the code, waits with music, is answered, and each hears the other', async () => {
    const call = await queued();
    await until(() => call.ear.loudness() > 0.01);
    const next = phone.nextCall();
    await orders().answer('agent-a', room.call().id);
    const agentCall = await next;
    await isIn('connected');
    await agentCall.ear.waitFor(CALLER_TONE);
    await call.ear.waitFor(AGENT_TONE);
    expect((await call.hangUp()).how).to.equal('hung-up');
    expect(await agentCall.ended).to.include({ how: 'peer-hung-up' });
    await wrappedUp();
    await isEmpty();
  });

  it('hold is music for the caller and silence for the agent; mute is silence for the caller', async () => {
    const { call, agentCall } = await connected();
    const { id } = room.call();
    await call.ear.waitFor(AGENT_TONE);
    await orders().hold('agent-a', id);
    await agentCall.ear.waitForSilence();
    await until(() => !call.ear.hears(AGENT_TONE) && call.ear.loudness() > 0.01);
    await orders().resume('agent-a', id);
    await call.ear.waitFor(AGENT_TONE);
    await agentCall.ear.waitFor(CALLER_TONE);
    await orders().mute('agent-a', id);
    await call.ear.waitForSilence();
    expect(agentCall.ear.hears(CALLER_TONE)).to.equal(true);
    await orders().unmute('agent-a', id);
    await call.ear.waitFor(AGENT_TONE);
    await orders().hangUp('agent-a', id);
    expect(await call.ended).to.include({ how: 'peer-hung-up' });
    expect(await agentCall.ended).to.include({ how: 'peer-hung-up' });
    await wrappedUp();
    await isEmpty();
  });

  it('the agent hangs up the phone, and the caller is not left on a dead line', async () => {
    const { call, agentCall } = await connected();
    await agentCall.hangUp();
    expect(await call.ended).to.include({ how: 'peer-hung-up' });
    await wrappedUp();
    await isEmpty();
  });

  it('a phone that dies in a conversation is missed within seconds: the caller hears music, and the next agent', async () => {
    const { call, agentCall } = await connected();
    const { id, queuedAt } = room.call();
    const died = Date.now();
    phone.kill();
    await isIn('queued');
    // Two unanswered questions of Asterisk; its own limit for missing sound is a minute.
    expect(Date.now() - died, 'milliseconds until it was missed').to.be.below(30_000);
    expect(room.call()).to.include({ id, cutOffFrom: 'agent-a' });
    expect(room.call().queuedAt).to.be.at.least(queuedAt ?? 0);
    expect(room.core.engine.live.get(id)?.personal.attributes).not.to.deep.equal([]);
    expect(room.core.agents.state('agent-a')).to.include({ presence: 'not-reachable', presenceReason: 'lost' });
    await until(() => call.ear.loudness() > 0.01 && !call.ear.hears(AGENT_TONE));
    expect(call.state).to.equal('answered');
    void agentCall;

    phone = await agentPhone();
    await registered();
    await room.core.agents.setPresence('agent-a', 'ready', '');
    const next = phone.nextCall();
    await orders().answer('agent-a', id);
    await (await next).ear.waitFor(CALLER_TONE);
    await call.ear.waitFor(AGENT_TONE);
    await call.hangUp();
    await wrappedUp();
    await isEmpty();
  });

  it('a phone that is busy or not answered: back to the music, the agent not reachable', async () => {
    const call = await queued();
    for (const [behaviour, cause] of [
      [{ kind: 'reject' }, 'busy'],
      [{ kind: 'ring' }, 'no-answer'],
    ] as const) {
      phone.behave(behaviour);
      await room.core.agents.setPresence('agent-a', 'ready', '');
      await orders().answer('agent-a', room.call().id);
      await until(() => room.core.agents.state('agent-a').presence === 'not-reachable');
      expect(room.core.agents.state('agent-a').presenceReason).to.equal(cause);
      await isIn('queued');
      await until(() => call.ear.loudness() > 0.01);
    }
    await call.hangUp();
    await isEmpty();
  });

  it('a transferred caller hears that, then music, then the next agent', async () => {
    const { call, agentCall } = await connected();
    const prompt = { playbackId: `prompt-${room.call().id}` };
    await orders().transfer('agent-a', room.call().id, { kind: 'queue', id: 'algemeen' });
    await until(async () => (await ari.playbacks.get(prompt).catch(() => null))?.state === 'playing');
    await agentCall.ended;
    await until(() => call.ear.loudness() > 0.01);
    const next = phone.nextCall();
    await orders().answer('agent-a', room.call().id);
    const again = await next;
    await again.ear.waitFor(CALLER_TONE);
    await call.hangUp();
    await wrappedUp();
    await isEmpty();
  });

  it('a wrong code is asked for again; a caller who hangs up then is forgotten', async () => {
    const call = await dial('01111111');
    await until(() => room.calls()[0]?.rekeying === true);
    await call.sendDigits(String(codes++), { toneMs: 80, gapMs: 60 });
    await isIn('queued');
    expect(room.call().verification?.kind).to.equal('verified');
    await call.hangUp();
    await until(() => room.calls().length === 0);
    const second = await dial('01111111');
    await until(() => room.calls()[0]?.rekeying === true);
    await second.hangUp();
    await until(() => room.calls().length === 0);
  });

  it('a number that is withheld: the caller is verified, and neither gateway nor phone shows it', async () => {
    const asserted = { name: 'P-Asserted-Identity', value: '<sip:+31612345678@carrier.example>' };
    const call = await caller.call({
      number: NUMBER,
      headers: [asserted],
      // As a person keys a code that is written in groups.
      key: { digits: String(codes++).replace(/(....)/, '*$1#'), toneMs: 80, gapMs: 60, afterMs: 200 },
    });
    await isIn('queued');
    expect(room.call().verification?.kind).to.equal('verified');
    expect(room.core.engine.live.get(room.call().id)?.personal.callingNumber).to.equal(null);
    expect(room.identification.asked.at(-1)).to.include({ callingNumber: null, countedNumber: '+31612345678' });
    const next = phone.nextCall();
    await orders().answer('agent-a', room.call().id);
    const agentCall = await next;
    await isIn('connected');
    expect(agentCall.peer).to.equal('anonymous');
    await call.hangUp();
    await agentCall.ended;
    await wrappedUp();
  });

  it('a call to a number of nobody is refused and never answered', async () => {
    const call = await caller.call({ number: '+31850000099', callerId: '+31612345678' });
    expect(await call.ended).to.include({ how: 'rejected', status: 404 });
  });

  it('the gateway ends and comes back: phones stay registered, a conversation goes on, bridge and all', async () => {
    const { call, agentCall } = await connected();
    const { id } = room.call();
    const before = room;
    await before.stop();
    room = await openRoom({ asterisks: [connection()], successorOf: before });
    await served();
    expect(room.call()).to.include({ id, state: 'connected' });
    expect(room.core.agents.state('agent-a').registered['sip-phone']).to.equal(true);
    await agentCall.ear.waitFor(CALLER_TONE);
    await call.ear.waitFor(AGENT_TONE);
    expect((await ari.bridges.list()).map(({ id }) => id)).to.deep.equal([bridgeIdOf(room.call())]);
    await call.hangUp();
    await agentCall.ended;
    await wrappedUp();
  });

  describe('a gateway that died before it wrote that two are connected', () => {
    /** Rings, and answered: what the database can have of a call whose connection was not written. */
    async function connectedFrom() {
      const written: Call[] = [];
      const off = room.core.engine.live.onChange(
        ({ after }) => void (after.state === 'connecting' && written.push(after)),
      );
      const both = await connected();
      off();
      expect(written.map(({ leg }) => leg?.answered)).to.deep.equal([false, true]);
      return { ...both, written };
    }
    /** Has the gateway start again, with the call as it was then; `meanwhile` happens while it is away. */
    async function startFrom(older: Call, meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
      const { databaseUrl } = room;
      await room.stop();
      const database = await openDatabase({ url: databaseUrl, role: 'calls' });
      await createCallStore(database, createSealer([randomBytes(32)])).save({ ...older, ringUntil: Date.now() - 1 });
      await database.close();
      await meanwhile();
      room = await openRoom({ asterisks: [connection()], databaseUrl });
      await served();
    }

    it('leaves them to their conversation', async () => {
      const { call, agentCall, written } = await connectedFrom();
      for (const older of written) {
        await startFrom(older);
        await isIn('connected');
        expect(call.state).to.equal('answered');
        expect(agentCall.state).to.equal('answered');
        await agentCall.ear.waitFor(CALLER_TONE);
        await call.ear.waitFor(AGENT_TONE);
      }
      await call.hangUp();
      await agentCall.ended;
      await wrappedUp();
      await isEmpty();
    });

    for (const [index, how] of ['that a phone rang', 'that it was answered'].entries()) {
      it(`knows that they talked when the caller has hung up meanwhile, and only ${how} had been written`, async () => {
        const { call, agentCall, written } = await connectedFrom();
        const older = written[index];
        if (!older) throw new Error('It was never written.');
        await startFrom(older, () => call.hangUp());
        await agentCall.ended;
        await wrappedUp();
        await isEmpty();
      });
    }
  });

  describe('when processes are killed', function () {
    // Each test starts several processes from their sources.
    this.timeout(240_000);
    let child: ChildProcess;
    let told: Told[];

    async function startChild(): Promise<void> {
      const { url, user, password } = connection();
      const file = resolve(import.meta.dirname, '../testing/gateway-process.ts');
      told = [];
      child = fork(file, [room.databaseUrl, url, user, password], { execArgv: ['--import', 'tsx'] });
      child.on('message', (message) => told.push(message as Told));
      await until(() => {
        expect(child.exitCode, 'the status with which the gateway ended').to.equal(null);
        return told.some(({ told: what }) => what === 'available');
      });
    }
    const killChild = async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    const order = (message: Order) => void child.send(message);
    const state = () => told.findLast((message) => message.told === 'call');
    /** A gateway that has just come back may not know the agent's phone yet: pressed until it is taken. */
    async function answer(callId: string): Promise<void> {
      let pressed = 0;
      await until(() => {
        if (['claimed', 'connecting', 'connected'].includes(state()?.state ?? '')) return true;
        if (Date.now() < pressed + PRESS_AGAIN_MS) return false;
        pressed = Date.now();
        order({ order: 'answer', agentId: 'agent-a', callId });
        return false;
      });
    }
    const childIsIn = (wanted: string) => until(() => state()?.state === wanted);

    beforeEach(async () => {
      await room.stop();
      await startChild();
    });
    afterEach(async () => {
      await killChild();
      room = await openRoom({ asterisks: [connection()], databaseUrl: room.databaseUrl });
      await served();
      await registered();
    });

    it('kill -9 of the gateway: waiting, ringing and talking callers are still served', async () => {
      const call = await dial(String(codes++));
      await childIsIn('queued');
      const callId = state()?.id ?? '';
      await killChild();
      await startChild();
      await childIsIn('queued');
      expect(state()?.id).to.equal(callId);

      phone.behave({ kind: 'ring' });
      const rings = phone.nextCall();
      await answer(callId);
      const ringing = await rings;
      await killChild();
      await startChild();
      // Its ring time goes on, and may have ended before the new gateway began.
      await ringing.ended;
      await childIsIn('queued');

      phone.behave({ kind: 'answer' });
      const next = phone.nextCall();
      await answer(callId);
      const agentCall = await next;
      await childIsIn('connected');
      await killChild();
      await agentCall.ear.waitFor(CALLER_TONE);
      await startChild();
      await childIsIn('connected');
      await killChild();
      await call.hangUp();
      await startChild();
      await childIsIn('wrapping-up');
      await agentCall.ended;
      order({ order: 'finishWrapUp', agentId: 'agent-a', callId });
      await childIsIn('closed');
    });

    it('kill -9 of Asterisk: the calls are over, and new ones are served', async () => {
      const waiting = await dial(String(codes++));
      await childIsIn('queued');
      await asterisk.kill();
      void waiting.hangUp();
      asterisk = await start();
      await childIsIn('abandoned');
      await until(() => phone.registered);
      const call = await dial(String(codes++));
      await childIsIn('queued');
      const callId = state()?.id ?? '';
      const next = phone.nextCall(60_000);
      await answer(callId);
      const agentCall = await next;
      await childIsIn('connected');
      await asterisk.kill();
      void Promise.all([call.hangUp(), agentCall.hangUp()]);
      asterisk = await start();
      await childIsIn('wrapping-up');
    });
  });
});
