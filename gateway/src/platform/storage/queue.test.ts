import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ClaimedItem,
  type ClaimOptions,
  createQueue,
  type Database,
  openDatabase,
  type QueueItem,
  queueMigrations,
} from './index.ts';
import { eachEngine } from './testing/index.ts';

const LEASE = 100;

describe('leased queue', () =>
  eachEngine((open, place) => {
    const item = (values: Partial<QueueItem> = {}): QueueItem => {
      return { id: randomUUID(), lane: 0, share: 'a', dueAt: 0, ...values };
    };
    const items = (count: number, values: Partial<QueueItem> = {}) => Array.from({ length: count }, () => item(values));

    async function openQueue(name = 'work') {
      const database = await open();
      await database.migrate(name, queueMigrations(name));
      const clock = { now: 0 };
      return { database, clock, ...driven(database, name, clock) };
    }

    it('does what a simple model says, whatever is asked in whatever order', async function () {
      this.timeout(120_000);
      const database = await open();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const name = `model_${letters(run++)}`;
          await database.migrate(name, queueMigrations(name));
          const model = createModel();
          const queue = driven(database, name, model);
          for (const { apply } of steps) await apply(queue, model);
        }),
        { numRuns: 100 },
      );
    });

    it('gives no item to two at once, and every item to somebody', async () => {
      const { put, claim } = await openQueue();
      await put([...items(300), ...items(300, { share: 'b' }), ...items(100, { lane: 1 })]);
      const claims = await Promise.all(Array.from({ length: 20 }, () => claim({ limit: 50, leaseMs: LEASE, now: 1 })));
      const ids = claims.flat().map(({ id }) => id);
      expect(ids).to.have.length(700);
      expect(new Set(ids).size).to.equal(700);
    });

    it('serves a faster lane first, although many wait in the other', async function () {
      this.timeout(120_000);
      const { put, claim } = await openQueue();

      await put(items(10_000, { lane: 2 }));
      const urgent = item({ lane: 0, dueAt: 1 });
      await put([urgent]);
      const [first] = await claim({ limit: 10, leaseMs: LEASE, now: 1 });
      expect(first?.id).to.equal(urgent.id);
      expect(await claim({ limit: 10, leaseMs: LEASE, now: 1, lanes: [0, 1] })).to.deep.equal([]);
    });

    it('gives every share its turn, also when there are more shares than are claimed at once', async () => {
      const { put, claim } = await openQueue();
      await put(['a', 'b', 'c', 'd'].flatMap((share) => items(share === 'a' ? 500 : 3, { share })));
      const sharesOf = async (limit: number) =>
        (await claim({ limit, leaseMs: LEASE, now: 1 })).map(({ share }) => share).sort();
      expect([await sharesOf(2), await sharesOf(2)].join(';')).to.equal('a,b;c,d');
      expect([await sharesOf(3), await sharesOf(3)].join(';')).to.equal('a,b,c;a,b,d');
      expect((await sharesOf(100)).join('')).to.equal(`${'a'.repeat(98)}cd`);
    });

    it('brings an item back when its lease has run out, and counts', async () => {
      const { put, claim, done, queue } = await openQueue();
      const only = item({ dueAt: 5 });
      await put([only]);
      expect(await claim({ limit: 1, leaseMs: LEASE, now: 4 })).to.deep.equal([]);
      expect(await claim({ limit: 1, leaseMs: LEASE, now: 5 })).to.deep.equal([{ ...only, claims: 1 }]);
      expect(await queue.nextDue()).to.equal(5 + LEASE);
      expect(await claim({ limit: 1, leaseMs: LEASE, now: 4 + LEASE })).to.deep.equal([]);
      expect(await claim({ limit: 1, leaseMs: LEASE, now: 5 + LEASE })).to.deep.equal([{ ...only, claims: 2 }]);
      await done([only.id]);
      expect(await queue.nextDue()).to.equal(null);
      expect(await queue.counts()).to.deep.equal([]);
    });

    it('counts more than it reads at once', async () => {
      const { put, claim, queue } = await openQueue();
      await put(items(45_000, { lane: 2 }));
      await put(items(3, { lane: 0 }));
      await claim({ limit: 2, leaseMs: LEASE, now: 1 });
      expect(await queue.counts()).to.deep.equal([
        { lane: 0, waiting: 1, leased: 2 },
        { lane: 2, waiting: 45_000, leased: 0 },
      ]);
    });

    it('puts and ends nothing when the work that asked for it fails', async () => {
      const { put, claim, database, queue } = await openQueue();
      const [kept, never] = [item(), item()];
      await put([kept]);
      const failed = database.write(async (sql) => {
        await queue.put(sql, [never]);
        await queue.done(sql, [kept.id]);
        throw new Error('on purpose');
      });
      expect(await failed.catch((error: Error) => error.message)).to.equal('on purpose');
      expect((await claim({ limit: 9, leaseMs: LEASE, now: 1 })).map(({ id }) => id)).to.deep.equal([kept.id]);
    });

    describe('when the clock was hours ahead and is set right', () => {
      const HOUR = 3600_000;

      it('gives at once what was due, however much, and the rest after the time it was to wait', async () => {
        const { put, claim, clock, queue } = await openQueue();
        clock.now = 5 * HOUR;
        await put([...items(25, { dueAt: 5 * HOUR }), ...items(1, { share: 'b', dueAt: 5 * HOUR + 600_000 })]);
        clock.now = 2 * HOUR;
        expect(await queue.nextDue()).to.equal(2 * HOUR);
        const claimed: string[] = [];
        for (let n = 0; n < 3; n++) {
          const given = await claim({ limit: 10, leaseMs: LEASE, now: clock.now });
          claimed.push(...given.map(({ id }) => id));
        }
        expect(new Set(claimed).size).to.equal(25);
        clock.now += 600_000;
        const later = await claim({ limit: 100, leaseMs: LEASE, now: clock.now });
        expect(later.filter(({ share }) => share === 'b')).to.have.length(1);
      });

      it('brings back what a dead worker had after the time of its lease, and leaves to a live one what it renews', async () => {
        const { put, claim, clock, renew } = await openQueue();
        clock.now = 5 * HOUR;
        const [dead, alive] = [item({ share: 'dead' }), item({ share: 'alive' })];
        await put([dead, alive]);
        expect(await claim({ limit: 9, leaseMs: LEASE, now: clock.now })).to.have.length(2);
        clock.now = 2 * HOUR;
        expect(await claim({ limit: 9, leaseMs: LEASE, now: clock.now })).to.deep.equal([]);
        clock.now += LEASE / 2;
        await renew([alive.id], clock.now + LEASE);
        clock.now += LEASE / 2;
        const back = await claim({ limit: 9, leaseMs: LEASE, now: clock.now });
        expect(back.map(({ id }) => id)).to.deep.equal([dead.id]);
      });

      it('leaves alone what was set by the clock of another gateway that is seconds ahead', async () => {
        const { put, claim, clock } = await openQueue();
        clock.now = 50_000;
        await put([item({ dueAt: 50_000 })]);
        clock.now = 0;
        expect(await claim({ limit: 9, leaseMs: LEASE, now: 0 })).to.deep.equal([]);
      });
    });

    it('gives no item to two gateways at once', async () => {
      const there = place();
      const first = await openDatabase(there);
      // Only PostgreSQL is for several at once.
      const others = first.engine === 'sqlite' ? [] : [await openDatabase(there), await openDatabase(there)];
      const gateways = [first, ...others];
      await Promise.all(gateways.map((gateway) => gateway.migrate('work', queueMigrations('work'))));
      const queues = gateways.map((gateway) => driven(gateway, 'work', { now: 1 }));
      await queues[0]?.put([...items(500), ...items(500, { share: 'b' })]);
      const claims = await Promise.all(
        queues.flatMap(({ claim }) => Array.from({ length: 10 }, () => claim({ limit: 100, leaseMs: LEASE, now: 1 }))),
      );
      const ids = claims.flat().map(({ id }) => id);
      expect(ids).to.have.length(1_000);
      expect(new Set(ids).size).to.equal(1_000);
      await Promise.all(gateways.map((gateway) => gateway.close()));
    });
  }));

