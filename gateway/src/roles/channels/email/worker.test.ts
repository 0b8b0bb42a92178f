import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { createLog, createMetrics } from '../../../platform/http/index.ts';
import {
  createQueue,
  type Database,
  openDatabase,
  queueMigrations,
  selectMany,
} from '../../../platform/storage/index.ts';
import { eachEngine, losingAnswer } from '../../../platform/storage/testing.ts';
import { createOutcomes } from '../kit/outcomes.ts';
import { createEmailMetrics } from './metrics.ts';
import { createStore } from './store.ts';
import { type AttemptRow, migrations, OUTCOMES, type Tables } from './tables.ts';
import { attempt, CONTENT } from './testing/room.ts';
import type { SendResult } from './transport.ts';
import { createWorker, type Worker } from './worker.ts';

const HOUR = 3600_000;

/** A worker over a stand-in for the SMTP server, which notes how long it leaves that alone. */
async function openWorker(database: Database, send: (id: string) => Promise<SendResult>) {
  await database.migrate('email', migrations);
  await database.migrate('email_queue', queueMigrations('email'));
  const pauses: number[] = [];
  const clock = { ahead: 0 };
  const now = () => Date.now() + clock.ahead;
  const queue = createQueue(database, 'email', now);
  const rules = { quietMs: HOUR, unknownMs: HOUR, rememberMs: HOUR };
  const outcomes = createOutcomes(database, OUTCOMES, createLog('silent'));
  const store = createStore({ database: database.withTables<Tables>(), queue, rules, outcomes });
  const worker: Worker = createWorker({
    database,
    queue,
    store,
    transport: { send: ({ envelopeId }) => send(envelopeId), close: () => undefined },
    connections: 3,
    open: () => ({ content: CONTENT }),
    mailOf: ({ id }, content) => ({
      ...content,
      from: { name: '', address: '' },
      messageId: id,
      returnPath: '',
      envelopeId: id,
    }),
    leaseMs: 30_000,
    metrics: createEmailMetrics(createMetrics(false), queue),
    log: createLog('warn', {
      write(line) {
        const { pauseMs } = JSON.parse(line);
        if (pauseMs !== undefined) pauses.push(pauseMs);
      },
    }),
    now,
  });
  return {
    worker,
    outcomes,
    pauses,
    clock,
    submit: (one: ReturnType<typeof attempt>) => store.submit([one], now()),
  };
}

const stateOf = async (sql: Kysely<unknown>, id: string) => {
  const [row] = await selectMany<AttemptRow>(sql, 'email_attempts', 'id', [id]);
  return row?.state;
};
const until = async (isSo: () => Promise<boolean> | boolean) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the e-mail worker', () => {
  it('takes mails that fail together for one failure of the server', async () => {
    const database = await openDatabase({ url: 'memory:', role: 'email' });
    let begun = 0;
    let allBegun = () => {};
    const together = new Promise<void>((resolve) => {
      allBegun = resolve;
    });
    const { worker, pauses, submit } = await openWorker(database, async () => {
      if (++begun === 3) allBegun();
      await together;
      return begun <= 4 ? { kind: 'unavailable', why: 'test' } : { kind: 'accepted' };
    });
    const all = [attempt(), attempt(), attempt()];
    for (const one of all) await submit(one);
    worker.start();
    for (const { id } of all) await until(async () => (await stateOf(database.sql, id)) === 'handed-over');
    expect(pauses).to.deep.equal([250, 500]);
    await worker.stop();
    await database.close();
  });

  eachEngine((open) => {
    /** The answer to the write that makes it `handing-over` is lost, once; the write is not. */
    async function loseAnswer(meanwhile: (clock: { ahead: number }) => void) {
      const database = await open();
      const one = attempt();
      const { database: lossy, lost } = losingAnswer(database, {
        state: (sql) => stateOf(sql, one.id),
        from: 'waiting',
        to: 'handing-over',
        meanwhile: () => meanwhile(opened.clock),
      });
      const sent: string[] = [];
      const opened = await openWorker(lossy, async (id) => {
        sent.push(id);
        return { kind: 'accepted' };
      });
      await opened.submit(one);
      opened.worker.start();
      await until(async () => ['handed-over', 'unknown'].includes((await stateOf(database.sql, one.id)) ?? ''));
      await opened.worker.stop();
      expect(lost()).to.equal(1);
      return { sent, told: (await opened.outcomes.outcomes(0, 10)).map(({ kind }) => kind) };
    }

    it('sends a mail all the same when nobody knows whether its leaving was recorded', async () => {
      const { sent, told } = await loseAnswer(() => undefined);
      expect(told).to.deep.equal(['handed-over']);
      expect(sent).to.have.length(1);
    });

    it('leaves it alone when another gateway may have it by now', async () => {
      const { sent, told } = await loseAnswer((clock) => {
        clock.ahead = 29_000;
        setTimeout(() => {
          clock.ahead = 60_000;
        }, 50);
      });
      expect(told).to.deep.equal(['unknown']);
      expect(sent).to.deep.equal([]);
    });
  });
});
