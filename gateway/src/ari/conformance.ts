/**
 * What the client must do with an Asterisk: one suite, run against the stand-in (`conformance.stand-in.test.ts`) and
 * against the real one (`conformance.asterisk.test.ts`), so that the stand-in cannot drift away from the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Ari, AriError, type AriEvent, type AriOptions, connectAri } from './index.ts';
import { type Recorder, record, whenever } from './recorder.ts';

const APPLICATION = 'civicline';

/** One Asterisk that can be called, crashed and started again. */
export interface AsteriskUnderTest {
  /** Keeps its value over crash and restart. */
  address: Pick<AriOptions, 'url' | 'user' | 'password'>;
  /** Endpoints that can be originated: one answers at once, one refuses at once, one never answers. */
  endpoints: { answers: string; rejects: string; silent: string };
  /** A caller arrives, keys a code and enters Stasis. */
  call(did: string, code: string): Promise<{ hangUp(): Promise<void> }>;
  /** As by kill -9. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const SILENT_LOG = { debug() {}, info() {}, warn() {}, error() {} };
const DID = '+31850000001';

export function describeConformance(name: string, start: () => Promise<AsteriskUnderTest>): void {
  describe(`ARI client with ${name}`, function () {
    this.timeout(90_000);
    let asterisk: AsteriskUnderTest;
    let clients: Ari[] = [];

    before(async () => {
      asterisk = await start();
    });
    afterEach(async () => {
      for (const ari of clients) await tidyUp(ari);
      clients = [];
    });
    after(() => asterisk?.stop());

    function open(options: Partial<AriOptions> = {}): Ari {
      const defaults = { id: 'under-test', application: APPLICATION, log: SILENT_LOG, ...asterisk.address };
      const ari = connectAri({ ...defaults, ...options });
      clients.push(ari);
      return ari;
    }

    async function connected(options: Partial<AriOptions> = {}): Promise<{ ari: Ari; heard: Recorder }> {
      const ari = open(options);
      const heard = record(ari);
      await whenever(ari, 'connected');
      return { ari, heard };
    }

    /** A caller in Stasis, and the id of the caller's channel. */
    async function caller(heard: Recorder, code = '12345678') {
      const arrival = heard.next('StasisStart', ({ args }) => args[0] === 'caller');
      const call = await asterisk.call(DID, code);
      const { args, channel } = await arrival;
      return { ...call, args, channelId: channel.id };
    }

    function agentLeg(ari: Ari, channelId: string, endpoint: string, timeout = 30) {
      const leg = { app: APPLICATION, appArgs: 'agent,call-1', callerId: '"Civicline" <+31850000001>' };
      return ari.channels.originateWithId({ channelId, endpoint, timeout, ...leg });
    }