/** A queue with its writes around it; a claim may say that time has gone on. */
function driven(database: Database, name: string, clock: { now: number }) {
  const queue = createQueue(database, name, () => clock.now);
  return {
    queue,
    claim({ now = clock.now, ...options }: ClaimOptions & { now?: number }) {
      clock.now = now;
      return database.write((sql) => queue.claim(sql, options));
    },
    put: (items: QueueItem[]) => database.write((sql) => queue.put(sql, items)),
    done: (ids: string[]) => database.write((sql) => queue.done(sql, ids)),
    later: (items: { id: string; dueAt: number }[]) => database.write((sql) => queue.later(sql, items)),
    renew: (ids: string[], until: number) => database.write((sql) => queue.renew(sql, ids, until)),
  };
}

type Driven = ReturnType<typeof driven>;

/** What the queue should be, in a few lines and without any speed. */
function createModel() {
  const items = new Map<string, ClaimedItem & { readyAt: number; leased: boolean }>();
  return { items, now: 0 };
}

type Model = ReturnType<typeof createModel>;

interface Step {
  apply(queue: Driven, model: Model): Promise<void>;
}

const ids = fc.integer({ min: 0, max: 200 }).map((number) => `item-${number}`);
const itemOfModel = fc.record({
  id: ids,
  lane: fc.constantFrom(0, 1, 1, 1, 2),
  share: fc.constantFrom('a', 'a', 'a', 'B', 'É', ''),
  dueAt: fc.oneof(fc.constant(0), fc.nat(300)),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.array(itemOfModel, { minLength: 1, maxLength: 60 }).map(putting) },
  { weight: 4, arbitrary: fc.tuple(fc.integer({ min: 1, max: 15 }), lanesAsked()).map(claiming) },
  { weight: 2, arbitrary: fc.array(ids, { maxLength: 30 }).map(ending) },
  { weight: 2, arbitrary: fc.tuple(fc.uniqueArray(ids, { maxLength: 30 }), fc.nat(300)).map(givingBack) },
  { weight: 2, arbitrary: fc.tuple(fc.uniqueArray(ids, { maxLength: 30 }), fc.nat(150)).map(renewing) },
  { weight: 2, arbitrary: fc.nat(150).map(waiting) },
);

