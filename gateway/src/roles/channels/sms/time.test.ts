import { randomBytes } from 'node:crypto';
import { generateSealingKeysSync, sealPartSync } from '@civicline/protocol/sealing/node';
import type { RoutedResult } from '@civicline/sms';
import { expect } from 'chai';
import { createLog } from '../../../platform/http/index.ts';
import { createQueue, createSealer, type Database, insertMany } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { createOutcomes } from '../kit/outcomes.ts';
import { createCarrierIds } from './carrier-ids.ts';
import { createRecorder } from './recorder.ts';
import { OUTCOMES, type Tables } from './tables.ts';
import { attempt, KEYS, openRoom, type Room } from './testing/room.ts';
import { createSmsUpkeep } from './upkeep.ts';

const HOUR_MS = 3600_000;

eachEngine((open) => {
  describe('the SMS channel in the course of time', () => {
    let database: Database;
    let room: Room;

    beforeEach(async () => {
      database = await open();
      room = await openRoom(database);
    });
    afterEach(() => room.stop());

    /**
     * A carrier's answer that the test releases by hand. Until then the worker that awaits it looks dead; unreleased, closing
     * would wait for ever.
     */
    function lateAnswer() {
      let come = () => {};
      const answer = new Promise<RoutedResult>((resolve) => {
        come = () => resolve({ kind: 'unknown', route: 'first', carrierIds: [], segments: 0, segmentPrice: 0 });
      });
      return { answer, come: () => come() };
    }

    const told = async (id: string, count: number) =>
      (await room.outcomes(id, count)).map(({ kind, reason }) => reason ?? kind);
    const count = async (table: keyof Tables) =>
      (await database.withTables<Tables>().sql.selectFrom(table).selectAll().execute()).length;

    /** What the channel does every few seconds, now. */
    async function upkeep(): Promise<void> {
      const now = () => Date.now() + room.clock.ahead;
      const receiptMs = 72 * HOUR_MS;
      const early = { mayBe: true };
      const log = createLog('silent');
      const recorder = createRecorder({
        database: database.withTables(),
        queue: createQueue(database, 'sms_queue', now),
        rules: { receiptMs, rememberMs: 24 * HOUR_MS },
        carrierIds: createCarrierIds(createSealer([randomBytes(32)])),
        early,
        outcomes: createOutcomes(database, OUTCOMES, log),
        log,
      });
      await createSmsUpkeep({ database: database.withTables(), recorder, early, receiptMs, log, now }).once();
    }

    it('tells what expired while no route was up', async () => {
      room.router.setUp(false);
      const one = attempt();
      await room.channel.submit([one]);
      room.clock.ahead += 2 * HOUR_MS;
      await upkeep();
      expect(await told(one.id, 1)).to.deep.equal(['EXPIRED']);
      expect(await count('queue_sms_queue' as keyof Tables)).to.equal(0);
    });

    it('goes on at once when the clock is set back by hours, and settles what another process had', async () => {
      const late = lateAnswer();
      room.router.answer = () => late.answer;
      const handed = attempt();
      await room.channel.submit([handed]);
      while (room.router.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      room.router.setUp(false);
      const waiting = attempt();
      await room.channel.submit([waiting]);
      // The first one hangs. Its clock is right again in the second one, where 30 s pass.
      const clock = { ahead: -3 * HOUR_MS };
      const second = await openRoom(database, { now: () => Date.now() + clock.ahead });
      expect(await told(waiting.id, 1)).to.deep.equal(['handed-over']);
      clock.ahead += 30_000;
      expect((await second.outcomes(handed.id, 1)).map(({ kind }) => kind)).to.deep.equal(['unknown']);
      expect(second.router.sent.map(({ id }) => id)).to.deep.equal([waiting.id]);
      await second.stop();
      late.come();
    });

    it('tells of a receipt that never came, and forgets all of it later', async () => {
      const one = attempt({}, { expiresAt: Date.now() + 7 * 24 * HOUR_MS });
      await room.channel.submit([one]);
      await room.outcomes(one.id, 1);
      // The carrier tries no longer than that.
      expect(room.router.sent[0]).to.include({ tryMs: 72 * HOUR_MS, validUntil: one.expiresAt });
      room.clock.ahead += 71 * HOUR_MS;
      await upkeep();
      expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
      room.clock.ahead += HOUR_MS;
      await upkeep();
      // The carrier may just have given up: its receipt is under way.
      expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
      room.clock.ahead += HOUR_MS;
      await upkeep();
      expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'RECEIPT_MISSING']);
      await room.router.listener().receipt('first', { carrierId: 'id-1', state: 'delivered' });
      expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'RECEIPT_MISSING']);
      room.clock.ahead += 100 * 24 * HOUR_MS;
      await upkeep();
      for (const table of ['sms_attempts', 'sms_segments', 'sms_early_receipts', 'sms_recipients'] as const) {
        expect(await count(table), table).to.equal(0);
      }
    });

    it('forgets receipts that belong to nothing', async () => {
      await room.router.listener().receipt('first', { carrierId: 'stranger', state: 'delivered' });
      await upkeep();
      expect(await count('sms_early_receipts')).to.equal(1);
      room.clock.ahead += HOUR_MS;
      await upkeep();
      expect(await count('sms_early_receipts')).to.equal(0);
    });

    it('leaves unknown what another process was handing over when it died', async () => {
      const late = lateAnswer();
      const left = new Promise<void>((resolve) => {
        room.router.answer = () => {
          resolve();
          return late.answer;
        };
      });
      const one = attempt();
      await room.channel.submit([one]);
      await left;
      // The first one hangs; its lease is taken to have run out by a second one, whose clock is ahead.
      const second = await openRoom(database, { now: () => Date.now() + 60_000 });
      expect((await second.outcomes(one.id, 1)).map(({ kind }) => kind)).to.deep.equal(['unknown']);
      expect(second.router.sent).to.have.length(0);
      // A route that goes by our ids knows it.
      await second.router.listener().receipt('first', { carrierId: one.id, state: 'delivered' });
      expect((await second.outcomes(one.id, 2)).map(({ kind }) => kind)).to.deep.equal(['unknown', 'delivered']);
      await second.stop();
      late.come();
    });

    it('finds a receipt under our own id that came before the SMS was found orphaned', async () => {
      const late = lateAnswer();
      room.router.answer = async ({ id }) => {
        await room.router.listener().receipt('first', { carrierId: id, state: 'failed', reason: 'RECEIPT_REJECTED' });
        return late.answer;
      };
      const one = attempt();
      await room.channel.submit([one]);
      while ((await count('sms_early_receipts')) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const second = await openRoom(database, { now: () => Date.now() + 60_000 });
      const all = await second.outcomes(one.id, 2);
      expect(all.map(({ kind, reason }) => reason ?? kind)).to.deep.equal(['unknown', 'RECEIPT_REJECTED']);
      await second.stop();
      late.come();
    });

    it('forgets what is more than one portion', async () => {
      const rows = Array.from({ length: 2_500 }, (_, index) => ({ index, left_at: 0, written_at: 0 }));
      await database.write(async (writing) => {
        const segments = rows.map(({ index, left_at }) => ({ carrier: `first ${index}`, attempt_id: 'x', left_at }));
        await insertMany(writing, 'sms_segments', segments);
        const recipients = rows.map(({ index, written_at }) => ({ digest: `${index}`, sender_id: 'x', written_at }));
        await insertMany(writing, 'sms_recipients', recipients);
      });
      await upkeep();
      expect(await count('sms_segments')).to.equal(0);
      expect(await count('sms_recipients')).to.equal(0);
    });

    it('opens what was sealed for an older key', async () => {
      const newer = generateSealingKeysSync();
      await room.stop();
      room = await openRoom(database, { privateKeys: [newer, KEYS] });
      expect((await room.channel.keys()).map(({ id }) => id)).to.deep.equal([newer.keyId, KEYS.keyId]);
      const content = { to: '+32470000003', text: 'Nieuw' };
      const part = sealPartSync('sms', { id: newer.keyId, publicKey: newer.publicKey }, content);
      const [older, current] = [attempt(), attempt({}, { part })];
      await room.channel.submit([older, current]);
      expect(await told(older.id, 1)).to.deep.equal(['handed-over']);
      expect(await told(current.id, 1)).to.deep.equal(['handed-over']);
    });

    it('hands a large batch over, opened in its thread, with what cannot be opened told one by one', async () => {
      const many = Array.from({ length: 300 }, (_, index) => attempt({ text: `Nummer ${index}` }));
      const wrong = attempt({}, { part: { keyId: KEYS.keyId, sealed: randomBytes(200).toString('base64url') } });
      await room.channel.submit([...many.slice(0, 150), wrong, ...many.slice(150)]);
      for (const { id } of many) await room.outcomes(id, 1);
      expect(room.router.sent.map(({ text }) => text)).to.have.members(many.map((_, index) => `Nummer ${index}`));
      expect(await told(wrong.id, 1)).to.deep.equal(['SEALED_PART_BROKEN']);
    });

    it('counts without naming anybody', async () => {
      const one = attempt();
      await room.channel.submit([one, attempt({ to: 'nobody' })]);
      await room.outcomes(one.id, 1);
      await room.router.listener().receipt('first', { carrierId: 'id-1', state: 'delivered' });
      const metrics = await room.metrics.metrics();
      expect(metrics).to.include('civicline_sms_results_total{route="first",result="accepted"} 1');
      expect(metrics).to.include('civicline_sms_results_total{route="first",result="unknown"} 0');
      expect(metrics).to.include('civicline_sms_receipts_total{route="first",result="delivered"} 1');
      expect(metrics).to.include('civicline_sms_rejected_total{reason="NUMBER_INVALID"} 1');
      expect(metrics).to.include('civicline_sms_route_up{route="first"} 1');
      expect(metrics).to.include('civicline_sms_queue{lane="urgent",state="waiting"} 0');
      expect(metrics).not.to.include('32470000001');
    });
  });
});