    describe('connection', () => {
      it('says which Asterisk it is', async () => {
        const ari = open();
        expect(ari.state).to.equal('connecting');
        const { version, entityId } = await whenever(ari, 'connected');
        expect(version).to.match(/^22\./);
        expect(entityId).to.match(/^[0-9a-f:]{17}$/);
        expect(ari.state).to.equal('connected');
      });

      it('tells of a wrong password, and goes on trying', async () => {
        const ari = open({ password: 'wrong' });
        expectError(await whenever(ari, 'connect-failed'), 'ARI_REFUSED', 401);
        expectError(await whenever(ari, 'connect-failed'), 'ARI_REFUSED', 401);
        await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');
      });

      it('tells that nobody is there, and goes on trying', async () => {
        const ari = open({ url: 'http://127.0.0.1:9' });
        expectError(await whenever(ari, 'connect-failed'), 'ARI_UNREACHABLE');
        expectError(await whenever(ari, 'connect-failed'), 'ARI_UNREACHABLE');
      });

      it('steps down for good when another takes the application over', async () => {
        const { ari: first, heard: heardByFirst } = await connected();
        const end = Promise.all([whenever(first, 'replaced'), whenever(first, 'disconnected')]);
        const { ari: second, heard } = await connected();
        await end;
        expect(first.state).to.equal('replaced');
        await expectRejection(first.asterisk.ping(), 'ARI_DISCONNECTED');
        await caller(heard);
        expect(second.state).to.equal('connected');
        expect(first.state).to.equal('replaced');
        expect(heardByFirst.all()).to.deep.equal([]);
      });

      it('has several applications on one Asterisk', async () => {
        const one = await connected();
        const other = await connected({ application: 'another' });
        await one.heard.mark('for one');
        await other.heard.mark('for the other');
        expect(userEvents(one.heard)).to.deep.equal(['for one']);
        expect(userEvents(other.heard)).to.deep.equal(['for the other']);
      });

      it('rejects what is pending when it is closed, and leaves neither timer nor socket', async () => {
        // From here on the test's own time limit counts too.
        await new Promise(setImmediate);
        const before = resources();
        const { ari } = await connected();
        const outcomes = Promise.all(Array.from({ length: 20 }, () => outcome(ari.asterisk.ping())));
        await ari.close();
        for (const error of await outcomes) expectError(error, 'ARI_DISCONNECTED');
        expect(ari.state).to.equal('closed');
        await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');
        await ari.close();
        await freedTo(before);
      });

      it('is closed at once while it waits to try again', async () => {
        // From here on the test's own time limit counts too.
        await new Promise(setImmediate);
        const before = resources();
        const ari = open({ url: 'http://127.0.0.1:9' });
        await whenever(ari, 'connect-failed');
        await ari.close();
        await freedTo(before);
      });
    });

