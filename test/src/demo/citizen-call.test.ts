import { expect } from 'chai';
import { createCaller, startAgentPhone } from '../phone/index.ts';
import { startTestAsterisk, type TestAsterisk } from '../phone/test-asterisk.ts';
import { play } from './citizen-call.ts';
import type { CitizenCall, CitizenEvent, CitizenPlan } from './citizen-plan.ts';

const PLAN: CitizenPlan = {
  organisation: 'voorbeeldstad',
  purpose: 'verhuizing',
  language: 'nl',
  code: 'none',
  toneMs: 60,
  gapMs: 40,
  pauseMs: 100,
  waitSeconds: 30,
  talkSeconds: 0.5,
};

describe('a demo citizen on the telephone', function () {
  this.timeout(60_000);
  let asterisk: TestAsterisk;
  before(async () => {
    asterisk = await startTestAsterisk();
  });
  after(() => asterisk?.stop());

  it('without a code notices that an agent answers who sounds like anybody, talks, and hangs up', async () => {
    const caller = await createCaller({ server: asterisk.server });
    const credentials = await asterisk.addPhone('quiet');
    const phone = await startAgentPhone({ server: asterisk.server, credentials, sound: 'silence' });
    const arrived = asterisk.event(({ args }) => args?.[0] === 'caller');
    const told: CitizenEvent['kind'][] = [];
    const world = {
      gatewayUrl: '',
      caller,
      wallets: { borrow: () => Promise.reject(new Error('no wallet')) },
      signal: new AbortController().signal,
    };
    const finish = (ended: CitizenCall['ended']) => ({ ...result, ended });
    const result: CitizenCall = {
      call: 1,
      organisation: PLAN.organisation,
      purpose: PLAN.purpose,
      disclosed: [],
      dialled: null,
      accepted: false,
      connected: false,
      ended: 'failed',
      heard: { packets: 0, lost: 0, agentTone: false },
      milliseconds: {},
    };
    const playing = play(result, PLAN, world, ({ kind }) => told.push(kind), finish, 'tel:+31850000001,#');

    const { channel } = await arrived;
    await asterisk.ari('POST', `channels/${channel?.id}/play?media=sound:civicline/please-wait`);
    await asterisk.ari('POST', `channels/${channel?.id}/moh?mohClass=civicline`);
    const answers = asterisk.event(({ args }) => args?.[0] === 'agent');
    await asterisk.ari('POST', 'channels/leg', { endpoint: 'PJSIP/phone-quiet', app: 'civicline', appArgs: 'agent' });
    await answers;
    expect(told).to.deep.equal(['dialling', 'answered', 'keyed']);
    await asterisk.ari('POST', 'bridges/pair', { type: 'mixing,proxy_media' });
    await asterisk.ari('POST', `bridges/pair/addChannel?channel=${channel?.id},leg`);

    expect(await playing).to.deep.include({ ended: 'hung-up-after-talking', connected: true });
    expect(told).to.deep.equal(['dialling', 'answered', 'keyed', 'connected']);
    await phone.stop();
    await caller.close();
  });
});
