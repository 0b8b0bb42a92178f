/**
 * Taking messages in. What arrives at about the same time is written together, in one transaction of few statements,
 * whether it came as single messages or as the chunks of batches.
 *
 * Idempotency: with the messages of a chunk goes a row under the digest of the Idempotency-Key, from which the first
 * answer can be made again: ids follow from the first id, and a repeated body names the rest itself.
 */
import type { ChannelName, Problem } from '@civicline/protocol';
import type { Kysely } from 'kysely';
import { AppError, problemOf } from '../../../platform/http/index.ts';
import { insertMany, type QueueItem, selectMany } from '../../../platform/storage/index.ts';
import type { Quota } from '../senders/index.ts';
import { firstId, idAt } from './ids.ts';
import { type Draft, EXPIRY_PASSED, expiryOf } from './input.ts';
import { beginning } from './machine.ts';
import { columnsOf, type MessageRow, type MessageStore, type PartsRow, type RequestRow, type Tables } from './store.ts';
import { laneOf, type Queues } from './transitions.ts';

/** Part of the messages of one request; a single message is a request of one chunk of one. */
export interface Chunk {
  senderId: string;
  /** Keyed digests of sender and Idempotency-Key, the current one first. */
  keyDigests: readonly string[];
  /** Counts from 0. */
  chunk: number;
  bodyDigest: string;
  /** A problem: what is wrong with this one. */
  items: readonly (Draft | Problem)[];
}

/** null: the key came with another body before. */
export type Taken = Accepted | null;

/** Also when it was accepted before. What created nothing is not remembered, and judged anew when it is repeated. */
export interface Accepted {
  /** Message n has the id `idAt(firstId, n)`. */
  firstId: string;
  /** Problem by position; all others were accepted. */
  refused: Record<number, Problem>;
  /** When it was accepted, UTC milliseconds. */
  at: number;
  /** About quotas. */
  headers: Record<string, string>;
}

export interface Intake {
  /** Resolves when it is stored. */
  take(chunk: Chunk): Promise<Taken>;
}

/** Messages per transaction: enough to make the commit cheap, few enough not to hold up everything else. */
const GROUP_MESSAGES = 2_000;

export interface IntakeOptions {
  store: MessageStore;
  queues: Queues;
  quota: Quota;
  /** These channels got messages. */
  onAccepted: (channels: ReadonlySet<ChannelName>, drafts: readonly Draft[]) => void;
  now: () => number;
}

export function createIntake(options: IntakeOptions): Intake {
  const waiting: Waiting[] = [];
  let working = false;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const group: Waiting[] = [];
      // Grouped when the turn to write comes: what has come in until then goes along.
      const formed = () => {
        if (group.length === 0) group.push(...takeGroup());
        return group;
      };
      // One of them may be the cause, or another gateway took the same request in at this moment: each alone, again.
      await takeAll(formed).catch(() => Promise.all(formed().map(takeAlone)));
    }
    working = false;
  }

  function takeGroup(): Waiting[] {
    let count = 0;
    let messages = 0;
    for (const { chunk } of waiting) {
      messages += chunk.items.length;
      if (count > 0 && messages > GROUP_MESSAGES) break;
      count++;
    }
    // Several gateways lock the same rows in the same order.
    return waiting.splice(0, count).sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }

  async function takeAll(group: () => readonly Waiting[]): Promise<void> {
    const { answers, harvest } = await options.store.database.write((sql) => {
      const chunks = group().map(({ chunk }) => chunk);
      return write(sql, chunks, options);
    });
    for (const [n, { resolve }] of group().entries()) resolve(answers[n] as Taken);
    options.onAccepted(new Set(harvest.queued.keys()), harvest.drafts);
  }

  async function takeAlone(one: Waiting): Promise<void> {
    await takeAll(() => [one])
      .catch(() => takeAll(() => [one]))
      .catch(one.reject);
  }

  return {
    take: (chunk) =>
      new Promise((resolve, reject) => {
        waiting.push({ chunk, resolve, reject });
        if (working) return;
        working = true;
        void work();
      }),
  };
}

function orderOf({ chunk }: Waiting): string {
  return `${chunk.senderId} ${placeOf(chunk.keyDigests[0] ?? '', chunk.chunk)}`;
}

interface Waiting {
  chunk: Chunk;
  resolve: (taken: Taken) => void;
  reject: (error: unknown) => void;
}

/** What is to be written. */
interface Harvest {
  requests: RequestRow[];
  messages: MessageRow[];
  parts: PartsRow[];
  queued: Map<ChannelName, QueueItem[]>;
  drafts: Draft[];
}

async function write(
  sql: Kysely<Tables>,
  chunks: readonly Chunk[],
  { queues, quota, now }: Omit<IntakeOptions, 'store' | 'onAccepted'>,
): Promise<{ answers: Taken[]; harvest: Harvest }> {
  const at = now();
  const requests = await knownRequests(sql, chunks);
  const isNew = (chunk: Chunk) => firstOf(requests, chunk) === undefined;
  const allowances = await takeQuotas(sql as Kysely<unknown>, quota, chunks.filter(isNew), at);
  const harvest: Harvest = { requests: [], messages: [], parts: [], queued: new Map(), drafts: [] };

  const answers = chunks.map((chunk): Taken => {
    const first = firstOf(requests, chunk);
    if (first) return first.body_digest === chunk.bodyDigest ? acceptedBy(first, {}) : null;
    const allowance = allowances.get(chunk.senderId) ?? allowanceOf({ taken: 0, headers: {} });
    const before = harvest.messages.length;
    const request = reap(harvest, chunk, allowance, at);
    if (harvest.messages.length > before) {
      harvest.requests.push(request);
      requests.set(placeOf(request.key_digest, chunk.chunk), request);
    }
    return acceptedBy(request, allowance.headers);
  });

  if (harvest.requests.length > 0) await insertMany(sql, 'message_requests', harvest.requests);
  if (harvest.messages.length > 0) await insertMany(sql, 'messages', harvest.messages);
  if (harvest.parts.length > 0) await insertMany(sql, 'message_parts', harvest.parts);
  for (const [channel, items] of harvest.queued) await queues.get(channel)?.put(sql, items);
  return { answers, harvest };
}

