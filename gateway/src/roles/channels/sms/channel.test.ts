import { setTimeout as sleep } from 'node:timers/promises';
import type { SendResult } from '@civicline/sms';
import { expect } from 'chai';
import { createQueue, type Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { ledger } from './index.ts';
import { monthOf } from './ledger.ts';
import type { Tables } from './tables.ts';
import { attempt, KEYS, openRoom, type Room, SENDER } from './testing/room.ts';
import { SEGMENT_PRICE } from './testing/stand-in-router.ts';

eachEngine((open) => {
  describe('the SMS channel', () => {
    let database: Database;
    let room: Room;

    beforeEach(async () => {
      database = await open();
      room = await openRoom(database);
    });
    afterEach(async () => {
      await room.stop();
    });

    const receipt = (carrierId: string, state: 'delivered' | 'failed' | 'pending' = 'delivered', reason?: string) =>
      room.router.listener().receipt('first', { carrierId, state, ...(reason ? { reason } : {}) });
    const row = (id: string) =>
      database
        .withTables<Tables>()
        .sql.selectFrom('sms_attempts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
    const told = async (id: string, count: number) =>
      (await room.outcomes(id, count)).map(({ kind, reason }) => reason ?? kind);

    it('publishes its keys, the current one first', async () => {
      expect(await room.channel.keys()).to.deep.equal([{ id: KEYS.keyId, publicKey: KEYS.publicKey }]);
    });

    it('hands over what was sealed for it, forgets it, and tells of the receipt', async () => {
      const one = attempt({ from: 'Stad' });
      await room.channel.submit([one]);
      expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
      expect(room.router.sent).to.have.length(1);
      expect(room.router.sent[0]).to.include({
        id: one.id,
        to: '+32470000001',
        text: 'Uw afspraak is morgen om 10:00',
        from: 'Stad',
        validUntil: one.expiresAt,
        urgent: false,
      });
      expect((await row(one.id)).sealed).to.equal(null);
      await receipt('id-1', 'pending');
      await receipt('id-1');
      await receipt('id-1', 'failed', 'RECEIPT_EXPIRED');
      expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
    });

    it('sends once what is submitted twice, even after its end', async () => {
      const one = attempt();
      await Promise.all([room.channel.submit([one]), room.channel.submit([one, one])]);
      await room.outcomes(one.id, 1);
      await receipt('id-1');
      await room.outcomes(one.id, 2);
      await room.channel.submit([one]);
      const other = attempt();
      await room.channel.submit([other]);
      await room.outcomes(other.id, 1);
      expect(room.router.sent).to.have.length(2);
      expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
    });

    it('keeps outcomes until they are acknowledged, in order', async () => {
      const many = Array.from({ length: 50 }, () => attempt());
      await room.channel.submit(many);
      for (const { id } of many) await room.outcomes(id, 1);
      const first = await room.channel.outcomes(0, 20);
      expect(first.map(({ position }) => position)).to.deep.equal(Array.from({ length: 20 }, (_, index) => index + 1));
      await room.channel.acknowledge(20);
      expect((await room.channel.outcomes(0, 100)).map(({ position }) => position)).to.deep.equal(
        Array.from({ length: 30 }, (_, index) => index + 21),
      );
      expect((await room.channel.outcomes(49, 100)).map(({ position }) => position)).to.deep.equal([50]);
    });

    describe('receipts', () => {
      const accept = (...carrierIds: string[]): SendResult => {
        return { kind: 'accepted', carrierIds, segments: carrierIds.length };
      };

      it('may come before the answer', async () => {
        const one = attempt();
        room.router.answer = async () => {
          await receipt('early-1');
          await receipt('early-1');
          return accept('early-1');
        };
        await room.channel.submit([one]);
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('may write the id in another notation', async () => {
        const [one, two, three] = [attempt(), attempt(), attempt()];
        const ids = ['1A2B3C4D', '439041102', '0e999f21-81ef-4974-a414-3de98174e3c7'];
        room.router.answer = (_sms, count) => accept(ids[count - 1] ?? '');
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await room.channel.submit([two]);
        await room.outcomes(two.id, 1);
        await receipt(String(0x1a2b3c4d));
        await receipt((439041102).toString(16));
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
        expect(await told(two.id, 2)).to.deep.equal(['handed-over', 'delivered']);
        await room.channel.submit([three]);
        await room.outcomes(three.id, 1);
        await receipt('E999F21-81EF-4974-A414-3DE98174E3C7');
        expect(await told(three.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('may write the id in another notation and come before the answer', async () => {
        for (const [given, written] of [
          ['C0FFEE', '12648430'],
          ['12648431', '00c0ffef'],
          ['0e999f21-81ef', 'E999F21-81EF'],
        ] as const) {
          const one = attempt();
          room.router.answer = async () => {
            await receipt(written);
            return accept(given);
          };
          await room.channel.submit([one]);
          expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
        }
      });

      it('have ids that are stored as digests, for there are ids that contain the number', async () => {
        const ids = ['32470000001-7', '32470000001-8'];
        room.router.answer = () => accept(ids[0] ?? '');
        const one = attempt();
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await receipt(ids[1] ?? '');
        const { sql } = database.withTables<Tables>();
        const rows = [
          await sql.selectFrom('sms_segments').selectAll().execute(),
          await sql.selectFrom('sms_early_receipts').selectAll().execute(),
        ];
        expect(rows.map(({ length }) => length)).to.deep.equal([1, 1]);
        expect(JSON.stringify(rows)).not.to.include('32470000001');
        await receipt(ids[0] ?? '');
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('is one where the carrier sends one for a message of several segments', async () => {
        const one = attempt();
        room.router.answer = () => ({ ...accept('part-1', 'part-2', 'part-3'), onlyReceipt: true }) as SendResult;
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await receipt('part-2');
        expect((await room.outcomes(one.id, 2)).at(-1)).to.include({ kind: 'delivered', segments: 3 });
      });

      it('makes it delivered when all segments are', async () => {
        const one = attempt();
        room.router.answer = async () => {
          await receipt('part-2');
          return accept('part-1', 'part-2', 'part-3');
        };
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await receipt('part-3');
        await receipt('part-2');
        expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
        await receipt('part-1');
        expect((await room.outcomes(one.id, 2)).at(-1)).to.include({ kind: 'delivered', segments: 3 });
      });

      it('makes it failed when one segment is', async () => {
        const one = attempt();
        room.router.answer = () => accept('part-1', 'part-2');
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await receipt('part-1', 'failed', 'RECEIPT_REJECTED');
        await receipt('part-2');
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'RECEIPT_REJECTED']);
      });

      it('of unknown ids, with whatever is in them, do no harm', async () => {
        for (const id of ['', 'nobody', '\0\u{1f4a9}', 'x'.repeat(10_000)]) await receipt(id);
        const one = attempt();
        await room.channel.submit([one]);
        expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
      });

      it('that were repeated do not count for a later SMS whose id looks alike', async () => {
        const [one, two] = [attempt(), attempt()];
        const ids = ['26', '1A'];
        room.router.answer = (_sms, count) => accept(ids[count - 1] ?? '');
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await receipt('26');
        await receipt('26');
        room.clock.ahead += 1_000;
        await room.channel.submit([two]);
        await room.outcomes(two.id, 1);
        expect(await told(two.id, 1)).to.deep.equal(['handed-over']);
        await receipt('1A');
        expect(await told(two.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('count although the clock was put back after the SMS had left', async () => {
        const one = attempt({}, { expiresAt: Date.now() + 4 * 3600_000 });
        room.clock.ahead = 2 * 3600_000;
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        room.clock.ahead = 0;
        await receipt('id-1');
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('count although the clock is put back while the answer is under way', async () => {
        const one = attempt({}, { expiresAt: Date.now() + 4 * 3600_000 });
        room.clock.ahead = 2 * 3600_000;
        room.router.answer = async () => {
          room.clock.ahead = 0;
          await receipt('under-way');
          return accept('under-way');
        };
        await room.channel.submit([one]);
        expect(await told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
      });

      it('of another route do not count', async () => {
        const one = attempt();
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
        await room.router.listener().receipt('second', { carrierId: 'id-1', state: 'delivered' });
        expect(await told(one.id, 1)).to.deep.equal(['handed-over']);
      });
    });

    it('tells what cannot be sent, and does not try', async () => {
      const { keyId } = KEYS;
      const wrong = {
        SEALED_PART_BROKEN: attempt({}, { part: { keyId, sealed: 'A'.repeat(200) } }),
        SEALED_PART_UNKNOWN_KEY: attempt({}, { part: { ...attempt().part, keyId: 'other' } }),
        NUMBER_INVALID: attempt({ to: '0470000001' }),
        CONTENT_INVALID: attempt({ text: '' }),
        EXPIRED: attempt({}, { expiresAt: Date.now() - 1 }),
      };
      await room.channel.submit(Object.values(wrong));
      for (const [reason, { id }] of Object.entries(wrong)) {
        expect(await told(id, 1)).to.deep.equal([reason]);
        expect((await row(id)).sealed).to.equal(null);
      }
      expect(room.router.sent).to.have.length(0);
    });

    it('tells a refusal for good, and tries others again', async () => {
      const [one, two] = [attempt(), attempt()];
      const answers: SendResult[] = [
        { kind: 'unavailable' },
        { kind: 'refused', permanent: false, reason: 'QUEUE_FULL' },
      ];
      const tried = new Promise<void>((resolve) => {
        room.router.answer = ({ id }) => {
          if (id === one.id) return { kind: 'refused', permanent: true, reason: 'NUMBER_UNKNOWN' };
          const answer = answers.shift();
          if (answer && answers.length === 0) resolve();
          return answer ?? { kind: 'accepted', carrierIds: ['x'], segments: 1 };
        };
      });
      await room.channel.submit([one, two]);
      await tried;
      while ((await row(two.id)).state !== 'waiting') await new Promise(setImmediate);
      // The back-off is over.
      room.clock.ahead += 60_000;
      expect(await told(two.id, 1)).to.deep.equal(['handed-over']);
      expect(await told(one.id, 1)).to.deep.equal(['NUMBER_UNKNOWN']);
      expect(room.router.sent.map(({ id }) => id)).to.have.members([one.id, two.id, two.id, two.id]);
    });

    it('leaves unknown what may have gone out, and matches the receipts of what is known of it', async () => {
      const one = attempt();
      room.router.answer = () => ({ kind: 'unknown', carrierIds: ['part-1'], segments: 2 });
      await room.channel.submit([one]);
      expect(await told(one.id, 1)).to.deep.equal(['unknown']);
      expect((await row(one.id)).sealed).to.equal(null);
      await receipt('part-1', 'failed', 'RECEIPT_EXPIRED');
      expect(await told(one.id, 2)).to.deep.equal(['unknown', 'RECEIPT_EXPIRED']);
      expect(room.router.sent).to.have.length(1);
    });

    it('begins with little in hand after each outage, and takes more as the carrier does', async () => {
      const queue = createQueue(database, 'sms_queue', Date.now);
      const leased = async () => (await queue.counts()).reduce((sum, lane) => sum + lane.leased, 0);
      const untilLeased = async (count: number) => {
        while ((await leased()) < count) await sleep(5);
      };
      const held: { count: number; answer(result: SendResult): void }[] = [];
      let allowed = 0;
      const allow = (count: number) => {
        allowed = count;
        for (const one of held) if (one.count <= allowed) one.answer(accepted(one.count));
      };
      const accepted = (count: number): SendResult => {
        return { kind: 'accepted', carrierIds: [`id-${count}`], segments: 1 };
      };
      room.router.answer = (_sms, count) =>
        count <= allowed ? accepted(count) : new Promise((answer) => held.push({ count, answer }));
      room.router.setUp(false);
      await room.channel.submit(Array.from({ length: 1_500 }, () => attempt()));
      for (let outage = 0; outage < 2; outage++) {
        const before = room.router.sent.length;
        allow(before);
        room.router.setUp(true);
        await untilLeased(100);
        await sleep(200);
        expect(await leased()).to.equal(100);
        allow(before + 400);
        await untilLeased(200);
        room.router.setUp(false);
        allow(Number.POSITIVE_INFINITY);
        while ((await leased()) > 0) await sleep(5);
      }
    });

    it('withdraws what has not left', async () => {
      room.router.setUp(false);
      const one = attempt();
      await room.channel.submit([one]);
      await room.channel.cancel([one.id, 'nobody']);
      await room.channel.cancel([one.id]);
      room.router.setUp(true);
      const other = attempt();
      await room.channel.submit([other]);
      await room.outcomes(other.id, 1);
      expect(await told(one.id, 1)).to.deep.equal(['cancelled']);
      expect(room.router.sent.map(({ id }) => id)).to.deep.equal([other.id]);
      expect((await row(one.id)).sealed).to.equal(null);
    });

    it('adds up segments and price, per route, sender and month', async () => {
      const attempts = [attempt(), attempt(), attempt({}, { sender: { id: 'sender-2', name: 'Other' } })];
      room.router.answer = (_sms, count) => ({ kind: 'accepted', carrierIds: [`${count}a`, `${count}b`], segments: 2 });
      for (const one of attempts) {
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
      }
      const month = monthOf(Date.now());
      const common = { month, route: 'first' };
      const rows = await ledger(database);
      expect(rows).to.deep.equal([
        { ...common, sender_id: SENDER.id, messages: 2, segments: 4, price: 4 * SEGMENT_PRICE },
        { ...common, sender_id: 'sender-2', messages: 1, segments: 2, price: 2 * SEGMENT_PRICE },
      ]);
      expect(await ledger(database, ['1999-01'])).to.deep.equal([]);
    });

    it('adds up of a lost answer what the carrier surely took', async () => {
      const answers: SendResult[] = [
        { kind: 'unknown', carrierIds: ['part-1'], segments: 3 },
        // An id of our own, as a name for what the carrier may have.
        { kind: 'unknown', carrierIds: [attempt().id], segments: 0 },
      ];
      room.router.answer = () => answers.shift() ?? { kind: 'unavailable' };
      for (const one of [attempt(), attempt()]) {
        await room.channel.submit([one]);
        await room.outcomes(one.id, 1);
      }
      const common = { month: monthOf(Date.now()), route: 'first', sender_id: SENDER.id };
      expect(await ledger(database)).to.deep.equal([{ ...common, messages: 1, segments: 1, price: SEGMENT_PRICE }]);
    });
  });
});
