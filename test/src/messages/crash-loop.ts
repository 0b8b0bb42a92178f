/**
 * A gateway under load, or the processes of its roles, that is killed with -9 again and again, while the carrier's line is cut now and then. At the end
 * everything is counted: at the sender, in SMIS, in the feed and at the simulated phones.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchAnswer, MessageView, SmisEvent } from '@civicline/protocol';
import { sealPartSync } from '@civicline/protocol/sealing/node';
import { startSmscSimulator } from '@civicline/sms/simulator';
import { numberOf } from './load.ts';
import { type Gateway, openGateway } from './room.ts';

export interface Tally {
  kills: number;
  accepted: number;
  delivered: number;
  /** Handed over at the very moment of a kill or a cut: nobody can know whether they arrived, and they are not repeated. */
  unknown: number;
  /** What must not be: one line per finding. */
  faults: string[];
}

export interface CrashLoop {
  kills: number;
  /** `postgres://…`; default: SQLite. */
  databaseUrl?: string;
  /** SMIS and the SMS channel are processes of their own, killed by turns in no order. */
  separate?: boolean;
  /** What happens instead of a kill of the gateway, once for each. */
  instead?: () => Promise<void>;
  log(line: string): void;
}

const BATCH = 40;
const BETWEEN_BATCHES_MS = 40;
/** The gateway lives so long between two kills, at least and at most. */
const LIFE_MS = [80, 900] as const;
const CUT_EVERY = 4;
const PAGE = 1_000;
/** For so long no message comes to its end, then none will. */
const SETTLING_MS = 120_000;