    describe('requests', () => {
      it('carry text of any kind in path and query', async () => {
        const { ari } = await connected();
        const value = 'a+b & c=d/ü?%41#"€" 100%';
        await ari.asterisk.setGlobalVar({ variable: 'CIVICLINE_TEST', value });
        expect(await ari.asterisk.getGlobalVar({ variable: 'CIVICLINE_TEST' })).to.deep.equal({ value });
        const id = 'channel/with ü+?%2F&';
        await expectRejection(ari.channels.get({ channelId: id }), 'ARI_REQUEST_FAILED', 404);
        const bridge = await ari.bridges.createWithId({ bridgeId: id, type: 'mixing' });
        expect(bridge.id).to.equal(id);
        expect((await ari.bridges.get({ bridgeId: id })).id).to.equal(id);
        await ari.bridges.destroy({ bridgeId: id });
      });

      it('carry lists, and leave out what is undefined', async () => {
        const { ari } = await connected();
        const info = await ari.asterisk.getInfo({ only: ['system', 'status'] });
        expect(info).to.have.keys('system', 'status');
        const bridge = await ari.bridges.create({ type: undefined, name: 'no type' });
        expect(bridge).to.include({ name: 'no type', bridge_type: 'mixing' });
        await ari.bridges.destroy({ bridgeId: bridge.id });
      });

      it('carry objects, and bring back results with and without a body', async () => {
        const { ari, heard } = await connected();
        const variables = { text: 'ü', nested: { list: [1, true, null] } };
        const event = heard.next('ChannelUserevent', () => true);
        const nothing = await ari.events.userEvent({ eventName: 'test', application: APPLICATION, variables });
        expect(nothing).to.equal(undefined);
        expect((await event).userevent).to.deep.include(variables);
      });

      it('configure endpoints, and take them away', async () => {
        const { ari } = await connected();
        const object = { configClass: 'res_pjsip', objectType: 'auth', id: 'phone-test' };
        const fields = [
          { attribute: 'auth_type', value: 'userpass' },
          { attribute: 'username', value: 'phone-test' },
          { attribute: 'password', value: 'p&ss=wörd' },
        ];
        await ari.asterisk.updateObject({ ...object, fields });
        await ari.asterisk.updateObject({ ...object, fields });
        expect(await ari.asterisk.getObject(object))
          .to.deep.include(fields[1])
          .and.deep.include(fields[2]);
        await ari.asterisk.deleteObject(object);
        await expectRejection(ari.asterisk.getObject(object), 'ARI_REQUEST_FAILED', 404);
        await expectRejection(
          ari.asterisk.updateObject({ ...object, objectType: 'none', fields }),
          'ARI_REQUEST_FAILED',
          404,
        );
      });

      it('are answered in any number at once, each with its own answer', async () => {
        const { ari } = await connected();
        const names = Array.from({ length: 100 }, (_, index) => `CIVICLINE_TEST_${index}`);
        await Promise.all(names.map((variable) => ari.asterisk.setGlobalVar({ variable, value: variable })));
        const answers = await Promise.all(names.map((variable) => ari.asterisk.getGlobalVar({ variable })));
        expect(answers.map(({ value }) => value)).to.deep.equal(names);
      });

      it('reject with the status that Asterisk gives, and never repeat what was asked', async () => {
        const { ari, heard } = await connected();
        const { channelId } = await caller(heard);
        await ari.bridges.createWithId({ bridgeId: 'br-test', type: 'mixing,proxy_media' });
        const inBridge = { bridgeId: 'br-test', channel: [channelId] };
        const refused: [Promise<unknown>, number][] = [
          [ari.channels.get({ channelId: 'nobody' }), 404],
          [ari.channels.hangup({ channelId: 'nobody', reason: 'normal' }), 404],
          [ari.bridges.get({ bridgeId: 'nobody' }), 404],
          [ari.bridges.createWithId({ bridgeId: 'br-test', type: 'mixing' }), 409],
          [ari.bridges.addChannel({ bridgeId: 'nobody', channel: [channelId] }), 404],
          [ari.bridges.addChannel({ bridgeId: 'br-test', channel: ['nobody'] }), 400],
          [ari.bridges.removeChannel(inBridge), 422],
          [ari.playbacks.stop({ playbackId: 'nobody' }), 404],
          [ari.channels.getChannelVar({ channelId, variable: 'NOBODY_SET_THIS' }), 404],
          [ari.applications.get({ applicationName: 'nobody' }), 404],
          [ari.applications.subscribe({ applicationName: APPLICATION, eventSource: ['channel:nobody'] }), 422],
          [ari.endpoints.get({ tech: 'PJSIP', resource: 'nobody' }), 404],
          [agentLeg(ari, 'agent-call-1-1', 'PJSIP/nobody'), 500],
          [agentLeg(ari, 'agent-call-1-1', 'nobody'), 400],
          [agentLeg(ari, channelId, asterisk.endpoints.answers), 409],
        ];
        for (const [request, status] of refused) {
          const error = await expectRejection(request, 'ARI_REQUEST_FAILED', status);
          expect(`${error.message} ${JSON.stringify(error)}`).not.to.match(/nobody|br-test|call-1/i);
        }
      });

      it('are refused for a channel that is back in the dialplan', async () => {
        const { ari, heard } = await connected();
        const { channelId } = await caller(heard);
        const left = heard.next('StasisEnd', ({ channel }) => channel.id === channelId);
        await ari.channels.continueInDialplan({
          channelId,
          context: 'civicline-fallback',
          extension: 'error',
          priority: 1,
        });
        await left;
        expect((await ari.channels.get({ channelId })).dialplan).to.include({ context: 'civicline-fallback' });
        await expectRejection(ari.channels.startMoh({ channelId }), 'ARI_REQUEST_FAILED', 409);
        await ari.bridges.createWithId({ bridgeId: 'br-test', type: 'mixing' });
        const added = ari.bridges.addChannel({ bridgeId: 'br-test', channel: [channelId] });
        await expectRejection(added, 'ARI_REQUEST_FAILED', 422);
      });
    });