type Requests = Map<string, RequestRow>;

async function knownRequests(sql: Kysely<Tables>, chunks: readonly Chunk[]) {
  const keys = [...new Set(chunks.flatMap(({ keyDigests }) => keyDigests))];
  const rows = await selectMany<RequestRow>(sql, 'message_requests', 'key_digest', keys);
  return new Map(rows.map((row) => [placeOf(row.key_digest, row.chunk), row]));
}

function firstOf(requests: Requests, { keyDigests, chunk }: Chunk): RequestRow | undefined {
  for (const digest of keyDigests) {
    const found = requests.get(placeOf(digest, chunk));
    if (found) return found;
  }
  return undefined;
}

function placeOf(keyDigest: string, chunk: number): string {
  return `${keyDigest} ${chunk}`;
}

interface Allowance {
  /** How many messages may still be taken. */
  left: number;
  headers: Record<string, string>;
  /** Of those for which it does not suffice. */
  problem: Problem;
}

/** Asks the quota once per sender. */
async function takeQuotas(sql: Kysely<unknown>, quota: Quota, chunks: readonly Chunk[], at: number) {
  const wanted = new Map<string, Map<string, number>>();
  for (const chunk of chunks) {
    const ofSender = wanted.get(chunk.senderId) ?? new Map<string, number>();
    // By place, so that a request that came twice at the same moment counts once; if with another body, the larger.
    const place = placeOf(chunk.keyDigests[0] ?? '', chunk.chunk);
    ofSender.set(place, Math.max(ofSender.get(place) ?? 0, countMessages(chunk)));
    wanted.set(chunk.senderId, ofSender);
  }
  const allowances = new Map<string, Allowance>();
  for (const [senderId, counts] of wanted) {
    const count = [...counts.values()].reduce((sum, one) => sum + one, 0);
    allowances.set(senderId, allowanceOf(await quota.take(sql, senderId, count, at)));
  }
  return allowances;
}

function allowanceOf({ taken, headers, retryAfterSeconds }: Awaited<ReturnType<Quota['take']>>): Allowance {
  const problem = problemOf(
    new AppError(429, 'QUOTA_EXCEEDED', 'The quota of this sender is used up.', {
      detail: `Try again in ${retryAfterSeconds ?? 1} seconds.`,
    }),
  );
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  return { left: taken, headers: { ...headers, ...retryAfter }, problem };
}

function countMessages({ items }: Chunk): number {
  return items.reduce((count, item) => (isDraft(item) ? count + 1 : count), 0);
}

function isDraft(item: Draft | Problem): item is Draft {
  return 'parts' in item;
}

function acceptedBy({ first_id, refused, created_at }: RequestRow, headers: Record<string, string>): Accepted {
  return { firstId: first_id, refused: JSON.parse(refused), at: created_at, headers };
}

/** Adds a chunk's messages to the harvest, as many as are allowed. */
function reap(harvest: Harvest, chunk: Chunk, allowance: Allowance, at: number): RequestRow {
  const first = firstId(at);
  const refused: Record<number, Problem> = {};
  for (const [n, item] of chunk.items.entries()) {
    if (!isDraft(item)) refused[n] = item;
    else if (expiryOf(item, at) <= at) refused[n] = EXPIRY_PASSED;
    else if (allowance.left > 0) {
      allowance.left--;
      reapOne(harvest, item, { id: idAt(first, n), senderId: chunk.senderId, at });
    } else refused[n] = allowance.problem;
  }
  return {
    key_digest: chunk.keyDigests[0] ?? '',
    chunk: chunk.chunk,
    body_digest: chunk.bodyDigest,
    first_id: first,
    refused: JSON.stringify(refused),
    created_at: at,
  };
}

function reapOne(harvest: Harvest, draft: Draft, { id, senderId, at }: { id: string; senderId: string; at: number }) {
  const { reference, category, urgency, steps, parts } = draft;
  const expiresAt = expiryOf(draft, at);
  const stepsText = JSON.stringify(steps);
  harvest.drafts.push(draft);
  harvest.messages.push({
    id,
    sender_id: senderId,
    reference,
    category,
    urgency,
    steps: stepsText,
    ...columnsOf(beginning(steps, expiresAt)),
    deadline: expiresAt,
    created_at: at,
    updated_at: at,
    expires_at: expiresAt,
  });
  harvest.parts.push({
    message_id: id,
    sender_id: senderId,
    category,
    urgency,
    expires_at: expiresAt,
    steps: stepsText,
    parts: JSON.stringify(parts),
  });
  const channel = steps[0]?.channel;
  if (!channel) return;
  const items = harvest.queued.get(channel) ?? [];
  items.push({ id, lane: laneOf(urgency), share: senderId, dueAt: at });
  harvest.queued.set(channel, items);
}