export async function crashLoop({ kills, databaseUrl, separate = false, instead, log }: CrashLoop): Promise<Tally> {
  const arrived = new Map<string, number>();
  const simulator = await startSmscSimulator({
    onMessage: ({ text }) => void arrived.set(text, (arrived.get(text) ?? 0) + 1),
  });
  const { gateway, remove } = await openGateway({
    smppPort: simulator.smppPort,
    separate,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  const again = async () => {
    const one = gateway.processes[randomInt(gateway.processes.length)];
    await one?.kill();
    await one?.start();
  };
  try {
    const sender = startSending(gateway);
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(randomInt(...LIFE_MS));
      if (kill % CUT_EVERY === 0) simulator.cut();
      await (instead ?? again)();
      if (kill % 10 === 0) log(`${kill} kills, ${sender.accepted().size} messages accepted`);
    }
    await sender.stop();
    const accepted = sender.accepted();
    const views = await settled(gateway, accepted);
    return count({ kills, accepted, views, events: await allEvents(gateway), arrived });
  } finally {
    await remove();
    await simulator.stop();
  }
}

/** Sends for as long as it may. A batch whose answer was lost is repeated under its key until it is answered. */
function startSending(gateway: Gateway) {
  const accepted = new Map<string, string>();
  let stopping = false;
  let made = 0;

  async function run(): Promise<void> {
    while (!stopping) {
      const texts = Array.from({ length: BATCH }, () => `crash loop message ${++made}`);
      const body = texts.map((text, i) => JSON.stringify(messageOf(gateway, text, made - BATCH + i))).join('\n');
      const answers = await untilAnswered(gateway, body);
      for (const [i, answer] of answers.entries()) {
        if (!('id' in answer)) throw new Error(`Refused: ${JSON.stringify(answer)}`);
        accepted.set(answer.id, texts[i] ?? '');
      }
      await sleep(BETWEEN_BATCHES_MS);
    }
  }

  const running = run();
  // Reported by `stop`.
  running.catch(() => undefined);
  return {
    /** Text by message id. */
    accepted: () => accepted,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

function messageOf({ channelKey }: Gateway, text: string, index: number): object {
  const part = sealPartSync('sms', channelKey, { to: numberOf(index % 1_000), text });
  return { category: 'individual', parts: { sms: part } };
}

async function untilAnswered(gateway: Gateway, body: string): Promise<BatchAnswer[]> {
  const headers = {
    'Content-Type': 'application/x-ndjson',
    Accept: 'application/json',
    Authorization: `Bearer ${gateway.key}`,
    'Idempotency-Key': randomUUID(),
  };
  for (;;) {
    try {
      const response = await fetch(`${gateway.url}/v1/messages/batch`, { method: 'POST', headers, body });
      if (response.ok) return (await response.json()) as BatchAnswer[];
    } catch {
      // Killed in the middle.
    }
    await sleep(50);
  }
}

async function get<Answer>(gateway: Gateway, path: string): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Answer;
}

const OPEN: ReadonlySet<string> = new Set(['accepted', 'deferred', 'attempting', 'falling-back']);

/** Every message, once none is under way any more but those whose fate is unknown. */
async function settled(gateway: Gateway, accepted: ReadonlyMap<string, string>): Promise<Map<string, MessageView>> {
  const views = new Map<string, MessageView>();
  const open = new Set(accepted.keys());
  let lastEnd = Date.now();
  for (; Date.now() < lastEnd + SETTLING_MS && open.size > 0; await sleep(500)) {
    let stillOpen = 0;
    for (const id of open) {
      const view = await get<MessageView>(gateway, `/v1/messages/${id}`);
      views.set(id, view);
      if (!OPEN.has(view.state)) {
        open.delete(id);
        lastEnd = Date.now();
      } else if (view.attempts.at(-1)?.state !== 'unknown') stillOpen += 1;
    }
    if (stillOpen === 0) break;
  }
  return views;
}

async function allEvents(gateway: Gateway): Promise<SmisEvent[]> {
  const events: SmisEvent[] = [];
  for (let after = ''; ; ) {
    const page = await get<{ events: SmisEvent[]; next: string }>(
      gateway,
      `/v1/events?limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`,
    );
    if (page.events.length === 0) return events;
    events.push(...page.events);
    after = page.next;
  }
}

interface Findings {
  kills: number;
  accepted: ReadonlyMap<string, string>;
  views: ReadonlyMap<string, MessageView>;
  events: readonly SmisEvent[];
  arrived: ReadonlyMap<string, number>;
}

function count({ kills, accepted, views, events, arrived }: Findings): Tally {
  const faults: string[] = [];
  const tally = { kills, accepted: accepted.size, delivered: 0, unknown: 0, faults };
  const kindsOf = new Map<string, string[]>();
  for (const { subject = '', type } of events) {
    kindsOf.set(subject, [...(kindsOf.get(subject) ?? []), type.split('.').at(-1) ?? '']);
  }
  const known = new Set(accepted.values());
  for (const [text, copies] of arrived) {
    if (copies > 1) faults.push(`arrived ${copies} times: ${text}`);
    if (!known.has(text)) faults.push(`arrived, but was never accepted: ${text}`);
  }
  for (const [id, text] of accepted) {
    const view = views.get(id);
    const state = view?.state ?? 'missing';
    const kinds = kindsOf.get(id) ?? [];
    const isUnknown = state === 'attempting' && view?.attempts.at(-1)?.state === 'unknown';
    if (state === 'delivered') tally.delivered += 1;
    else if (isUnknown) tally.unknown += 1;
    else faults.push(`is ${state}: ${text}`);
    if (state === 'delivered' && !arrived.has(text)) faults.push(`is called delivered and never arrived: ${text}`);
    const told = kinds.filter((kind) => kind === 'delivered').length;
    if (told !== (state === 'delivered' ? 1 : 0)) faults.push(`was told delivered ${told} times: ${text}`);
    if (new Set(kinds).size !== kinds.length) faults.push(`has the events ${kinds.join(', ')}: ${text}`);
    if (kinds.includes('attempted') && kinds.indexOf('attempted') > kinds.indexOf('delivered') && told > 0) {
      faults.push(`was told delivered before attempted: ${text}`);
    }
  }
  return tally;
}