    describe('calls', () => {
      it('tell the number called and the code', async () => {
        const { heard } = await connected();
        expect((await caller(heard, '11223344')).args).to.deep.equal(['caller', DID, '11223344']);
        expect((await caller(heard, '')).args).to.deep.equal(['caller', DID, '']);
      });

      it('are bridged with an agent, until the caller hangs up', async () => {
        const { ari, heard } = await connected();
        const { channelId, hangUp } = await caller(heard);
        await ari.channels.startMoh({ channelId, mohClass: 'civicline' });
        const legUp = heard.next('StasisStart', ({ args }) => args[0] === 'agent');
        const leg = await agentLeg(ari, 'agent-call-1-1', asterisk.endpoints.answers);
        expect(leg).to.include({ id: 'agent-call-1-1', state: 'Down' });
        expect((await legUp).args).to.deep.equal(['agent', 'call-1']);
        await ari.bridges.createWithId({ bridgeId: 'br-call-1', type: 'mixing,proxy_media' });
        await ari.channels.stopMoh({ channelId });
        const both = heard.next('ChannelEnteredBridge', ({ bridge }) => bridge.channels.length === 2);
        await ari.bridges.addChannel({ bridgeId: 'br-call-1', channel: [channelId, 'agent-call-1-1'] });
        expect((await both).bridge.channels).to.have.members([channelId, 'agent-call-1-1']);
        const known = await ari.applications.get({ applicationName: APPLICATION });
        expect(known.channel_ids).to.include.members([channelId, 'agent-call-1-1']);
        expect(known.bridge_ids).to.deep.equal(['br-call-1']);

        const left = heard.next('StasisEnd', ({ channel }) => channel.id === channelId);
        await hangUp();
        await left;
        expectOrder(heard.ofChannel(channelId), [
          'StasisStart',
          'ChannelEnteredBridge',
          'ChannelHangupRequest',
          'ChannelLeftBridge',
          'StasisEnd',
        ]);
        expect((await ari.bridges.get({ bridgeId: 'br-call-1' })).channels).to.deep.equal(['agent-call-1-1']);

        const gone = heard.next('ChannelDestroyed', ({ channel }) => channel.id === 'agent-call-1-1');
        await ari.channels.hangup({ channelId: 'agent-call-1-1', reason: 'normal' });
        expect(await gone).to.include({ cause: 16, cause_txt: 'Normal Clearing' });
        expectOrder(heard.ofChannel('agent-call-1-1'), [
          'Dial',
          'StasisStart',
          'ChannelEnteredBridge',
          'ChannelHangupRequest',
          'ChannelLeftBridge',
          'StasisEnd',
          'ChannelDestroyed',
        ]);
        await ari.bridges.destroy({ bridgeId: 'br-call-1' });
        expect(await ari.bridges.list()).to.deep.equal([]);
      });

      it('go from bridge to hold and back, and outlive the bridge', async () => {
        const { ari, heard } = await connected();
        const { channelId } = await caller(heard);
        await ari.bridges.createWithId({ bridgeId: 'br-call-1', type: 'mixing,proxy_media' });
        const inBridge = { bridgeId: 'br-call-1', channel: [channelId] };
        await ari.bridges.addChannel(inBridge);
        await ari.bridges.removeChannel(inBridge);
        await ari.channels.startMoh({ channelId });
        await ari.channels.stopMoh({ channelId });
        await ari.bridges.addChannel(inBridge);
        await ari.channels.mute({ channelId, direction: 'in' });
        await ari.channels.unmute({ channelId, direction: 'in' });
        const out = heard.next('ChannelLeftBridge', () => true);
        await ari.bridges.destroy({ bridgeId: 'br-call-1' });
        await out;
        expect((await ari.channels.get({ channelId })).state).to.equal('Up');
      });

      it('end when an agent refuses', async () => {
        const { ari, heard } = await connected();
        const gone = heard.next('ChannelDestroyed', () => true);
        await agentLeg(ari, 'agent-call-1-1', asterisk.endpoints.rejects);
        expect(await gone).to.include({ cause: 21, cause_txt: 'Call Rejected' });
        expect(heard.ofChannel('agent-call-1-1')).not.to.include('StasisStart');
        await expectRejection(ari.channels.get({ channelId: 'agent-call-1-1' }), 'ARI_REQUEST_FAILED', 404);
      });

      it('end when an agent does not answer in time', async () => {
        const { ari, heard } = await connected();
        const gone = heard.next('ChannelDestroyed', () => true);
        await agentLeg(ari, 'agent-call-1-1', asterisk.endpoints.silent, 1);
        expect((await gone).cause).to.be.oneOf([18, 19]);
        expect(heard.ofChannel('agent-call-1-1')).not.to.include('StasisStart');
      });

      it('end when the gateway gives an agent up', async () => {
        const { ari, heard } = await connected();
        const gone = heard.next('ChannelDestroyed', () => true);
        await agentLeg(ari, 'agent-call-1-1', asterisk.endpoints.silent);
        await ari.channels.hangup({ channelId: 'agent-call-1-1', reason: 'normal' });
        await gone;
        expect(heard.ofChannel('agent-call-1-1')).not.to.include('StasisStart');
      });

      it('hear what is played, until it is stopped', async () => {
        const { ari, heard } = await connected();
        const { channelId } = await caller(heard);
        const started = heard.next('PlaybackStarted', () => true);
        const media = ['tone:ring;tonezone=nl'];
        const playback = await ari.channels.playWithId({ channelId, playbackId: 'prompt-1', media });
        expect(playback).to.include({ id: 'prompt-1', target_uri: `channel:${channelId}` });
        await started;
        const finished = heard.next('PlaybackFinished', ({ playback: { id } }) => id === 'prompt-1');
        await ari.playbacks.stop({ playbackId: 'prompt-1' });
        await finished;
        await expectRejection(ari.playbacks.get({ playbackId: 'prompt-1' }), 'ARI_REQUEST_FAILED', 404);
      });

      it('have variables, the language among them', async () => {
        const { ari, heard } = await connected();
        const { channelId } = await caller(heard);
        await ari.channels.setChannelVar({ channelId, variable: 'CHANNEL(language)', value: 'fr' });
        expect((await ari.channels.get({ channelId })).language).to.equal('fr');
        await ari.channels.setChannelVars({ channelId, variables: { A: '1', B: { value: '2' } } });
        expect(await ari.channels.getChannelVar({ channelId, variable: 'B' })).to.deep.equal({ value: '2' });
        expect(await ari.channels.getChannelVar({ channelId, variable: 'CIVICLINE_CODE' })).to.deep.equal({
          value: '12345678',
        });
      });
    });

