import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type AgentPhone,
  type Caller,
  createCaller,
  type OutgoingCall,
  type PhoneCall,
  startAgentPhone,
} from '../../test/src/phone/index.ts';
import { agentEndpoint } from './agent-endpoint.ts';
import { type RunningAsterisk, type StartOptions, startAsterisk } from './run.ts';
import {
  type Application,
  type Ari,
  ariOf,
  INSTALLING_MS,
  installed,
  openApplication,
  removeDirectory,
  startOptions,
} from './test-asterisk.ts';
import { type Alone, startAlone, untilHeard } from './test-telephony.ts';

const DID = '+31850000001';
const CALLING_NUMBER = '+31612345678';
const CODE = '11223344';
/** Two seconds of speech. */
const SPOKEN_PACKETS = 100;

describe('the dialplan', function () {
  this.timeout(120_000);
  let options: StartOptions;
  let asterisk: RunningAsterisk;
  let ari: Ari;
  let application: Application;
  let caller: Caller;
  // Two calls that take more than a minute run beside all the others.
  let lost: Alone & { call: PhoneCall };
  let covered: Alone & { call: PhoneCall; phone: AgentPhone };

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
    lost = await startLost();
    covered = await startCovered();
    options = await startOptions({ firstDigitSeconds: 1 });
    asterisk = await startAsterisk(options);
    ari = ariOf(asterisk);
    application = await openApplication(asterisk);
    caller = await createCaller({ server: { address: '127.0.0.1', port: options.ports.sip } });
  });
  after(async () => {
    await lost?.stop();
    await covered?.phone.stop();
    await covered?.stop();
    await caller?.close();
    await asterisk?.stop();
    if (options) await removeDirectory(options.directory);
  });

  const dial = (changes: Partial<OutgoingCall> = {}) =>
    caller.call({
      number: DID,
      callerId: CALLING_NUMBER,
      key: { digits: CODE, toneMs: 80, gapMs: 60, afterMs: 100 },
      ...changes,
    });

  const continueIn = (channelId: string, context: string, extension: string) =>
    ari('POST', `channels/${channelId}/continue?context=${context}&extension=${extension}&priority=1`);

  it('hands over the number and the code', async () => {
    const call = await dial();
    const start = await application.nextStart();
    expect(start.args).to.deep.equal(['caller', DID, CODE, '']);
    await call.hangUp();
  });

  it('hands over a caller who keys nothing', async () => {
    const call = await caller.call({ number: DID, callerId: CALLING_NUMBER });
    const start = await application.nextStart();
    expect(start.args).to.deep.equal(['caller', DID, '', '']);
    await call.hangUp();
  });

  it('reads again when the gateway refuses a code', async () => {
    const call = await dial();
    const { channel } = await application.nextStart();
    await continueIn(channel.id, 'civicline-retry', 's');
    await untilHeard(call, call.ear.packets + 25);
    await call.sendDigits('87654321', { toneMs: 80, gapMs: 60 });
    const again = await application.nextStart();
    expect(again.args).to.deep.equal(['caller', DID, '87654321', '']);
    expect(again.channel.id).to.equal(channel.id);
    await call.hangUp();
  });

  it('says something and hangs up, whatever the reason of the gateway', async () => {
    const reasons = ['closed', 'full', 'timeout', 'error', 'something-else'];
    const calls = await Promise.all(reasons.map((_, index) => dial({ number: `+3185000010${index}` })));
    for (const _ of reasons) {
      const { args, channel } = await application.nextStart();
      await continueIn(channel.id, 'civicline-fallback', reasons[Number(args[1]?.at(-1))] as string);
    }
    for (const [index, call] of calls.entries()) {
      expect((await call.ended).how, reasons[index]).to.equal('peer-hung-up');
      expect(call.ear.packets, reasons[index]).to.be.greaterThan(SPOKEN_PACKETS);
    }
  });

  it('plays music while the gateway is away, and hands over when it is back', async () => {
    await application.close();
    const call = await dial();
    await untilHeard(call, SPOKEN_PACKETS);
    application = await openApplication(asterisk);
    expect((await application.nextStart()).args).to.deep.equal(['caller', DID, CODE, '']);
    await call.hangUp();
  });

  it('ends the longest call there may be with a word', async () => {
    const short = await startAlone({ longestCallSeconds: 3 });
    const listener = await openApplication(short.asterisk);
    const call = await short.caller.call({ number: DID, key: { digits: CODE, toneMs: 40, gapMs: 40 } });
    await listener.nextStart();
    const heardBefore = call.ear.packets;
    expect((await call.ended).how).to.equal('peer-hung-up');
    expect(call.ear.packets).to.be.greaterThan(heardBefore);
    await short.stop();
  });

  it('knows no way out: not for agents, and not for the gateway', async () => {
    await addPhone(ari);
    const asAgent = await createCaller({
      server: { address: '127.0.0.1', port: options.ports.sip },
      credentials: { user: 'phone-agent-a', password: 'secret' },
    });
    for (const number of ['+31900123456', '112', DID]) {
      const call = await asAgent.call({ number, callerId: 'phone-agent-a' });
      expect((await call.ended).how, number).to.equal('rejected');
    }
    await asAgent.close();

    const outside = createSocket('udp4').bind(0, '127.0.0.1');
    await once(outside, 'listening');
    let datagrams = 0;
    outside.on('message', () => datagrams++);
    const endpoint = encodeURIComponent(`PJSIP/trunk/sip:+31900123456@127.0.0.1:${outside.address().port}`);
    await ari('POST', `channels/out?endpoint=${endpoint}&app=civicline`);
    const call = await dial();
    await application.nextStart();
    await call.hangUp();
    await ari('DELETE', 'channels/out').catch(() => {});
    expect(datagrams).to.equal(0);
    outside.close();
  });

  it('lets nobody in by calling himself the trunk or an agent', async () => {
    await addPhone(ari);
    const trunkless = await startAlone({ trunkAddresses: ['192.0.2.1'] });
    for (const callerId of ['trunk', 'phone-agent-a', CALLING_NUMBER]) {
      const call = await trunkless.caller.call({ number: DID, callerId });
      expect(await call.ended, callerId).to.include({ how: 'rejected', status: 401 });
    }
    await trunkless.stop();
    const call = await dial({ callerId: 'phone-agent-a' });
    expect(await call.ended).to.include({ how: 'rejected', status: 401 });
  });

  it('tells a caller to call back when the gateway stays away', async () => {
    expect((await lost.call.ended).how).to.equal('peer-hung-up');
    // A minute of music at 50 packets a second, less what the dialplan takes between.
    expect(lost.call.ear.packets).to.be.greaterThan(2500);
  });

  it('rings the fallback phones when the gateway stays away', async () => {
    const answered = covered.phone.calls[0] ?? (await covered.phone.nextCall(100_000));
    await covered.call.ear.waitFor(440, 20_000);
    expect(covered.phone.calls.length).to.equal(1);
    expect(answered.peer).to.equal('anonymous');
    await covered.call.hangUp();
    expect((await answered.ended).how).to.equal('peer-hung-up');
  });

  it('leaves neither codes nor telephone numbers in the log', async () => {
    for (const directory of [options.directory, lost.directory, covered.directory]) {
      const log = await readFile(join(directory, 'asterisk.log'), 'utf8');
      expect(log).not.to.match(/11223344|87654321|612345678|850000001/);
      expect(await readdir(join(directory, 'log'))).to.deep.equal([]);
    }
  });
});

