import { expect } from 'chai';
import { AGENT_TONE, CITIZEN_TONE, startWorld, type TestAgent, type World } from './world.ts';

describe('A verified call, answered on a SIP phone', () => {
  let world: World;
  let agent: TestAgent;

  before(async () => {
    world = await startWorld();
    agent = await world.agent('agent-a');
  });
  after(() => world.stop());

  it('rings with name, purpose, attributes and links; the two hear each other; attributes end with wrap-up', async () => {
    const { status, number, code } = await world.disclosed(0);
    const citizen = await world.dial(number, code);
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification.kind).to.equal('verified');
    expect(ringing.purpose?.id).to.equal('verhuizing');
    expect(ringing.queueId).to.equal('burgerzaken');
    expect(ringing.callingNumber).to.equal('+31600000000');
    expect(ringing.attributes.map(({ label, value }) => [label.nl, value])).to.deep.include.members([
      ['Naam', 'Demo van Voorbeeld-1'],
      ['Burgerservicenummer', '999990007'],
      ['Woonplaats', 'Voorbeeldstad'],
    ]);
    expect(ringing.links.map(({ url }) => url)).to.include(
      'https://zaken.voorbeeldstad.example/personen?bsn=999990007',
    );
    await status.reached('queued');

    const leg = agent.phone.nextCall();
    await agent.answer(ringing.id);
    const phone = await leg;
    await agent.call((call) => call.id === ringing.id && call.state === 'connected');
    await status.reached('connected');
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await phone.ear.waitFor(CITIZEN_TONE, 10_000);

    await agent.client.ask('hang-up', { callId: ringing.id });
    expect((await citizen.ended).how).to.equal('peer-hung-up');
    await phone.ended;
    const wrapping = await agent.call((call) => call.id === ringing.id && call.state === 'wrapping-up');
    expect(wrapping.attributes).to.have.length.above(0);
    await status.reached('ended');

    await agent.client.ask('finish-wrap-up', { callId: ringing.id, note: 'Done.' });
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
    await world.nothingLeft();
  });

  it('serves a caller without a code, plainly not verified and without attributes', async () => {
    const citizen = await world.dial('+31850000001');
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.deep.equal({ kind: 'not-verified', reason: 'no-code' });
    expect(ringing.purpose).to.equal(null);
    expect(ringing.queueId).to.equal('algemeen');
    expect(ringing.attributes).to.deep.equal([]);
    await citizen.hangUp();
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
    expect(agent.removed.at(-1)?.reason).to.equal('abandoned');
    await world.nothingLeft();
  });

  it('shows a call of another exchange in the same console, with the same redemption', async () => {
    const { number, code } = await world.disclosed(1);
    const headers = {
      authorization: `Bearer ${world.system.secrets.exchangeKey}`,
      'content-type': 'application/json',
      'idempotency-key': 'exchange-call-1',
    };
    const body = JSON.stringify({
      time: new Date().toISOString(),
      callingNumber: '+31600000009',
      calledNumber: number,
      code,
      forwardNumber: '+31850000009',
    });
    const post = () => fetch(`${world.system.gatewayUrl}/v1/telephony/calls`, { method: 'POST', headers, body });
    const first = (await (await post()).json()) as { id: string; verified: boolean };
    const repeated = (await (await post()).json()) as { id: string };
    expect(first.verified).to.equal(true);
    expect(repeated.id).to.equal(first.id);

    const ringing = await agent.call((call) => call.id === first.id);
    expect(ringing.source).to.deep.equal({ kind: 'exchange', forwardNumber: '+31850000009' });
    expect(ringing.attributes.map(({ value }) => value)).to.include('Demo van Voorbeeld-2');
    await agent.answer(first.id);
    await agent.call((call) => call.id === first.id && call.state === 'connected');
    const url = `${world.system.gatewayUrl}/v1/telephony/calls/${first.id}`;
    const answered = (await (await fetch(url, { headers })).json()) as { answeredBy?: { agentId: string } };
    expect(answered.answeredBy?.agentId).to.equal('agent-a');
    await fetch(`${url}/hang-up`, { method: 'POST', headers });
    await agent.call((call) => call.id === first.id && call.state === 'wrapping-up');
    await agent.client.ask('finish-wrap-up', { callId: first.id, note: '' });
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
  });
});
