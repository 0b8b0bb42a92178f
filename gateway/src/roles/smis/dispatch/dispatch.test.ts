import type { MessageInput, MessageView } from '@civicline/protocol';
import { type Attempt, ChannelError } from '@civicline/protocol/channel';
import { expect } from 'chai';
import { createQueue } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { createRecallAdministration } from '../messages/index.ts';
import {
  aMessage,
  aPart,
  NOON,
  openRoom,
  type Room,
  type RoomOptions,
  type TestSender,
  until,
} from '../testing/room.ts';
import { DELIVERS } from '../testing/stand-in-channel.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('dispatch', () =>
  eachEngine((open) => {
    let room: Room;
    let sender: TestSender;

    const begin = async (options: Partial<RoomOptions> = {}) => {
      room = await openRoom({ open, ...options });
      sender = await room.addSender('CTPC');
      room.smis.start();
    };
    afterEach(() => room.close());

    const send = async (message: MessageInput): Promise<string> => {
      const response = await sender.send(message);
      expect(response.status).to.equal(201);
      return ((await response.json()) as MessageView).id;
    };
    const comesTo = (id: string, state: MessageView['state']) =>
      until(
        () => sender.get(id),
        (view) => view.state === state,
      );
    const attemptOf = (id: string, n = 0) =>
      until(
        async () =>
          (await room.channel(n === 0 ? 'sms' : 'email').attempts()).find((one) => one.id.startsWith(id.slice(0, -1))),
        (found) => found !== undefined,
      );
    const bothWays = (waitSeconds?: number): MessageInput =>
      aMessage({
        reference: 'ref',
        strategy: [{ channel: 'sms', ...(waitSeconds === undefined ? {} : { waitSeconds }) }, { channel: 'email' }],
        parts: { sms: aPart('sms'), email: aPart('email') },
      });

    it('brings a message to its channel and tells what became of it', async () => {
      await begin();
      const id = await send(aMessage({ reference: 'ref', expiresAt: '2026-03-04T20:00:00Z' }));
      const view = await comesTo(id, 'delivered');
      expect(view.attempts).to.deep.equal([
        { channel: 'sms', state: 'delivered', segments: 1, updatedAt: new Date(NOON).toISOString() },
      ]);
      const [attempt] = await room.channel('sms').attempts();
      expect(attempt).to.deep.equal({
        id: `${id.slice(0, -1)}1`,
        sender: { id: sender.id, name: 'CTPC' },
        urgency: 'normal',
        category: 'individual',
        expiresAt: Date.UTC(2026, 2, 4, 20),
        part: aPart('sms'),
        times: 1,
      });
      expect(await sender.told(id)).to.deep.equal(['attempted sms', 'delivered sms']);
      const [, last] = await sender.events();
      expect(last?.data).to.deep.equal({ reference: 'ref', channel: 'sms', state: 'delivered', segments: 1 });
      // No channel can want it any more.
      const parts = room.database.withTables<{ message_parts: object }>().sql.selectFrom('message_parts').selectAll();
      expect(await parts.execute()).to.deep.equal([]);
    });

    it('falls back when a channel fails, and gives up when all did', async () => {
      await begin({ script: ({ part }) => [{ kind: 'failed', reason: `NO_${part.keyId}` }] });
      const id = await send(bothWays());
      const view = await comesTo(id, 'undeliverable');
      expect(view).to.include({ reason: 'NO_email-1' });
      expect(view.attempts.map(({ channel, state, reason }) => [channel, state, reason])).to.deep.equal([
        ['sms', 'failed', 'NO_sms-1'],
        ['email', 'failed', 'NO_email-1'],
      ]);
      expect(await sender.told(id)).to.deep.equal([
        'attempted sms',
        'fallback sms',
        'attempted email',
        'undeliverable email',
      ]);
    });

    it('falls back after the time a step has, and believes a receipt that comes late', async () => {
      await begin({ script: () => [{ kind: 'handed-over' }] });
      const id = await send(bothWays(600));
      const { id: first } = (await attemptOf(id)) ?? { id: '' };
      await comesTo(id, 'attempting');
      room.clock.now += 601_000;
      await until(
        () => sender.get(id),
        ({ attempts }) => attempts[1]?.state === 'handed-over',
      );
      await room.channel('sms').report(first, { kind: 'delivered', segments: 2 }, { kind: 'delivered', segments: 2 });
      await comesTo(id, 'delivered');
      await room.channel('email').report(`${id.slice(0, -1)}2`, { kind: 'delivered' });
      await until(
        () => sender.get(id),
        ({ attempts }) => attempts[1]?.state === 'delivered',
      );
      expect(await sender.told(id)).to.deep.equal([
        'attempted sms',
        'fallback sms',
        'attempted email',
        'delivered sms',
      ]);
      expect(room.channel('sms').cancelled).to.deep.equal([]);
    });

    it('withdraws from a channel what takes too long and was not handed over', async () => {
      await begin({ script: ({ part }) => (part.keyId === 'sms-1' ? [] : DELIVERS({} as never)) });
      const id = await send(bothWays(600));
      await comesTo(id, 'attempting');
      room.clock.now += 601_000;
      const view = await comesTo(id, 'delivered');
      // Perhaps again when the message was delivered.
      expect(new Set(room.channel('sms').cancelled)).to.deep.equal(new Set([`${id.slice(0, -1)}1`]));
      await until(
        () => sender.get(id),
        ({ attempts }) => attempts[0]?.state === 'cancelled',
      );
      expect(view.attempts[1]?.state).to.equal('delivered');
    });

    it('waits for the window, and goes at once when urgent', async () => {
      await begin({ clock: { now: Date.UTC(2026, 2, 4, 20, 30) } });
      const id = await send(aMessage());
      const urgent = await send(aMessage({ urgency: 'urgent' }));
      const emergency = await send(aMessage({ category: 'emergency' }));
      await comesTo(urgent, 'delivered');
      await comesTo(emergency, 'delivered');
      await comesTo(id, 'deferred');
      room.clock.now = Date.UTC(2026, 2, 5, 6, 59);
      expect((await sender.get(id)).state).to.equal('deferred');
      room.clock.now = Date.UTC(2026, 2, 5, 7);
      await comesTo(id, 'delivered');
      expect(await sender.told(id)).to.deep.equal(['deferred', 'attempted sms', 'delivered sms']);
    });

    it('lets expire what could not go in time, and what nobody reports on', async () => {
      await begin({ clock: { now: Date.UTC(2026, 2, 4, 20, 30) }, script: () => [{ kind: 'handed-over' }] });
      const id = await send(aMessage({ expiresAt: '2026-03-05T06:00:00Z' }));
      const lost = await send(aMessage({ expiresAt: '2026-03-05T06:00:00Z', urgency: 'urgent' }));
      await comesTo(id, 'deferred');
      await comesTo(lost, 'attempting');
      room.clock.now = Date.UTC(2026, 2, 5, 6);
      await comesTo(id, 'expired');
      expect((await sender.get(lost)).state).to.equal('attempting');
      room.clock.now += 6 * MINUTE;
      expect((await comesTo(lost, 'expired')).reason).to.equal('EXPIRED');
      expect(await sender.told(id)).to.deep.equal(['deferred', 'expired']);
      expect(await room.channel('sms').attempts()).to.have.length(1);
    });

    it('goes on at once when the clock is set back by hours', async () => {
      await begin();
      await room.smis.stop();
      const ids = [await send(aMessage()), await send(aMessage({ urgency: 'urgent' }))];
      room.clock.now -= 3 * HOUR;
      room.smis.start();
      for (const id of ids) await comesTo(id, 'delivered');
    });

    it('cancels what waits, asks the channel for what it has, and says when it is too late', async () => {
      await begin({
        clock: { now: Date.UTC(2026, 2, 4, 20, 30) },
        script: ({ category }) => (category === 'emergency' ? [] : [{ kind: 'handed-over' }]),
      });
      const waiting = await send(aMessage());
      const atChannel = await send(aMessage({ category: 'emergency' }));
      const gone = await send(aMessage({ urgency: 'urgent' }));
      await comesTo(waiting, 'deferred');
      await comesTo(atChannel, 'attempting');
      await until(
        () => sender.get(gone),
        ({ attempts }) => attempts[0]?.state === 'handed-over',
      );
      expect(((await (await sender.cancel(waiting)).json()) as MessageView).state).to.equal('cancelled');
      expect((await sender.cancel(atChannel)).status).to.equal(200);
      await comesTo(atChannel, 'cancelled');
      expect((await sender.cancel(atChannel)).status).to.equal(200);
      const late = await sender.cancel(gone);
      expect(late.status).to.equal(409);
      expect(await late.json()).to.include({ code: 'MESSAGE_NOT_CANCELLABLE' });
      room.clock.now += 12 * HOUR;
      expect(await sender.told(waiting)).to.deep.equal(['deferred', 'cancelled']);
      expect(await room.channel('sms').attempts()).to.have.length(2);
    });

    it('cancels what an operator recalls: of that sender only, and what is still stored soon after', async () => {
      await begin({
        clock: { now: Date.UTC(2026, 2, 4, 20, 30) },
        script: ({ category }) => (category === 'emergency' ? [] : [{ kind: 'handed-over' }]),
      });
      const other = await room.addSender('Other');
      const waiting = await send(aMessage());
      const atChannel = await send(aMessage({ category: 'emergency' }));
      const gone = await send(aMessage({ urgency: 'urgent' }));
      const others = ((await (await other.send(aMessage())).json()) as MessageView).id;
      await comesTo(waiting, 'deferred');
      await comesTo(atChannel, 'attempting');
      await until(
        () => sender.get(gone),
        ({ attempts }) => attempts[0]?.state === 'handed-over',
      );
      const { database, clock } = room;
      const recalls = await createRecallAdministration({ database, now: () => clock.now });
      await recalls.order({ senderId: sender.id, category: null, from: null, until: null });
      await comesTo(waiting, 'cancelled');
      await comesTo(atChannel, 'cancelled');
      clock.now += 1_000;
      const late = await send(aMessage());
      await comesTo(late, 'cancelled');
      clock.now += 31_000;
      await until(
        () => recalls.list(),
        ([recall]) => recall?.doneAt !== null,
      );
      expect((await recalls.list())[0]).to.include({ senderId: sender.id, cancelled: 3, from: null });
      expect((await sender.get(gone)).state).to.equal('attempting');
      expect((await other.get(others)).state).to.equal('deferred');
      expect((await sender.get(await send(aMessage()))).state, 'after it is done').not.to.equal('cancelled');
    });

    it('recalls by category and time of acceptance, and outlives a restart', async () => {
      await begin({ clock: { now: Date.UTC(2026, 2, 4, 20, 30) } });
      const early = await send(aMessage());
      room.clock.now += HOUR;
      const informative = await send(aMessage({ category: 'informative' }));
      const wanted = await send(aMessage());
      await room.smis.stop();
      const { database, clock } = room;
      const recalls = await createRecallAdministration({ database, now: () => clock.now });
      const from = clock.now - HOUR / 2;
      await recalls.order({ senderId: null, category: 'individual', from, until: clock.now + HOUR });
      room.smis.start();
      await comesTo(wanted, 'cancelled');
      expect((await recalls.list())[0]).to.include({ category: 'individual', from });
      for (const id of [early, informative]) expect((await sender.get(id)).state).not.to.equal('cancelled');
    });

    it('withdraws what was cancelled after a gateway died that had given it to the channel', async () => {
      await begin({ script: () => [] });
      await room.smis.stop();
      const id = await send(aMessage());
      const attemptId = `${id.slice(0, -1)}1`;
      // As the dead gateway left it: claimed, with the channel, not noted.
      const queue = createQueue(room.database, 'messages_sms', () => room.clock.now);
      expect(await room.database.write((sql) => queue.claim(sql, { limit: 1, leaseMs: 15_000 }))).to.have.length(1);
      await room.channel('sms').submit([
        {
          ...{ id: attemptId, sender: { id: sender.id, name: 'CTPC' }, urgency: 'normal', category: 'individual' },
          ...{ expiresAt: NOON + HOUR, part: aPart('sms') },
        },
      ]);
      expect(((await (await sender.cancel(id)).json()) as MessageView).state).to.equal('attempting');
      room.smis.start();
      room.clock.now += 16_000;
      await until(
        async () => room.channel('sms').cancelled,
        (cancelled) => cancelled.includes(attemptId),
      );
      await comesTo(id, 'cancelled');
      await until(queue.nextDue, (due) => due === null);
      expect(await sender.told(id)).to.deep.equal(['attempted sms', 'cancelled']);
    });

    /** Submits of the SMS channel go to `around`, which may do the real one whenever it wishes. */
    const intercept = (around: (submit: () => Promise<void>, attempt: Attempt) => Promise<void>) => {
      const sms = room.channel('sms');
      const submit = sms.submit;
      sms.submit = async (attempts) => {
        sms.submit = submit;
        await around(() => submit(attempts), attempts[0] as Attempt);
      };
    };
    const once = () => {
      let go = () => {};
      const going = new Promise<void>((resolve) => {
        go = resolve;
      });
      return { go, going };
    };

    it('never says cancelled of what has left while its submit was under way', async () => {
      await begin({ script: () => [{ kind: 'handed-over' }] });
      const [left, answer] = [once(), once()];
      const { outcomes } = room.channel('sms');
      intercept(async (submit) => {
        room.channel('sms').outcomes = async () => [];
        await submit();
        left.go();
        await answer.going;
      });
      const id = await send(aMessage());
      await left.going;
      const response = await sender.cancel(id);
      room.channel('sms').outcomes = outcomes;
      answer.go();
      await until(
        () => sender.get(id),
        ({ attempts }) => attempts[0]?.state === 'handed-over',
      );
      if (response.ok) expect(((await response.json()) as MessageView).state).not.to.equal('cancelled');
      expect((await sender.get(id)).state).to.equal('attempting');
      expect(await sender.told(id)).to.deep.equal(['attempted sms']);
    });

    it('lets nothing leave that was cancelled before its submit arrived at the channel', async () => {
      await begin({ script: () => [{ kind: 'handed-over' }] });
      const [begun, arrival, arrived] = [once(), once(), once()];
      let attemptId = '';
      intercept(async (submit, { id }) => {
        attemptId = id;
        begun.go();
        await arrival.going;
        await submit();
        arrived.go();
      });
      const id = await send(aMessage());
      await begun.going;
      expect((await sender.cancel(id)).status).to.equal(200);
      await comesTo(id, 'cancelled');
      arrival.go();
      await arrived.going;
      const outcomes = await room.channel('sms').outcomes(0, 100);
      expect(outcomes.filter((one) => one.attemptId === attemptId && one.kind === 'handed-over')).to.deep.equal([]);
      expect((await sender.get(id)).state).to.equal('cancelled');
    });

    it('does not forget that a channel whose answer was lost may have it', async () => {
      await begin({ script: () => [{ kind: 'handed-over' }] });
      const lost = once();
      intercept(async (submit) => {
        await submit();
        room.channel('sms').outcomes = async () => [];
        lost.go();
        throw new ChannelError('CHANNEL_UNAVAILABLE', 'the answer was lost');
      });
      const id = await send(aMessage());
      await lost.going;
      await until(
        async () => room.lines.length,
        () => room.lines.some((line) => line.includes('dispatch failed')),
      );
      expect(((await (await sender.cancel(id)).json()) as MessageView).state).to.equal('attempting');
    });

    it('gives a channel no more than it can hand over, except what is urgent', async () => {
      await begin({ config: { mostInFlight: 10 }, script: () => [] });
      const body = Array.from({ length: 50 }, () => `${JSON.stringify(aMessage({ urgency: 'bulk' }))}\n`).join('');
      await sender.sendBatch(body);
      const attempts = () => room.channel('sms').attempts();
      await until(attempts, (all) => all.length === 10);
      const urgent = await send(aMessage({ urgency: 'urgent' }));
      await comesTo(urgent, 'attempting');
      const all = await attempts();
      expect(all).to.have.length(11);
      for (const { id } of all.slice(0, 4)) await room.channel('sms').report(id, { kind: 'handed-over' });
      await until(attempts, (more) => more.length === 14);
    });

    it('serves what is urgent first, and every sender in turn', async () => {
      await begin({ config: { mostInFlight: 30 }, script: () => [] });
      const other = await room.addSender('PLF');
      const bulk = (n: number) =>
        Array.from({ length: n }, () => `${JSON.stringify(aMessage({ urgency: 'bulk' }))}\n`).join('');
      await room.smis.stop();
      await sender.sendBatch(bulk(500));
      await other.sendBatch(bulk(10));
      const { id: urgent } = (await (await sender.send(aMessage({ urgency: 'urgent' }))).json()) as MessageView;
      room.smis.start();
      const attempts = await until(
        () => room.channel('sms').attempts(),
        (all) => all.length >= 30,
      );
      expect(attempts.filter((one) => one.sender.id === other.id)).to.have.length(10);
      expect(attempts.some((one) => one.id.startsWith(urgent.slice(0, -1)))).to.equal(true);
    });

    it('goes on when a channel was broken, and loses nothing', async () => {
      await begin();
      room.channel('sms').broken = true;
      const id = await send(aMessage());
      await until(
        async () => room.lines.length,
        () => room.lines.some((line) => line.includes('dispatch failed')),
      );
      room.channel('sms').broken = false;
      room.clock.now += MINUTE;
      await comesTo(id, 'delivered');
    });

    it('goes on with the others when a channel cannot store one of them', async () => {
      await begin({
        script: (attempt) => {
          if (attempt.part.keyId === 'poison') throw new ChannelError('ATTEMPT_REFUSED', 'the database refuses it');
          return DELIVERS(attempt);
        },
      });
      await room.smis.stop();
      const other = await room.addSender('PLF');
      const poison = await send(aMessage({ parts: { sms: { keyId: 'poison', sealed: 'AAAA' } } }));
      const { id } = (await (await other.send(aMessage())).json()) as MessageView;
      room.smis.start();
      await until(
        () => other.get(id),
        ({ state }) => state === 'delivered',
      );
      expect(await comesTo(poison, 'undeliverable')).to.include({ reason: 'PART_REFUSED' });
    });

    it('keeps messages of which a channel can store none', async () => {
      let mended = false;
      await begin({
        script: (attempt) => {
          if (!mended) throw new ChannelError('ATTEMPT_REFUSED', 'no such table');
          return DELIVERS(attempt);
        },
      });
      const ids = [await send(aMessage()), await send(aMessage())];
      await until(
        async () => room.lines,
        (lines) => lines.some((line) => line.includes('ATTEMPT_REFUSED')),
      );
      mended = true;
      room.clock.now += MINUTE;
      for (const id of ids) await comesTo(id, 'delivered');
    });

    it('passes over outcomes that belong to nobody', async () => {
      await begin({ script: () => [] });
      for (const id of ['018f0000-0000-7000-8000-000000000001', 'nonsense', '']) {
        await room.channel('sms').report(id, { kind: 'delivered' });
      }
      const id = await send(aMessage());
      const attempt = await attemptOf(id);
      await room.channel('sms').report(attempt?.id ?? '', { kind: 'delivered' });
      await comesTo(id, 'delivered');
    });
  }));
