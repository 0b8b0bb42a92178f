import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'chai';
import { v7 as uuid } from 'uuid';
import { openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import type { MessageEvent } from './index.ts';
import type { DelivererSettings } from './testing/deliverer-process.ts';
import { openReceiver, type Receiver } from './testing/receiver.ts';
import { openRoom } from './testing/room.ts';

const PROGRAM = join(import.meta.dirname, 'testing/deliverer-process.ts');
const MESSAGES = 40;
const STEPS = 10;
const KILLS = 4;

describe('webhooks, called by several processes', () =>
  eachEngine((_open, place) =>
    describe('one after another, and at once', () => {
      let receiver: Receiver;
      let child: ChildProcess | null = null;
      beforeEach(async () => {
        receiver = await openReceiver((_call, response) => setTimeout(() => response.writeHead(204).end(), 3));
      });
      afterEach(async () => {
        child?.kill('SIGKILL');
        await receiver.close();
      });

      /** The events of many messages, step by step. */
      const events = (senderId: string): MessageEvent[] => {
        const ids = Array.from({ length: MESSAGES }, () => uuid());
        return Array.from({ length: STEPS }, (_, step) =>
          ids.map((messageId) => ({ messageId, senderId, kind: 'delivered' as const, at: Date.now(), data: { step } })),
        ).flat();
      };
      /** What each message's events were, each when it came first. */
      function stepsByMessage(): number[][] {
        const seen = new Map<string, Set<number>>();
        for (const { event } of receiver.calls) {
          const steps = seen.get(event.subject ?? '') ?? new Set();
          seen.set(event.subject ?? '', steps.add(Number(event.data.step)));
        }
        return [...seen.values()].map((steps) => [...steps]);
      }
      const everything = Array.from({ length: MESSAGES }, () => Array.from({ length: STEPS }, (_, step) => step));

      it('get every event at least once, in order, when the process is killed again and again', async function () {
        // Each process takes seconds to start.
        this.timeout(180_000);
        const at = place();
        const database = await openDatabase(at);
        const room = await openRoom({ database });
        const { id, key } = await room.addSender('CTPC');
        await room.ask(key, '/v1/webhooks', { url: receiver.url });
        await database.write((sql) => room.feedback.record(sql, events(id)));
        await room.close();
        await database.close();

        const start = (kills: number) => {
          const settings: DelivererSettings = {
            ...at,
            dataKey: room.dataKey.toString('base64'),
            later: kills * 60_000,
          };
          return spawn(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(settings)], { stdio: 'inherit' });
        };
        for (let kills = 0; kills < KILLS; kills++) {
          child = start(kills);
          const before = receiver.calls.length;
          await receiver.until(() => receiver.calls.length >= before + 20);
          child.kill('SIGKILL');
          await once(child, 'exit');
        }
        child = start(KILLS);
        const ids = () => new Set(receiver.calls.map(({ event }) => event.id)).size;
        await receiver.until(() => ids() === MESSAGES * STEPS);
        child.kill('SIGKILL');
        await once(child, 'exit');
        expect(stepsByMessage()).to.deep.equal(everything);
      });

      it('get every event once when several processes deliver', async () => {
        const at = place();
        const first = await openDatabase(at);
        const room = await openRoom({ database: first });
        const { id, key } = await room.addSender('CTPC');
        await room.ask(key, '/v1/webhooks', { url: receiver.url });
        // SQLite has one process; on PostgreSQL a second one does the same work.
        const second = first.engine === 'postgresql' ? await openDatabase(at) : null;
        const others = second ? [await openRoom({ database: second, dataKey: room.dataKey, clock: room.clock })] : [];
        for (const { feedback } of [room, ...others]) feedback.start();
        const all = events(id);
        for (let n = 0; n < all.length; n += MESSAGES) {
          const part = all.slice(n, n + MESSAGES);
          const { database, feedback } = (n % (2 * MESSAGES) === 0 ? room : others[0]) ?? room;
          await database.write((sql) => feedback.record(sql, part));
        }
        await receiver.until(() => receiver.calls.length >= all.length);
        for (const one of [room, ...others]) await one.close();
        for (const database of [first, second]) await database?.close();
        expect(receiver.calls).to.have.lengthOf(all.length);
        expect(stepsByMessage()).to.deep.equal(everything);
      });
    }),
  ));
