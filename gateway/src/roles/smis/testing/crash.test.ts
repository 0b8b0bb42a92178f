import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageView, SmisEvent } from '@civicline/protocol';
import { expect } from 'chai';
import getPort from 'get-port';
import { createSealer, openDatabase } from '../../../platform/storage/index.ts';
import { createSenderAdministration } from '../index.ts';
import { SCOPES } from '../senders/index.ts';
import { aMessage, aPart, createTestSender, type TestSender, until } from './room.ts';
import { createStandInChannel } from './stand-in-channel.ts';

const KILLS = Number(process.env.CIVICLINE_TEST_KILLS ?? 8);
const PER_ROUND = 60;

/** As SMIS tells them of a message, for every way in which these messages can go. */
const LIVES = [
  ['attempted sms', 'delivered sms'],
  ['attempted sms', 'fallback sms', 'attempted email', 'delivered email'],
  ['attempted sms', 'undeliverable sms'],
];

describe('SMIS under kill -9', () => {
  let folder: string;
  let port: number;
  let key: string;
  let sender: TestSender;
  let child: ChildProcess;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'civicline-smis-crash-'));
    port = await getPort({ host: '127.0.0.1' });
    key = randomBytes(32).toString('base64');
    const database = await openDatabase({ url: `file:${folder}`, role: 'smis' });
    const sealer = createSealer([Buffer.from(key, 'base64')]);
    const administration = await createSenderAdministration({ database, sealer, now: Date.now });
    const { sender: added, apiKey } = await administration.add({
      name: 'CTPC',
      zone: 'Europe/Brussels',
      scopes: [...SCOPES],
      clientId: null,
      limits: { perMinute: null, perDay: null },
      expiresAt: null,
    });
    sender = createTestSender(`http://127.0.0.1:${port}`, added.id, apiKey ?? '');
    await database.close();
  });
  after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const file = join(import.meta.dirname, 'crash-process.ts');
    child = spawn(process.execPath, ['--import', 'tsx', file, folder, String(port), key], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Messages of all three lives; urgent, so that the time of day does not matter. */
  function messagesOf(round: number) {
    return Array.from({ length: PER_ROUND }, (_, n) => {
      const reference = `${round}/${n}`;
      const failing = { ...aPart('sms'), keyId: 'fails' };
      const common = { reference, urgency: 'urgent' } as const;
      if (n % 3 === 0) return aMessage(common);
      if (n % 3 === 1) return aMessage({ ...common, parts: { sms: failing } });
      return aMessage({ ...common, parts: { sms: failing, email: aPart('email') } });
    });
  }

  it('loses nothing that it accepted, makes nothing twice, and tells every life in its order', async () => {
    const accepted = new Map<string, string>();
    const sent = new Map<string, unknown>();
    for (let round = 0; round < KILLS; round++) {
      await start();
      // Killed after another time in every round: while it accepts, submits, takes outcomes in.
      const killed = new Promise((resolve) => setTimeout(resolve, 20 + ((round * 97) % 400))).then(kill);
      const messages = messagesOf(round);
      const batch = messages.slice(0, PER_ROUND / 2);
      sent.set(`batch-${round}`, batch);
      const requests = [sendBatch(`batch-${round}`, batch)];
      for (const message of messages.slice(PER_ROUND / 2)) {
        sent.set(`single-${message.reference}`, message);
        requests.push(sendOne(`single-${message.reference}`, message));
      }
      await Promise.all(requests);
      await killed;
    }
    await start();
    // Every request once more, as a sender does that got no answer: those that were accepted keep their ids.
    for (const [idempotencyKey, what] of sent) {
      await (Array.isArray(what) ? sendBatch(idempotencyKey, what) : sendOne(idempotencyKey, what));
    }
    expect(accepted.size).to.equal(KILLS * PER_ROUND);

    const found = await until(listAll, (all) =>
      all.every(({ state }) => ['delivered', 'undeliverable'].includes(state)),
    );
    expect(new Map(found.map(({ id, reference }) => [reference, id]))).to.deep.equal(accepted);
    expect(found).to.have.length(accepted.size);

    const told = new Map<string, string[]>();
    for (const event of await sender.events()) tell(told, event);
    for (const { id } of found) expect(LIVES).to.deep.include(told.get(id));
    expect(told.size).to.equal(found.length);
    await kill();
    await checkChannels(found);

    async function sendOne(idempotencyKey: string, message: unknown): Promise<void> {
      const response = await sender.send(message, idempotencyKey).catch(() => null);
      if (response?.status === 201) note((await response.json().catch(() => null)) as MessageView | null);
    }
    async function sendBatch(idempotencyKey: string, messages: unknown[]): Promise<void> {
      const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
      const response = await sender.sendBatch(lines, { key: idempotencyKey }).catch(() => null);
      const text = await response?.text().catch(() => '');
      if (response?.status !== 200 || !text) return;
      for (const line of text.trim().split('\n')) note(JSON.parse(line));
    }
    /** What was answered must stay so. */
    function note(answer: { id: string; reference?: string | undefined } | null): void {
      if (!answer?.reference) return;
      expect(accepted.get(answer.reference) ?? answer.id).to.equal(answer.id);
      accepted.set(answer.reference, answer.id);
    }
  });

  async function listAll(): Promise<MessageView[]> {
    const all: MessageView[] = [];
    for (let after = ''; ; ) {
      const page = (await (await sender.ask(`/v1/messages?limit=500${after}`)).json()) as {
        messages: MessageView[];
        next: string | null;
      };
      all.push(...page.messages);
      if (page.next === null) return all;
      after = `&after=${page.next}`;
    }
  }

  /** Every attempt that was told of is one that the channel has, and no other one. */
  async function checkChannels(found: MessageView[]): Promise<void> {
    for (const name of ['sms', 'email'] as const) {
      const database = await openDatabase({ url: `file:${folder}`, role: `stand_in_${name}` });
      const attempts = await (await createStandInChannel({ name, database })).attempts();
      await database.close();
      const wanted = found.filter((view) => view.attempts.some(({ channel }) => channel === name));
      expect(attempts.map(({ id }) => `${id.slice(0, -1)}0`).sort()).to.deep.equal(wanted.map(({ id }) => id).sort());
    }
    const database = await openDatabase({ url: `file:${folder}`, role: 'smis' });
    const rest = database.withTables<Record<'message_parts' | 'message_channels', { in_flight: number }>>().sql;
    expect(await rest.selectFrom('message_parts').selectAll().execute()).to.deep.equal([]);
    const channels = await rest.selectFrom('message_channels').select('in_flight').execute();
    expect(channels).to.deep.equal([{ in_flight: 0 }, { in_flight: 0 }]);
    await database.close();
  }
});

function tell(told: Map<string, string[]>, { subject = '', type, data }: SmisEvent): void {
  const kind = `${type.replace('be.smis.v1.message.', '')} ${data.channel}`;
  told.set(subject, [...(told.get(subject) ?? []), kind]);
}