function dialInto({ caller }: Alone, changes: Partial<OutgoingCall> = {}): Promise<PhoneCall> {
  return caller.call({
    number: DID,
    callerId: CALLING_NUMBER,
    ...changes,
    key: { digits: CODE, toneMs: 80, gapMs: 60 },
  });
}

/** A call that comes in while there is no gateway. */
async function startLost() {
  const alone = await startAlone({});
  return { ...alone, call: await dialInto(alone) };
}

/** The same where an agent's phone is to ring in the end; it speaks with a tone. */
async function startCovered() {
  const alone = await startAlone({ fallbackEndpoints: ['PJSIP/phone-agent-a'] });
  await addPhone(ariOf(alone.asterisk));
  const phone = await startAgentPhone({
    server: { address: '127.0.0.1', port: alone.asterisk.sipPort },
    credentials: { user: 'phone-agent-a', password: 'secret' },
    sound: 440,
  });
  // Asserted by the network, and withheld: the phone that rings must not show it.
  const headers = [
    { name: 'P-Asserted-Identity', value: `<sip:${CALLING_NUMBER}@carrier.example>` },
    { name: 'Privacy', value: 'id' },
  ];
  return { ...alone, phone, call: await dialInto(alone, { headers }) };
}

async function addPhone(ari: Ari): Promise<void> {
  for (const { type, id, fields } of agentEndpoint({ agentId: 'agent-a', kind: 'phone', password: 'secret' })) {
    await ari('PUT', `asterisk/config/dynamic/res_pjsip/${type}/${id}`, { fields });
  }
}
