import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { type StandIn, type StandInCaller, startStandIn } from '../../../platform/ari/testing/stand-in/index.ts';
import { openRoom, type Room } from '../testing/exchange-room.ts';
import { until } from '../testing/office.ts';
import { NUMBER } from '../testing/organisations.ts';

/**
 * Everything at once: callers, agents, phones, lost, late and repeated events, refused requests, broken connections,
 * Asterisk and gateway ending in the middle. When it is over, nothing may be left of it anywhere.
 */
describe('call engine, whatever happens', function () {
  this.timeout(300_000);

  interface World {
    asterisk: StandIn;
    room: Room;
    callers: StandInCaller[];
    codes: number;
  }
  type Act = (world: World) => unknown;

  const AGENTS = ['agent-a', 'agent-b'];
  const newRoom = (asterisk: StandIn, successorOf?: Room) =>
    openRoom({ asterisks: [{ ...asterisk, id: 'asterisk-1' }], ...(successorOf ? { successorOf } : {}) });
  const served = ({ room }: World) => until(() => room.core.asterisks.anyAvailable());

  const agent = fc.constantFrom(...AGENTS);
  const index = fc.nat({ max: 3 });
  const orderNames = ['hold', 'resume', 'mute', 'unmute', 'hangUp', 'answer', 'answer', 'answer'] as const;
  const named = <T>(name: string, arbitrary: fc.Arbitrary<T>, act: (value: T) => Act) =>
    arbitrary.map((value) => ({ name: `${name} ${JSON.stringify(value)}`, act: act(value) }));

  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: named('call', fc.constantFrom('good', 'good', 'wrong', 'none'), (kind) => (world) => {
        world.codes += 1;
        const code = kind === 'none' ? '' : `${kind === 'good' ? 1 : 0}${String(world.codes).padStart(7, '0')}`;
        world.callers.push(world.asterisk.makeCall({ did: NUMBER, code }));
      }),
    },
    {
      weight: 3,
      arbitrary: named(
        'caller hangs up',
        index,
        (i) =>
          ({ callers }) =>
            callers[i]?.hangUp(),
      ),
    },
    named('key again', index, (i) => ({ callers }) => {
      const caller = callers[i];
      if (caller?.channel.snapshot.dialplan.context === 'civicline-retry' && caller.channel.inStasis === null) {
        caller.enterAgain('01234567');
      }
    }),
    {
      weight: 3,
      arbitrary: named(
        'phone',
        fc.tuple(agent, fc.constantFrom('answer', 'ring', 'busy', 'reject', 'unregister')),
        ([id, behaviour]) =>
          ({ asterisk }) => {
            const phone = asterisk.phone(`phone-${id}`);
            if (behaviour === 'unregister') phone.unregister();
            else phone.register(behaviour as 'answer');
          },
      ),
    },
    {
      weight: 3,
      arbitrary: named(
        'leg',
        fc.tuple(agent, fc.constantFrom('answer' as const, 'noAnswer' as const, 'hangUp' as const)),
        ([id, what]) =>
          ({ asterisk }) =>
            asterisk.phone(`phone-${id}`)[what](),
      ),
    },
    {
      weight: 10,
      arbitrary: named(
        'order',
        fc.tuple(agent, index, fc.constantFrom(...orderNames)),
        ([id, i, what]) =>
          async ({ room }) => {
            const call = room.calls()[i];
            if (call) await room.core.engine.orders[what](id, call.id);
          },
      ),
    },
    named(
      'transfer',
      fc.tuple(agent, index, fc.constantFrom('agent-a', 'agent-b', 'algemeen')),
      ([id, i, to]) =>
        async ({ room }) => {
          const call = room.calls()[i];
          const kind = to === 'algemeen' ? 'queue' : 'agent';
          if (call) await room.core.engine.orders.transfer(id, call.id, { kind, id: to });
        },
    ),
    {
      weight: 3,
      arbitrary: named(
        'ready',
        agent,
        (id) =>
          ({ room }) =>
            room.core.agents.setPresence(id, 'ready', ''),
      ),
    },
    named(
      'events',
      fc.constantFrom('lose' as const, 'twice' as const, 'late' as const, 'pass' as const),
      (fault) =>
        ({ asterisk }) => {
          asterisk.faults.event = () => (fault === 'late' ? { delayMs: 20 } : fault);
        },
    ),
    named('requests', fc.constantFrom(500, 409, 404, 0, 0), (status) => ({ asterisk }) => {
      // Refusing the handshake would only make everybody wait.
      asterisk.faults.request = (operation) =>
        status === 0 || /^(applications|asterisk|endpoints)\./.test(operation) ? 'pass' : { status };
    }),
    named(
      'connection lost',
      fc.constant(0),
      () =>
        ({ asterisk }) =>
          asterisk.dropConnections(),
    ),
    named('Asterisk ends', fc.constant(0), () => async ({ asterisk }) => {
      await asterisk.stop();
      await asterisk.start();
    }),
    named('gateway ends', fc.constant(0), () => async (world) => {
      await world.room.stop();
      world.room = await newRoom(world.asterisk, world.room);
    }),
  );

  async function cleanEnd(world: World): Promise<void> {
    const { asterisk } = world;
    asterisk.faults.event = () => 'pass';
    asterisk.faults.request = () => 'pass';
    for (const { channel, hangUp } of world.callers) if (asterisk.exchange.channels.get(channel.snapshot.id)) hangUp();
    asterisk.dropConnections();
    await until(() => !world.room.core.asterisks.anyAvailable());
    await served(world);
    await until(async () => {
      for (const { id, state, agentId } of world.room.calls()) {
        if (state !== 'wrapping-up' || agentId === null) continue;
        await world.room.core.engine.orders.finishWrapUp(agentId, id, '').catch(() => undefined);
      }
      const { channels, bridges } = asterisk.exchange;
      return world.room.calls().length === 0 && channels.size === 0 && bridges.size === 0;
    });
  }

  it('leaves no channel, bridge, call or attribute behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(action, fc.constantFrom(0, 0, 3, 15)), { minLength: 5, maxLength: 30 }),
        async (actions) => {
          const asterisk = await startStandIn();
          const world: World = { asterisk, room: await newRoom(asterisk), callers: [], codes: 0 };
          for (const id of AGENTS) asterisk.phone(`phone-${id}`).register('answer');
          await served(world);
          for (const [{ act }, pause] of actions) {
            try {
              await act(world);
            } catch (error) {
              // Refused orders, and phones without a leg, are part of life.
              if (error instanceof TypeError) throw error;
            }
            await sleep(pause);
          }
          await cleanEnd(world);
          const { sql } = world.room.database.withTables<{
            calls: { ended_at: number | null; personal: string | null };
          }>();
          const left = await sql
            .selectFrom('calls')
            .selectAll()
            .where((row) => row.or([row('ended_at', 'is', null), row('personal', 'is not', null)]))
            .execute();
          expect(left).to.deep.equal([]);
          await world.room.stop();
          await asterisk.stop();
        },
      ),
      { numRuns: Number(process.env.CHAOS_RUNS ?? 20), endOnFailure: true },
    );
  });
});
