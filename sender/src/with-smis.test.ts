import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { expect } from 'chai';
import { send } from './command-line/send.ts';
import { createSender, type ManyAnswer, type OutgoingMessage, SenderError } from './index.ts';
import { checkConfig, createLog, runSideCar } from './side-car/index.ts';
import { type RealSmis, startRealSmis } from './testing/real-smis.ts';

const message: OutgoingMessage = { to: { phone: '+32470000001' }, text: 'Uw afspraak', category: 'individual' };

/** The real SMIS, SMS channel and SMPP session, and a carrier that is simulated. */
describe('sender with SMIS', () => {
  let smis: RealSmis;
  let key: string;

  beforeEach(async () => {
    smis = await startRealSmis();
    key = await smis.addSender('tracker');
  });
  afterEach(() => smis.stop());

  const phone = (number: string) => smis.simulator.messages().filter((one) => one.number === number);
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it('brings a message to the phone and tells of it', async () => {
    const sender = createSender({ url: smis.url, key });
    const { id, sms } = await sender.send({ ...message, text: `één ${'✓'.repeat(80)}`, reference: 'r-1' });
    expect(sms).to.include({ encoding: 'ucs2', segments: 2 });
    const states: string[] = [];
    for await (const view of sender.follow(id)) states.push(view.state);
    expect(states.at(-1)).to.equal('delivered');
    expect((await sender.message(id)).attempts[0]).to.include({ channel: 'sms', state: 'delivered', segments: 2 });
    expect(phone('+32470000001')[0]?.text).to.equal(`één ${'✓'.repeat(80)}`);

    const kinds: string[] = [];
    for await (const { events } of sender.events()) {
      kinds.push(...events.filter(({ subject }) => subject === id).map(({ type }) => type.split('.').at(-1) ?? ''));
      if (kinds.includes('delivered')) break;
    }
    expect(kinds).to.deep.equal(['attempted', 'delivered']);
    const found: string[] = [];
    for await (const view of sender.find({ reference: 'r-1' })) found.push(view.id);
    expect(found).to.deep.equal([id]);
  });

  it('answers a repeat with the first answer, and refuses what it should', async () => {
    const sender = createSender({ url: smis.url, key });
    const { input } = await sender.seal(message);
    const first = await sender.submit(input, 'once');
    expect((await sender.submit(JSON.parse(JSON.stringify(input)), 'once')).id).to.equal(first.id);
    expect((await sender.send(message, { idempotencyKey: 'once' })).id).to.equal(first.id);
    const errors = await Promise.all(
      [
        () => sender.send({ ...message, reference: 'other' }, { idempotencyKey: 'once' }),
        () => createSender({ url: smis.url, key: 'wrong' }).send(message),
        () => sender.send({ ...message, expiresAt: '2020-01-01T00:00:00Z' }),
        () => sender.message(crypto.randomUUID()),
        () => sender.send({ to: { email: 'a@b.be' }, subject: 's', text: 't', category: 'individual' }),
      ].map((work) => work().catch((error: unknown) => (error as SenderError).code)),
    );
    const codes = [
      'IDEMPOTENCY_KEY_REUSED',
      'CREDENTIAL_REFUSED',
      'INPUT_INVALID',
      'MESSAGE_UNKNOWN',
      'CHANNEL_UNAVAILABLE',
    ];
    expect(errors).to.deep.equal(codes);
    await until(() => phone('+32470000001').length === 1);
  });

  it('brings thousands, each once, with the wrong ones named', async () => {
    const sender = createSender({ url: smis.url, key });
    const count = 3_000;
    async function* source() {
      for (let i = 0; i < count; i++) {
        const to = { phone: i % 1_000 === 999 ? '+3' : `+3247${String(i % 150).padStart(7, '0')}` };
        yield { ...message, to, text: `bericht ${i}`, urgency: 'bulk' } as OutgoingMessage;
      }
    }
    const answers: ManyAnswer[] = [];
    for await (const answer of sender.sendMany(source())) answers.push(answer);
    const refused = answers.filter((answer) => 'problem' in answer);
    expect(refused.map(({ index }) => index)).to.deep.equal([999, 1_999, 2_999]);
    await until(() => smis.simulator.counts().messages >= count - 3);
    const texts = smis.simulator.messages().map(({ text }) => text);
    expect(new Set(texts).size)
      .to.equal(texts.length)
      .and.to.equal(count - 3);
  });

  it('says how long to wait when the quota is used up', async () => {
    const sender = createSender({ url: smis.url, key: await smis.addSender('small', 5) });
    const answers: ManyAnswer[] = [];
    const batch = Array.from({ length: 8 }, () => message);
    for await (const answer of sender.sendMany(batch, { patienceMs: 0 })) answers.push(answer);
    expect(answers.filter((answer) => 'id' in answer)).to.have.length(5);
    expect(answers.at(-1)).to.have.nested.property('problem.code', 'QUOTA_EXCEEDED');
    const error = await sender.send(message, { patienceMs: 0 }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SenderError);
    expect((error as SenderError).retryAfterSeconds).to.be.within(1, 60);
  });

  it('is shown by the command line', async () => {
    let out = '';
    const code = await send(['--to', '+32470000001', '--text', 'Uw afspraak is morgen om 10:00'], {
      env: { CIVICLINE_URL: smis.url, CIVICLINE_KEY: key },
      stdin: (async function* () {})(),
      stdout: { write: (text) => (out += text) },
      stderr: process.stderr,
    });
    expect(code).to.equal(0);
    expect(out).to.match(/^accepted .*\(SMS: 1 segment, GSM\)\nattempted +sms\ndelivered +sms, 1 segment\n$/);
  });

  describe('through the side-car', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'civicline-side-car-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('delivers what a RingRing client sends, and calls its StatusUrl', async () => {
      const told: string[] = [];
      const hook = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        told.push(body);
        response.end();
      });
      await once(hook.listen(0, '127.0.0.1'), 'listening');
      const StatusUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
      const services = [{ name: 'tracker', key, apiKey: 'ringring-key' }];
      const config = checkConfig({ url: smis.url, listen: '127.0.0.1:0', folder, services }, 'test');
      const sideCar = await runSideCar({ config, log: createLog({ write: () => undefined }, Date.now) });
      const body = { ApiKey: 'ringring-key', To: '32470000001,32470000002', Message: 'Uw test is klaar', StatusUrl };
      const answer = await fetch(`${sideCar.url}/sms/v1/Message`, { method: 'POST', body: JSON.stringify(body) });
      const { Messages } = (await answer.json()) as { Messages: { MessageId: string }[] };
      await until(() => told.length === 2);
      expect(told.map((one) => JSON.parse(one).StatusCode)).to.deep.equal(['200', '200']);
      expect(told.map((one) => JSON.parse(one).MessageId).sort()).to.deep.equal(
        Messages.map(({ MessageId }) => MessageId).sort(),
      );
      expect(phone('+32470000002')[0]?.text).to.equal('Uw test is klaar');
      await sideCar.stop();
      hook.close();
    });

    it('loses nothing and sends nothing twice when it is killed at any moment', async () => {
      const bin = resolve(import.meta.dirname, '../bin/civicline-side-car.mjs');
      const environment = { CIVICLINE_URL: smis.url, CIVICLINE_KEY: key, CIVICLINE_SIDE_CAR_FOLDER: folder };
      const env = { ...process.env, ...environment, CIVICLINE_SIDE_CAR_LISTEN: '127.0.0.1:0' };

      async function start(): Promise<{ child: ChildProcess; url: string }> {
        const child = spawn(process.execPath, [bin], { env, stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
          out += chunk;
          const [, url] = /listening on (\S+)/.exec(out) ?? [];
          if (url) return { child, url };
        }
        throw new Error('The side-car did not start.');
      }

      const acknowledged = new Set<string>();
      let sent = 0;
      /** Until the side-car is gone. */
      async function sendOn(url: string): Promise<void> {
        while (true) {
          const text = `bericht ${sent++}`;
          const body = JSON.stringify({ to: `+3247${String(sent % 150).padStart(7, '0')}`, text });
          const headers = { 'content-type': 'application/json' };
          try {
            const response = await fetch(`${url}/messages`, { method: 'POST', headers, body });
            if (response.status === 202) acknowledged.add(text);
            await response.arrayBuffer();
          } catch {
            return;
          }
        }
      }

      for (let kills = 0; kills < 6; kills++) {
        const { child, url } = await start();
        const sending = [sendOn(url), sendOn(url), sendOn(url), sendOn(url)];
        const enough = acknowledged.size + 20 + 37 * kills;
        await until(() => acknowledged.size >= enough);
        child.kill('SIGKILL');
        await Promise.all(sending);
      }
      const { child, url } = await start();
      const texts = () => smis.simulator.messages().map(({ text }) => text);
      await until(() => {
        const arrived = new Set(texts());
        return [...acknowledged].every((text) => arrived.has(text));
      });
      // What was stored without its answer having left may arrive too, once.
      const settled = async () => ((await (await fetch(`${url}/health`)).json()) as { waiting: number }).waiting === 0;
      while (!(await settled())) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(new Set(texts()).size).to.equal(texts().length);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).to.deep.equal([0, null]);
    }).timeout(120_000);
  });
});