    describe('events', () => {
      it('keep the order in which things happened', async () => {
        const { heard } = await connected();
        const marks = Array.from({ length: 50 }, (_, index) => `mark-${index}`);
        await Promise.all(marks.map((mark) => heard.mark(mark)));
        expect(userEvents(heard)).to.deep.equal(marks);
      });

      it('come only of the types asked for, on every connection', async () => {
        const { ari, heard } = await connected({ eventFilter: { disallowed: [{ type: 'ChannelUserevent' }] } });
        const view = await ari.applications.get({ applicationName: APPLICATION });
        expect(view.events_disallowed).to.deep.equal([{ type: 'ChannelUserevent' }]);
        await ari.events.userEvent({ eventName: 'unwanted', application: APPLICATION });
        await caller(heard);
        expect(userEvents(heard)).to.deep.equal([]);
      });

      it('of a subscribed channel go on after Stasis', async () => {
        const { ari, heard } = await connected();
        const { channelId, hangUp } = await caller(heard);
        await ari.applications.subscribe({ applicationName: APPLICATION, eventSource: [`channel:${channelId}`] });
        await ari.channels.continueInDialplan({
          channelId,
          context: 'civicline-fallback',
          extension: 'error',
          priority: 1,
        });
        const gone = heard.next('ChannelDestroyed', ({ channel }) => channel.id === channelId);
        await hangUp();
        await gone;
      });
    });

