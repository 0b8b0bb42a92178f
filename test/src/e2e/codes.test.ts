import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { followCallRequest } from '../demo/call-status.ts';
import { createCallRequest } from '../demo/gateway-api.ts';
import { startWorld, type TestAgent, type World } from './world.ts';

/** How long somebody listens to the prompt before keying again; the dialplan listens all along. */
const PROMPT_MS = 4000;
const KEYING = { toneMs: 80, gapMs: 60 };

describe('Codes that are not what they should be', () => {
  let world: World;
  let agent: TestAgent;

  before(async () => {
    world = await startWorld({ CIVICLINE_CODE_MINUTES: '1' });
    agent = await world.agent('agent-a');
  });
  afterEach(() => world.nothingLeft());
  after(() => world.stop());

  /** Hangs up and waits until the console is empty again. */
  async function leave(citizen: { hangUp(): Promise<unknown> }): Promise<void> {
    await citizen.hangUp();
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
  }

  it('half a code: asked again, then queued as not verified', async () => {
    const citizen = await world.dial('+31850000001', '1234');
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.deep.equal({ kind: 'not-verified', reason: 'code-incomplete' });
    expect(ringing.attributes).to.deep.equal([]);
    await leave(citizen);
  });

  it('a wrong code and then none: queued with the reason that matters', async () => {
    const citizen = await world.dial('+31850000001', '00000009');
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.deep.equal({ kind: 'not-verified', reason: 'code-unknown' });
    await leave(citizen);
  });

  it('a wrong code: asked again, and the right one then counts', async () => {
    const { number, code } = await world.disclosed(2);
    const wrong = `${code.slice(0, -1)}${(Number(code.at(-1)) + 5) % 10}`;
    const citizen = await world.dial(number, wrong);
    await citizen.answered;
    // As people do: they listen to what is said, and key while it is said.
    await sleep(PROMPT_MS);
    await citizen.sendDigits(code, KEYING);
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification.kind).to.equal('verified');
    expect(ringing.attributes.map(({ value }) => value)).to.include('Demo van Voorbeeld-3');
    await leave(citizen);
  });

  it('wrong three times: queued as not verified', async () => {
    const citizen = await world.dial('+31850000001', '00000000');
    await citizen.answered;
    for (const code of ['00000001', '00000002']) {
      await sleep(PROMPT_MS);
      await citizen.sendDigits(code, KEYING);
    }
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.deep.equal({ kind: 'not-verified', reason: 'too-many-tries' });
    await leave(citizen);
  });

  it('a used code opens nothing a second time', async () => {
    const { number, code } = await world.disclosed(3);
    const first = await world.dial(number, code);
    const verified = await agent.call((call) => call.verification.kind === 'verified');
    const second = await world.dial(number, code);
    const again = await agent.call((call) => call.id !== verified.id);
    expect(again.verification.kind).to.equal('not-verified');
    expect(again.attributes).to.deep.equal([]);
    await first.hangUp();
    await leave(second);
  });

  it('two callers key the same code at once: exactly one is verified', async () => {
    const { number, code } = await world.disclosed(4);
    const citizens = await Promise.all([world.dial(number, code), world.dial(number, code)]);
    await agent.until(() => agent.client.state.calls.length === 2, 'both callers');
    const kinds = agent.client.state.calls.map(({ verification }) => verification.kind).sort();
    expect(kinds).to.deep.equal(['not-verified', 'verified']);
    for (const citizen of citizens) await citizen.hangUp();
    await agent.until(() => agent.client.state.calls.length === 0, 'an empty console');
  });

  it('a declined disclosure: the page knows, and there is nothing to dial', async () => {
    const { gatewayUrl } = world.system;
    const request = await createCallRequest(gatewayUrl, { organisation: 'voorbeeldstad', purpose: 'belastingen' });
    const status = followCallRequest(gatewayUrl, request, () => {});
    const outcome = await world.wallets.borrow(5, (wallet) => wallet.disclose(request.sessionPtr, { decline: true }));
    expect(outcome.status).to.equal('cancelled');
    await status.reached('cancelled');
  });

  it('an expired code is worth nothing', async () => {
    const { number, code, status } = await world.disclosed(6);
    await status.reached('expired');
    const citizen = await world.dial(number, code);
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification.kind).to.equal('not-verified');
    expect(ringing.attributes).to.deep.equal([]);
    await leave(citizen);
  });
});
