/** Calls from arrival to hang-up, and their events. */
import { expect } from 'chai';
import { type Ari, type AriEvent, stopPlayback } from '../../index.ts';
import { APPLICATION, type Bench, DID, expectRejection, untilUnknown, userEvents } from './bench.ts';

export function callsSuite(bench: Bench): void {
  const { connected, caller, agentLeg } = bench;

  describe('calls', () => {
    it('tell the number called and the code', async () => {
      const { heard } = await connected();
      expect((await caller(heard, '11223344')).args).to.deep.equal(['caller', DID, '11223344', 'withheld']);
      expect((await caller(heard, '')).args).to.deep.equal(['caller', DID, '', 'withheld']);
    });

    it('are bridged with an agent, until the caller hangs up', async () => {
      const { ari, heard } = await connected();
      const { channelId, hangUp } = await caller(heard);
      await ari.channels.startMoh({ channelId, mohClass: 'civicline' });
      const legUp = heard.next('StasisStart', ({ args }) => args[0] === 'agent');
      const leg = await agentLeg(ari, 'agent-call-1-1', bench.asterisk.endpoints.answers);
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
      // The answer comes when the destruction has begun, the event when it is done.
      const destroyed = heard.next('BridgeDestroyed', ({ bridge }) => bridge.id === 'br-call-1');
      await ari.bridges.destroy({ bridgeId: 'br-call-1' });
      await destroyed;
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
      await agentLeg(ari, 'agent-call-1-1', bench.asterisk.endpoints.rejects);
      expect(await gone).to.include({ cause: 21, cause_txt: 'Call Rejected' });
      expect(heard.ofChannel('agent-call-1-1')).not.to.include('StasisStart');
      await untilUnknown(() => ari.channels.get({ channelId: 'agent-call-1-1' }));
    });

    it('end when an agent does not answer in time', async () => {
      const { ari, heard } = await connected();
      const gone = heard.next('ChannelDestroyed', () => true);
      await agentLeg(ari, 'agent-call-1-1', bench.asterisk.endpoints.silent, 1);
      expect((await gone).cause).to.be.oneOf([18, 19]);
      expect(heard.ofChannel('agent-call-1-1')).not.to.include('StasisStart');
    });

    it('end when the gateway gives an agent up', async () => {
      const { ari, heard } = await connected();
      const gone = heard.next('ChannelDestroyed', () => true);
      await agentLeg(ari, 'agent-call-1-1', bench.asterisk.endpoints.silent);
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
      await stopPlayback(ari, 'prompt-1');
      await finished;
      await untilUnknown(() => ari.playbacks.get({ playbackId: 'prompt-1' }));
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

    it('come only of the types that this connection asked for', async () => {
      const { ari, heard } = await connected({ eventFilter: { disallowed: [{ type: 'ChannelUserevent' }] } });
      const filter = async (client: Ari) =>
        (await client.applications.get({ applicationName: APPLICATION })).events_disallowed;
      expect(await filter(ari)).to.deep.equal([{ type: 'ChannelUserevent' }]);
      await ari.events.userEvent({ eventName: 'unwanted', application: APPLICATION });
      const { channelId } = await caller(heard);
      expect(userEvents(heard)).to.deep.equal([]);

      // The caller keeps application and filter alive in Asterisk.
      await ari.close();
      const { ari: unfiltered, heard: all } = await connected();
      expect(await filter(unfiltered)).to.deep.equal([]);
      await all.mark('wanted');
      expect((await unfiltered.applications.get({ applicationName: APPLICATION })).channel_ids).to.include(channelId);
    });

    it('of endpoints tell when one is made, and that nobody has registered with it', async () => {
      const { ari, heard } = await connected();
      await ari.applications.subscribe({ applicationName: APPLICATION, eventSource: ['endpoint:PJSIP'] });
      const made = heard.next('EndpointStateChange', ({ endpoint }) => endpoint.resource === 'phone-new');
      const object = { configClass: 'res_pjsip', id: 'phone-new' };
      const fields = [{ attribute: 'context', value: 'civicline-no-dialling' }];
      await ari.asterisk.updateObject({ ...object, objectType: 'endpoint', fields });
      await made;
      const view = { technology: 'PJSIP', resource: 'phone-new', state: 'offline', channel_ids: [] };
      expect(await ari.endpoints.get({ tech: 'PJSIP', resource: 'phone-new' })).to.deep.equal(view);
      expect(await ari.endpoints.listByTech({ tech: 'PJSIP' })).to.deep.include(view);
      const leg = agentLeg(ari, 'agent-call-1-1', 'PJSIP/phone-new');
      await expectRejection(leg, 'ARI_REQUEST_FAILED', 500);
      await ari.asterisk.deleteObject({ ...object, objectType: 'endpoint' });
    });

    it('come once for each subscription that covers them', async () => {
      const { ari, heard } = await connected();
      const sources = ['endpoint:PJSIP', `endpoint:${bench.asterisk.endpoints.silent}`];
      await ari.applications.subscribe({ applicationName: APPLICATION, eventSource: sources });
      await agentLeg(ari, 'agent-call-1-1', bench.asterisk.endpoints.silent);
      await ari.channels.hangup({ channelId: 'agent-call-1-1', reason: 'normal' });
      const copies = () => heard.ofChannel('agent-call-1-1').filter((type) => type === 'ChannelDestroyed').length;
      while (copies() < 3) await heard.next('ChannelDestroyed', () => true);
      await ari.applications.unsubscribe({ applicationName: APPLICATION, eventSource: sources });
      await heard.mark('after');
      expect(copies()).to.equal(3);
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
