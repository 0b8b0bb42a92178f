import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  type AgentPhone,
  type AgentPhoneOptions,
  type Caller,
  createCaller,
  type PhoneCall,
  startAgentPhone,
} from './index.ts';
import { type StasisEvent, startTestAsterisk, type TestAsterisk } from './test-asterisk.ts';

const NUMBER = '+31850000001';
const CALLER_TONE = 440;
const AGENT_TONE = 700;

describe('scripted phones with Asterisk', function () {
  this.timeout(60_000);
  let asterisk: TestAsterisk;
  let caller: Caller;
  let phones: AgentPhone[] = [];

  before(async () => {
    asterisk = await startTestAsterisk();
    caller = await createCaller({ server: asterisk.server, timing: { t1: 100, t2: 1000, t4: 1000 } });
  });
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    phones = [];
  });
  after(async () => {
    await caller?.close();
    await asterisk?.stop();
  });

  it('talk: each hears the other, and the end of one is the end of the other', async () => {
    const phone = await agentPhone('talks');
    const call = await callIntoStasis();
    const agentCall = await connect(call, 'talks', phone);
    await call.call.ear.waitFor(AGENT_TONE);
    await agentCall.ear.waitFor(CALLER_TONE);
    expect(call.call.ear.toneShare(CALLER_TONE)).to.be.below(0.1);
    expect(agentCall.ear.lost).to.equal(0);

    agentCall.play('silence');
    await call.call.ear.waitForSilence();
    expect(await agentCall.hangUp()).to.deep.equal({ how: 'hung-up' });
    await asterisk.ari('DELETE', `channels/${call.channelId}`);
    expect(await call.call.ended).to.include({ how: 'peer-hung-up' });
  });

  it('hear of a call that is turned away', async () => {
    const phone = await agentPhone('busy');
    phone.behave({ kind: 'reject' });
    const ended = asterisk.event((event) => event.type === 'ChannelDestroyed');
    await originate('busy');
    expect(await ended).to.include({ cause: 17 });
    expect(phone.calls).to.deep.equal([]);
  });

  it('stop ringing when the call is called off', async () => {
    const phone = await agentPhone('rings');
    phone.behave({ kind: 'ring' });
    const next = phone.nextCall();
    await originate('rings');
    const call = await next;
    expect(call.state).to.equal('ringing');
    await asterisk.ari('DELETE', 'channels/leg-rings');
    expect(await call.ended).to.deep.equal({ how: 'cancelled' });
  });

  it('answer after a while and hang up after a while', async () => {
    const phone = await agentPhone('patient');
    phone.behave({ kind: 'answer', afterMs: 200, talkMs: 300 });
    const next = phone.nextCall();
    await originate('patient');
    const call = await next;
    expect(await call.ended).to.deep.equal({ how: 'hung-up' });
    const { started, answered = 0, ended = 0 } = call.times;
    expect(answered - started).to.be.at.least(200);
    expect(ended - answered).to.be.at.least(300);
  });

  it('are told when a call cannot be', async () => {
    const call = await caller.call({ number: 'nobody-here' });
    await call.answered.then(
      () => expect.fail('nobody should have answered'),
      (error: unknown) => expect(error).to.include({ code: 'PHONE_CALL_ENDED', status: 404 }),
    );
    expect(await call.ended).to.include({ how: 'rejected', status: 404 });
  });

  it('follow when a call is put on hold and taken off again', async () => {
    const phone = await agentPhone('held');
    const call = await callIntoStasis();
    const agentCall = await connect(call, 'held', phone);
    await agentCall.ear.waitFor(CALLER_TONE);
    await asterisk.ari('POST', 'channels/leg-held/hold');
    await asterisk.ari('DELETE', 'channels/leg-held/hold');
    await agentCall.ear.waitFor(CALLER_TONE);
    await call.call.hangUp();
    await agentCall.hangUp();
  });

  it('register again with a server that has forgotten them', async () => {
    const credentials = await asterisk.addPhone('forgotten');
    const phone = await agentPhone('forgotten', { credentials, expiresSeconds: 2 });
    await asterisk.ari('DELETE', 'asterisk/config/dynamic/res_pjsip/endpoint/phone-forgotten');
    while (phone.registered) await sleep(20);
    await asterisk.addPhone('forgotten', credentials.password);
    while (!phone.registered) await sleep(20);
  });

  it('say when the server does not accept their password', async () => {
    const { user } = await asterisk.addPhone('wrong');
    const attempt = startAgentPhone({ server: asterisk.server, credentials: { user, password: 'wrong' } });
    await attempt.then(
      () => expect.fail('it should not have registered'),
      (error: unknown) => expect(error).to.include({ code: 'PHONE_NOT_REGISTERED', status: 401 }),
    );
  });

  it('take their registration back when they stop', async () => {
    const phone = await agentPhone('leaves');
    const state = async () => ((await asterisk.ari('GET', 'endpoints/PJSIP/phone-leaves')) as { state: string }).state;
    while ((await state()) !== 'online') await sleep(20);
    await phone.stop();
    expect(await state()).to.equal('offline');
  });

  it('fall silent when their power goes: Asterisk finds nobody there', async () => {
    const phone = await agentPhone('powerless');
    const next = phone.nextCall();
    await originate('powerless');
    const call = await next;
    await call.answered;
    phone.kill();
    expect(call.state).to.equal('ended');
    await asterisk.ari('DELETE', 'channels/leg-powerless');
  });

  it('hang up at any moment of a call', async () => {
    const moments = [0, 1, 2, 5, 10, 50, 200, 600, 1100];
    const ends = await Promise.all(
      moments.map(async (ms) => {
        const call = await caller.call({ number: NUMBER, key: { digits: '12345678', toneMs: 60, gapMs: 40 } });
        await sleep(ms);
        return (await call.hangUp()).how;
      }),
    );
    for (const how of ends) expect(how).to.be.oneOf(['cancelled', 'hung-up']);
    while (((await asterisk.ari('GET', 'channels')) as unknown[]).length > 0) await sleep(20);
  });

  /** A phone that is registered, with another tone than the caller's. */
  async function agentPhone(agentId: string, options: Partial<AgentPhoneOptions> = {}): Promise<AgentPhone> {
    const credentials = options.credentials ?? (await asterisk.addPhone(agentId));
    const phone = await startAgentPhone({
      server: asterisk.server,
      sound: AGENT_TONE,
      timing: { t1: 100, t2: 1000, t4: 1000 },
      ...options,
      credentials,
    });
    phones.push(phone);
    return phone;
  }

  async function callIntoStasis(): Promise<{ call: PhoneCall; channelId: string }> {
    const arrival = asterisk.event(isArrival('caller'));
    const key = { digits: '12345678', toneMs: 40, gapMs: 20, afterMs: 50 };
    const call = await caller.call({ number: NUMBER, sound: CALLER_TONE, key });
    return { call, channelId: (await arrival).channel?.id ?? '' };
  }

  async function originate(agentId: string): Promise<void> {
    const endpoint = `PJSIP/phone-${agentId}`;
    await asterisk.ari('POST', `channels/leg-${agentId}`, { endpoint, app: 'civicline', appArgs: `agent,${agentId}` });
  }

  /** Brings caller and agent together in one bridge. */
  async function connect(from: { channelId: string }, agentId: string, phone: AgentPhone): Promise<PhoneCall> {
    const next = phone.nextCall();
    const arrival = asterisk.event(isArrival('agent'));
    await originate(agentId);
    const agentCall = await next;
    await arrival;
    await asterisk.ari('POST', `bridges/br-${agentId}`, { type: 'mixing,proxy_media' });
    const channel = `${from.channelId},leg-${agentId}`;
    await asterisk.ari('POST', `bridges/br-${agentId}/addChannel?channel=${encodeURIComponent(channel)}`);
    return agentCall;
  }
});

function isArrival(who: 'caller' | 'agent'): (event: StasisEvent) => boolean {
  return (event) => event.type === 'StasisStart' && event.args?.[0] === who;
}