    describe('crash', () => {
      it('rejects what is pending, and connects again by itself', async () => {
        const eventFilter = { disallowed: [{ type: 'ChannelVarset' as const }] };
        const { ari, heard } = await connected({ eventFilter });
        const lost = whenever(ari, 'disconnected');
        const crash = asterisk.crash();
        const outcomes: Promise<AriError | null>[] = [];
        while (ari.state === 'connected') {
          outcomes.push(outcome(ari.asterisk.ping()));
          await new Promise(setImmediate);
        }
        await Promise.all([lost, crash]);
        for (const error of await Promise.all(outcomes)) if (error) expectError(error, 'ARI_DISCONNECTED');
        await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');

        const again = whenever(ari, 'connected');
        await asterisk.restart();
        await again;
        expect(ari.counters.reconnections).to.be.at.least(1);
        const view = await ari.applications.get({ applicationName: APPLICATION });
        expect(view.events_disallowed).to.deep.equal(eventFilter.disallowed);
        expect((await caller(heard)).args).to.deep.equal(['caller', DID, '12345678']);
      });

      it('of one Asterisk does not touch another', async () => {
        const other = await start();
        try {
          const { ari, heard } = await connected();
          const { ari: second, heard: heardBySecond } = await connected({ id: 'second', ...other.address });
          const lost = whenever(second, 'disconnected');
          await other.crash();
          await lost;
          expect(ari.state).to.equal('connected');
          await caller(heard);
          expect(heardBySecond.all()).to.deep.equal([]);
          await second.close();
          await ari.asterisk.ping();
        } finally {
          await other.stop();
        }
      });
    });
  });
}

/** Leaves nothing of one test for the next. */
async function tidyUp(ari: Ari): Promise<void> {
  if (ari.state === 'connected') {
    const gone = (error: AriError) => expect(error.status).to.equal(404);
    for (const { id } of await ari.channels.list()) await ari.channels.hangup({ channelId: id }).catch(gone);
    for (const { id } of await ari.bridges.list()) await ari.bridges.destroy({ bridgeId: id }).catch(gone);
    await ari.applications.filter({ applicationName: ari.application, filter: {} });
  }
  await ari.close();
}

function userEvents(events: Recorder): string[] {
  return events.all().flatMap((event) => (event.type === 'ChannelUserevent' ? [event.eventname] : []));
}

/** Timers and sockets that keep this process alive. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|TCPSocket|TLS/.test(name)).length;
}

/** Sockets are gone some moments after their end was told. */
async function freedTo(before: number): Promise<void> {
  for (let attempt = 0; resources() > before && attempt < 300; attempt++) await sleep(10);
  expect(resources()).to.be.at.most(before);
}

function expectError(error: AriError | null, code: AriError['code'], status?: number): void {
  expect(error).to.be.instanceOf(AriError);
  expect({ code: error?.code, status: error?.status }).to.deep.equal({ code, status });
}

/** What a request rejected with; null when it did not. */
function outcome(request: Promise<unknown>): Promise<AriError | null> {
  return request.then(
    () => null,
    (error: AriError) => error,
  );
}

async function expectRejection(request: Promise<unknown>, code: AriError['code'], status?: number): Promise<AriError> {
  const error = await outcome(request);
  if (!error) throw new Error(`was not refused with ${code} ${status ?? ''}`);
  expectError(error, code, status);
  return error;
}

/** The given types come in this order; others may come between them. */
function expectOrder(types: AriEvent['type'][], order: AriEvent['type'][]): void {
  let from = 0;
  for (const type of order) {
    const index = types.indexOf(type, from);
    expect(index, `${type} in ${types.join(', ')}`).to.be.at.least(from);
    from = index + 1;
  }
}
