import { expect } from 'chai';
import { followCallRequest } from '../demo/call-status.ts';
import { createCallRequest } from '../demo/gateway-api.ts';
import type { PhoneCall } from '../phone/index.ts';
import { AGENT_TONE, CITIZEN_TONE, startWorld, type TestAgent, type World } from './world.ts';

/**
 * Parts are killed with SIGKILL, which leaves them no time to say goodbye, in each state of a call. Whatever then happens
 * to the call, the console must show the truth, nobody may be left on a dead line, and nothing may be left in Asterisk.
 */
describe('Parts that are killed and started again', () => {
  let world: World;
  let agent: TestAgent;

  before(async () => {
    world = await startWorld();
    agent = await world.agent('agent-a');
  });
  afterEach(async () => {
    agent.phone.behave({ kind: 'answer' });
    for (const { id, state } of agent.client.state.calls) {
      if (state === 'wrapping-up') await agent.client.ask('finish-wrap-up', { callId: id, note: '' });
    }
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
    await agent.client.ask('set-presence', { presence: 'ready' });
    await world.nothingLeft();
  });
  after(() => world.stop());

  async function restart(part: 'gateway' | 'asterisk' | 'yivi'): Promise<void> {
    const component = world.system[part];
    await component.current.kill();
    await component.start();
  }

  async function waiting(n: number): Promise<{ citizen: PhoneCall; callId: string; name: string }> {
    const { number, code } = await world.disclosed(n);
    const citizen = await world.dial(number, code);
    const { id, attributes } = await agent.call((call) => call.state === 'queued');
    return { citizen, callId: id, name: attributes[0]?.value ?? '' };
  }

  async function talking(n: number) {
    const { citizen, callId, name } = await waiting(n);
    const leg = agent.phone.nextCall();
    await agent.answer(callId);
    const phone = await leg;
    await agent.call((call) => call.id === callId && call.state === 'connected');
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    return { citizen, callId, name, phone };
  }

  /** After everything: a new call goes all the way. */
  async function aNewCallWorks(n: number): Promise<void> {
    const { citizen, callId } = await talking(n);
    await citizen.hangUp();
    await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
  }

  describe('the gateway', () => {
    it('while a caller keys the code: the dialplan keeps the caller, the code still counts', async () => {
      const { number, code } = await world.disclosed(0);
      await world.system.gateway.current.kill();
      const citizen = await world.dial(number, code);
      await citizen.answered;
      await world.system.gateway.start();
      const ringing = await agent.call((call) => call.state === 'queued');
      expect(ringing.verification.kind).to.equal('verified');
      await citizen.hangUp();
    });

    it('while a caller waits: the place and the attributes are kept, and the call can be answered', async () => {
      const { citizen, callId, name } = await waiting(1);
      await restart('gateway');
      const again = await agent.call((call) => call.id === callId && call.state === 'queued');
      expect(again.attributes[0]?.value).to.equal(name);
      await agent.answer(callId);
      await citizen.ear.waitFor(AGENT_TONE, 10_000);
      await citizen.hangUp();
      await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
    });

    it('while the agent’s phone rings: the call is connected or waits again', async () => {
      const { citizen, callId } = await waiting(2);
      agent.phone.behave({ kind: 'answer', afterMs: 3000 });
      const leg = agent.phone.nextCall();
      await agent.answer(callId);
      await leg;
      await restart('gateway');
      // When starting took longer than the phone rings, the agent counts as not reachable until they say otherwise.
      await agent.until(() => true, 'a connection');
      await agent.client.ask('set-presence', { presence: 'ready' });
      const after = await agent.call(
        (call) => call.id === callId && (call.state === 'connected' || call.state === 'queued'),
      );
      if (after.state === 'connected') await citizen.ear.waitFor(AGENT_TONE, 10_000);
      await citizen.hangUp();
      await agent.until(
        () => !agent.client.state.calls.some(({ id, state }) => id === callId && state !== 'wrapping-up'),
        'that the call is over',
      );
    });

    it('while the two talk: they go on talking, and the call still ends properly', async () => {
      const { citizen, callId, phone } = await talking(3);
      await restart('gateway');
      const again = await agent.call((call) => call.id === callId && call.state === 'connected');
      expect(again.attributes).to.have.length.above(0);
      expect(citizen.state).to.equal('answered');
      await citizen.ear.waitFor(AGENT_TONE, 5000);
      await phone.ear.waitFor(CITIZEN_TONE, 5000);
      await agent.client.ask('hang-up', { callId });
      await citizen.ended;
      await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
    });

    it('and the caller hangs up meanwhile: the console learns it', async () => {
      const { citizen, callId } = await talking(4);
      await world.system.gateway.current.kill();
      await citizen.hangUp();
      await world.system.gateway.start();
      await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
    });

    it('in wrap-up: the note and the attributes are still there, then gone', async () => {
      const { citizen, callId, name } = await talking(5);
      await citizen.hangUp();
      await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
      await agent.client.ask('save-note', { callId, note: 'Half a note' });
      await restart('gateway');
      const again = await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
      expect(again.note).to.equal('Half a note');
      expect(again.attributes[0]?.value).to.equal(name);
    });
  });

  describe('Asterisk', () => {
    it('while a caller waits: the call is gone from the console, and the next one works', async () => {
      const { citizen, callId } = await waiting(6);
      await restart('asterisk');
      await agent.until(() => !agent.client.state.calls.some(({ id }) => id === callId), 'that the call is gone');
      await citizen.hangUp();
      await phoneIsBack();
      await aNewCallWorks(7);
    });

    it('while the two talk: wrap-up begins, and the next call works', async () => {
      const { citizen, callId } = await talking(8);
      await restart('asterisk');
      await agent.call((call) => call.id === callId && call.state === 'wrapping-up');
      await citizen.hangUp();
      await phoneIsBack();
    });

    it('while the agent’s phone rings: the call is gone', async () => {
      const { citizen, callId } = await waiting(9);
      agent.phone.behave({ kind: 'ring' });
      const leg = agent.phone.nextCall();
      await agent.answer(callId);
      await leg;
      await restart('asterisk');
      await agent.until(() => !agent.client.state.calls.some(({ id }) => id === callId), 'that the call is gone');
      await citizen.hangUp();
      await phoneIsBack();
    });
  });

  describe('the Yivi server', () => {
    it('before the disclosure: that request fails, the next one works', async () => {
      const { gatewayUrl } = world.system;
      const request = await createCallRequest(gatewayUrl, { organisation: 'voorbeeldstad', purpose: 'verhuizing' });
      const status = followCallRequest(gatewayUrl, request, () => {});
      await restart('yivi');
      await status.reached('failed', 'expired', 'cancelled');
      await aNewCallWorks(10);
    });

    it('after the disclosure: the call does not need it any more', async () => {
      const { number, code } = await world.disclosed(11);
      await world.system.yivi.current.kill();
      const citizen = await world.dial(number, code);
      const ringing = await agent.call((call) => call.state === 'queued');
      expect(ringing.verification.kind).to.equal('verified');
      await citizen.hangUp();
      await world.system.yivi.start();
    });
  });

  /** A restarted Asterisk knows the agent's phone again: by the gateway's provisioning and the phone's own refresh. */
  async function phoneIsBack(): Promise<void> {
    await agent.until(() => agent.client.state.telephonyAvailable, 'telephony');
    await agent.until(() => agent.client.state.self.registered['sip-phone'], 'a registered phone');
    await agent.client.ask('set-presence', { presence: 'ready' });
  }
});
