import { setTimeout as sleep } from 'node:timers/promises';
import type { CallView } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { type StandIn, type StandInCaller, startStandIn } from '../../../platform/ari/testing/stand-in/index.ts';
import { type Office, openOffice, until } from '../testing/office.ts';
import { NUMBER } from '../testing/organisations.ts';
import type { TestConsole } from '../testing/test-console.ts';

const AGENTS = ['agent-a', 'agent-b', 'agent-c'];
const QUEUES: Record<string, string[]> = {
  'agent-a': ['algemeen', 'burgerzaken'],
  'agent-b': ['algemeen', 'burgerzaken'],
  'agent-c': ['algemeen'],
};

/** Whatever happens: no console differs from the truth for long, none is shown too much, and the audit has it all. */
describe('agent consoles, whatever happens', function () {
  this.timeout(300_000);

  interface World {
    asterisk: StandIn;
    office: Office;
    consoles: Map<string, TestConsole>;
    everyConsole: { agentId: string; opened: TestConsole }[];
    callers: StandInCaller[];
    codes: number;
  }

  async function open(world: World, agentId: string): Promise<TestConsole> {
    const opened = await world.office.console(agentId);
    world.everyConsole.push({ agentId, opened });
    return opened;
  }

  const agent = fc.constantFrom(...AGENTS);
  const nth = fc.nat({ max: 2 });
  const ask = (agentId: string, n: number, name: 'answer' | 'hold' | 'mute' | 'hang-up') => (world: World) => {
    const opened = world.consoles.get(agentId);
    const callId = opened?.state.calls[n]?.id;
    return callId && opened.ask(name, { callId });
  };
  const action: fc.Arbitrary<(world: World) => unknown> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.boolean().map((hasCode) => (world: World) => {
        world.codes += 1;
        const code = hasCode ? String(10_000_000 + world.codes) : '';
        world.callers.push(world.asterisk.makeCall({ did: NUMBER, code }));
      }),
    },
    { weight: 2, arbitrary: nth.map((n) => (world: World) => world.callers[n]?.hangUp()) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(agent, nth, fc.constantFrom('answer' as const, 'answer' as const, 'hold' as const, 'hang-up' as const))
        .map(([id, n, name]) => ask(id, n, name)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(agent, fc.constantFrom(...AGENTS, 'algemeen', 'burgerzaken'))
        .map(([id, to]) => (world: World) => {
          const opened = world.consoles.get(id);
          const callId = opened?.state.calls[0]?.id;
          const kind = AGENTS.includes(to) ? 'agent' : 'queue';
          return callId && opened.ask('transfer', { callId, target: { kind, id: to } });
        }),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(agent, fc.constantFrom('ready' as const, 'ready' as const, 'break' as const)).map(
        ([id, presence]) =>
          (world: World) =>
            world.consoles.get(id)?.ask('set-presence', { presence }),
      ),
    },
    {
      weight: 2,
      arbitrary: agent.map((id) => (world: World) => {
        const opened = world.consoles.get(id);
        const callId = opened?.state.calls.find(({ state }) => state === 'wrapping-up')?.id;
        return callId && opened?.ask('finish-wrap-up', { callId, note: 'x' });
      }),
    },
    fc.tuple(agent, fc.constantFrom('answer' as const, 'ring' as const, 'busy' as const)).map(
      ([id, behaviour]) =>
        (world: World) =>
          world.asterisk.phone(`browser-${id}`).register(behaviour),
    ),
    agent.map((id) => (world: World) => {
      const phone = `PJSIP/browser-${id}`;
      const isUp = [...world.asterisk.exchange.channels.values()].some(
        ({ endpoint, snapshot }) => endpoint === phone && snapshot.state === 'Up',
      );
      if (isUp) world.asterisk.phone(`browser-${id}`).lose();
    }),
    agent.map((id) => async (world: World) => {
      world.consoles.get(id)?.close();
      world.consoles.set(id, await open(world, id));
    }),
    agent.map((id) => (world: World) => world.consoles.get(id)?.ask('resync')),
    fc.constant((world: World) => world.asterisk.dropConnections()),
  );

  const byId = (calls: CallView[]) => [...calls].sort((a, b) => a.id.localeCompare(b.id));

  /** Every view of a call that this console ever got. */
  function everShown({ events }: TestConsole): CallView[] {
    return events.flatMap(({ name, event }) =>
      name === 'snapshot' ? (event.calls as CallView[]) : name === 'call-changed' ? [event.call as CallView] : [],
    );
  }

  async function expectTruth(world: World): Promise<void> {
    for (const [agentId, opened] of world.consoles) {
      await until(async () => {
        const fresh = await open(world, agentId);
        const same = (other: TestConsole) =>
          JSON.stringify(byId(opened.state.calls)) === JSON.stringify(byId(other.state.calls)) &&
          JSON.stringify(opened.state.queues) === JSON.stringify(other.state.queues) &&
          JSON.stringify(opened.state.transferQueues) === JSON.stringify(other.state.transferQueues) &&
          JSON.stringify(opened.state.self) === JSON.stringify(other.state.self) &&
          JSON.stringify(opened.state.colleagues) === JSON.stringify(other.state.colleagues);
        const isSame = same(fresh);
        fresh.close();
        if (!isSame) await sleep(100);
        return isSame;
      });
    }
  }

  it('they equal the truth, show what their agent may see, and nothing that the audit does not know', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(action, fc.constantFrom(0, 0, 5, 20)), { minLength: 5, maxLength: 25 }),
        async (actions) => {
          const asterisk = await startStandIn();
          const office = await openOffice({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
          const world: World = { asterisk, office, consoles: new Map(), everyConsole: [], callers: [], codes: 0 };
          await until(() => office.calls.telephonyAvailable());
          for (const id of AGENTS) {
            asterisk.phone(`browser-${id}`).register('answer');
            world.consoles.set(id, await open(world, id));
            await world.consoles.get(id)?.ask('set-presence', { presence: 'ready' });
          }
          for (const [act, pause] of actions) {
            await act(world);
            await sleep(pause);
          }
          await until(() => office.calls.telephonyAvailable());
          await expectTruth(world);

          const cookie = { headers: { cookie: 'agent=auditor' } };
          const page = (await (await fetch(`${office.url}/v1/audit?limit=1000`, cookie)).json()) as {
            entries: { callId: string; agents: { id: string }[] }[];
          };
          const recorded = new Set(
            page.entries.flatMap(({ callId, agents }) => agents.map(({ id }) => `${id} ${callId}`)),
          );
          for (const { agentId, opened } of world.everyConsole) {
            for (const call of everShown(opened)) {
              const mayRing =
                call.offeredTo === null ? QUEUES[agentId]?.includes(call.queueId) : call.offeredTo === agentId;
              expect(call.state === 'queued' ? mayRing : call.agentId === agentId, 'entitled').to.equal(true);
              if (call.attributes.length > 0) expect(recorded).to.include(`${agentId} ${call.id}`);
            }
          }
          await office.stop();
          await asterisk.stop();
        },
      ),
      { numRuns: Number(process.env.CHAOS_RUNS ?? 12), endOnFailure: true },
    );
  });
});
