import { expect } from 'chai';
import type { PhoneCall } from '../phone/index.ts';
import {
  AGENT_TONE,
  CITIZEN_TONE,
  CLOSED_NUMBER,
  SMALL_NUMBER,
  startWorld,
  type TestAgent,
  type World,
} from './world.ts';

describe('Agents, callers and their conversations', () => {
  let world: World;
  let a: TestAgent;
  let b: TestAgent;

  before(async () => {
    world = await startWorld();
    a = await world.agent('agent-a');
    b = await world.agent('agent-b');
  });
  afterEach(async () => {
    for (const agent of [a, b]) {
      agent.phone.behave({ kind: 'answer' });
      for (const { id, state } of agent.client.state.calls) {
        if (state === 'wrapping-up') await agent.client.ask('finish-wrap-up', { callId: id, note: '' });
      }
      await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
      await agent.client.ask('set-presence', { presence: 'ready' });
    }
    await world.nothingLeft();
  });
  after(() => world.stop());

  /** A verified caller who waits. */
  async function waiting(n: number): Promise<{ citizen: PhoneCall; callId: string }> {
    const { number, code } = await world.disclosed(n);
    const citizen = await world.dial(number, code);
    const { id } = await a.call((call) => call.state === 'queued');
    return { citizen, callId: id };
  }

  /** A verified caller in conversation with agent A. */
  async function talking(n: number): Promise<{ citizen: PhoneCall; callId: string; phone: PhoneCall }> {
    const { citizen, callId } = await waiting(n);
    const leg = a.phone.nextCall();
    await a.answer(callId);
    const phone = await leg;
    await a.call((call) => call.id === callId && call.state === 'connected');
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    return { citizen, callId, phone };
  }

  const isFree = (agent: TestAgent, callId: string) =>
    agent.until(() => !agent.client.state.calls.some(({ id }) => id === callId), 'that the call has gone');

  it('two agents press at once: exactly one wins, the other is told', async () => {
    const { citizen, callId } = await waiting(0);
    await b.call((call) => call.id === callId);
    const answers = await Promise.allSettled([a.answer(callId), b.answer(callId)]);
    const lost = answers.filter((answer) => answer.status === 'rejected');
    expect(lost).to.have.length(1);
    expect(lost[0]?.reason.code).to.equal('CALL_ALREADY_ANSWERED');
    const [winner, loser] = answers[0]?.status === 'fulfilled' ? [a, b] : [b, a];
    await isFree(loser, callId);
    expect(loser.removed.at(-1)?.reason).to.equal('answered-elsewhere');
    await winner.call((call) => call.id === callId && call.state === 'connected');
    await citizen.hangUp();
    await winner.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('a phone that is not answered: back to the queue, the agent not reachable, a colleague takes it', async () => {
    const { citizen, callId } = await waiting(1);
    a.phone.behave({ kind: 'ring' });
    await a.answer(callId);
    await b.until(() => !b.client.state.calls.some(({ id }) => id === callId), 'that A has it');
    await b.call((call) => call.id === callId && call.state === 'queued');
    await a.until(() => a.client.state.self.presence === 'not-reachable', 'not reachable');
    await b.answer(callId);
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await citizen.hangUp();
    await b.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('a phone that is busy: the same', async () => {
    const { citizen, callId } = await waiting(2);
    a.phone.behave({ kind: 'reject' });
    await a.answer(callId);
    await a.until(() => a.client.state.self.presence === 'not-reachable', 'not reachable');
    await b.call((call) => call.id === callId && call.state === 'queued');
    await citizen.hangUp();
  });

  it('the caller hangs up while the agent’s phone rings: the phone falls silent', async () => {
    const { citizen, callId } = await waiting(3);
    a.phone.behave({ kind: 'ring' });
    const leg = a.phone.nextCall();
    await a.answer(callId);
    const phone = await leg;
    await citizen.hangUp();
    expect((await phone.ended).how).to.equal('cancelled');
    await isFree(a, callId);
  });

  it('the caller hangs up while keying, and nothing rings', async () => {
    const { number, code } = await world.disclosed(4);
    const citizen = await world.dial(number, code.slice(0, 3));
    await citizen.answered;
    await citizen.hangUp();
    expect(a.client.state.calls).to.deep.equal([]);
  });

  it('the caller hangs up in conversation: the agent’s phone ends, wrap-up begins', async () => {
    const { citizen, callId, phone } = await talking(5);
    await citizen.hangUp();
    expect((await phone.ended).how).to.equal('peer-hung-up');
    await a.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('the agent’s phone hangs up: the caller’s line ends, wrap-up begins', async () => {
    const { citizen, callId, phone } = await talking(6);
    await phone.hangUp();
    expect((await citizen.ended).how).to.equal('peer-hung-up');
    await a.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('hold gives the caller music instead of the agent, resume the agent again', async () => {
    const { citizen, callId } = await talking(7);
    await a.client.ask('hold', { callId });
    await a.call((call) => call.id === callId && call.held);
    await untilTrue(() => !citizen.ear.hears(AGENT_TONE) && citizen.ear.loudness() > 0, 'music');
    await a.client.ask('resume', { callId });
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await a.client.ask('hang-up', { callId });
    await citizen.ended;
    await a.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('mute keeps the agent’s voice from the caller, and only that', async () => {
    const { citizen, callId, phone } = await talking(8);
    await a.client.ask('mute', { callId });
    await untilTrue(() => !citizen.ear.hears(AGENT_TONE), 'silence');
    expect(phone.ear.hears(CITIZEN_TONE)).to.equal(true);
    await a.client.ask('unmute', { callId });
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await citizen.hangUp();
    await a.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('a transfer to a colleague takes the attributes along, and rings nobody else', async () => {
    const { citizen, callId, phone } = await talking(9);
    await a.client.ask('transfer', { callId, target: { kind: 'agent', id: 'agent-b' } });
    await phone.ended;
    const offered = await b.call((call) => call.id === callId && call.state === 'queued');
    expect(offered.offeredTo).to.equal('agent-b');
    expect(offered.transferredBy?.agentId).to.equal('agent-a');
    expect(offered.attributes.map(({ value }) => value)).to.include('Demo van Voorbeeld-10');
    await isFree(a, callId);
    await b.answer(callId);
    // The ear still rings with the first agent's tone, which is the same.
    await b.call((call) => call.id === callId && call.state === 'connected');
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await citizen.hangUp();
    await b.call((call) => call.id === callId && call.state === 'wrapping-up');
  });

  it('a transfer that the colleague does not take falls back to the queue', async () => {
    const { citizen, callId } = await talking(10);
    await a.client.ask('transfer', { callId, target: { kind: 'agent', id: 'agent-b' } });
    await b.call((call) => call.id === callId && call.offeredTo === 'agent-b');
    await a.call((call) => call.id === callId && call.state === 'queued' && call.offeredTo === null);
    await citizen.hangUp();
  });

  it('a transfer to a queue rings there', async () => {
    const { citizen, callId } = await talking(11);
    await a.client.ask('transfer', { callId, target: { kind: 'queue', id: 'algemeen' } });
    const queued = await b.call((call) => call.id === callId && call.state === 'queued');
    expect(queued.queueId).to.equal('algemeen');
    expect(queued.attributes).to.have.length.above(0);
    await citizen.hangUp();
  });

  it('a closed queue and a full one: the caller is told and let go, nobody else is disturbed', async () => {
    const late = await world.dial(CLOSED_NUMBER);
    expect((await late.ended).how).to.equal('peer-hung-up');
    const first = await world.dial(SMALL_NUMBER);
    await first.answered;
    // The first is in the queue once the prompt for a code has been waited for in vain.
    const second = await untilQueued(first, () => world.dial(SMALL_NUMBER));
    expect((await second.ended).how).to.equal('peer-hung-up');
    expect(first.state).to.equal('answered');
    await first.hangUp();
    expect(a.client.state.calls).to.deep.equal([]);
  });

  /** Nobody is in that queue to see the first caller wait; its music is heard instead. */
  async function untilQueued(first: PhoneCall, next: () => Promise<PhoneCall>): Promise<PhoneCall> {
    await untilTrue(() => first.ear.packets > 600, 'twelve seconds of prompt and music');
    return next();
  }

  async function untilTrue(fits: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!fits()) {
      if (Date.now() > deadline) throw new Error(`never came: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