function lanesAsked(): fc.Arbitrary<number[] | undefined> {
  return fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1 }), { nil: undefined });
}

function putting(put: QueueItem[]): Step {
  return {
    async apply(queue, { items }) {
      await queue.put(put);
      for (const item of put) {
        if (!items.has(item.id)) items.set(item.id, { ...item, claims: 0, readyAt: item.dueAt, leased: false });
      }
    },
  };
}

function claiming([limit, lanes]: [number, number[] | undefined]): Step {
  return {
    async apply({ claim }, model) {
      const claimed = await claim({ limit, leaseMs: LEASE, now: model.now, ...(lanes ? { lanes } : {}) });
      const ready = [...model.items.values()].filter(
        ({ readyAt, lane }) => readyAt <= model.now && (lanes ?? [lane]).includes(lane),
      );
      const known = claimed.map(({ id }) => ready.find((item) => item.id === id));
      expect(new Set(claimed.map(({ id }) => id)).size).to.equal(claimed.length);
      expect(claimed).to.have.length(Math.min(limit, ready.length));
      const lanesOf = (list: { lane: number }[]) => list.map(({ lane }) => lane);
      expect(lanesOf(claimed)).to.deep.equal(lanesOf(ready).sort().slice(0, limit));

      const takenOf = (lane: number, share: string) =>
        known.filter((item) => item?.lane === lane && item.share === share);
      for (const [i, item] of known.entries()) {
        if (!item) throw new Error('An item was claimed that was not ready.');
        const { id, lane, share, dueAt, claims } = item;
        expect(claimed[i]).to.deep.equal({ id, lane, share, dueAt, claims: claims + 1 });
      }
      for (const left of ready.filter((item) => !known.includes(item))) {
        const ofShare = takenOf(left.lane, left.share);
        expect(ofShare.every((item) => (item?.readyAt ?? 0) <= left.readyAt)).to.equal(true);
        for (const other of known.filter((item) => item?.lane === left.lane)) {
          expect(takenOf(left.lane, other?.share ?? '').length).to.be.at.most(ofShare.length + 1);
        }
      }
      for (const item of known) {
        if (item) Object.assign(item, { readyAt: model.now + LEASE, leased: true, claims: item.claims + 1 });
      }
    },
  };
}

function ending(ended: string[]): Step {
  return {
    async apply(queue, { items }) {
      await queue.done(ended);
      for (const id of ended) items.delete(id);
    },
  };
}

function givingBack([given, dueAt]: [string[], number]): Step {
  return {
    async apply(queue, { items }) {
      await queue.later(given.map((id) => ({ id, dueAt })));
      for (const id of given) {
        const item = items.get(id);
        if (item) Object.assign(item, { dueAt, readyAt: dueAt, leased: false });
      }
    },
  };
}

function renewing([renewed, ms]: [string[], number]): Step {
  return {
    async apply(queue, { items, now }) {
      await queue.renew(renewed, now + ms);
      for (const id of renewed) {
        const item = items.get(id);
        if (item?.leased) item.readyAt = now + ms;
      }
    },
  };
}

/** Time passes; meanwhile the figures are looked at. */
function waiting(ms: number): Step {
  return {
    async apply({ queue }, model) {
      model.now += ms;
      const all = [...model.items.values()];
      expect(await queue.nextDue()).to.equal(all.length === 0 ? null : Math.min(...all.map(({ readyAt }) => readyAt)));
      const counts = [0, 1, 2].map((lane) => {
        const leased = all.filter((item) => item.lane === lane && item.leased).length;
        return { lane, waiting: all.filter((item) => item.lane === lane).length - leased, leased };
      });
      expect(await queue.counts()).to.deep.equal(counts.filter(({ waiting, leased }) => waiting + leased > 0));
    },
  };
}

function letters(number: number): string {
  return [...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}
