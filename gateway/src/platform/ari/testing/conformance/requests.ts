/** Requests with every kind of parameter, and refusals. */
import { expect } from 'chai';
import { APPLICATION, type Bench, expectRejection } from './bench.ts';

export function requestsSuite(bench: Bench): void {
  const { connected, caller, agentLeg } = bench;

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
        [
          ari.channels.originateWithId({
            channelId: 'agent-call-1-1',
            endpoint: bench.asterisk.endpoints.answers,
            app: APPLICATION,
            originator: 'nobody',
          }),
          400,
        ],
        [agentLeg(ari, channelId, bench.asterisk.endpoints.answers), 409],
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
}
