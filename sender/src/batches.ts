/** Many messages: sealed and submitted batch by batch, so that memory does not grow with their number. */
import { setImmediate } from 'node:timers/promises';
import { BATCH_LIMIT, type BatchAnswer, type MessageInput, type Problem } from '@civicline/protocol';
import { problemOf, SenderError } from './errors.ts';
import type { SmsSize } from './message.ts';

/** SMIS reads 64 MiB; a batch is in memory until it is answered, and goes again as a whole when its answer is lost. */
export const BATCH_BYTES = 4 * 1024 * 1024;

/** Sealing is computing: after this many, everything else in the process gets its turn. */
const SEALED_AT_ONCE = 32;

/** What became of one message of many; `index` counts from 0 in the order in which they came. */
export type ManyAnswer = { index: number; reference?: string } & ({ id: string; sms?: SmsSize } | { problem: Problem });

export interface SealedMessage {
  input: MessageInput;
  sms?: SmsSize;
}

export interface BatchEffects<Message> {
  /** Throws SenderError for a message that must not be sent. */
  seal(message: Message): Promise<SealedMessage>;
  /** One answer per message, in order. */
  submit(batch: readonly MessageInput[]): Promise<BatchAnswer[]>;
  refreshKeys(): Promise<void>;
}

interface Item<Message> {
  index: number;
  message: Message;
  sealed: SealedMessage | { problem: Problem };
}

/**
 * Submits while the next batch is being sealed: at most two batches are in memory, and `messages` is asked for no more
 * than that. A message that is refused gets its problem as its answer and holds nobody up; an error of the whole
 * (no access, SMIS away for long, `messages` throws) ends the iteration after the answers that are certain.
 */
export async function* submitMany<Message>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  effects: BatchEffects<Message>,
): AsyncGenerator<ManyAnswer> {
  const underWay: Promise<ManyAnswer[]>[] = [];
  try {
    for await (const batch of batchesOf(messages, effects)) {
      const answers = submitBatch(batch, effects);
      // Its failure is reported when its turn comes.
      answers.catch(() => undefined);
      const before = underWay.shift();
      underWay.push(answers);
      if (before) yield* await before;
    }
  } catch (error) {
    for (const answers of underWay) yield* await answers;
    throw error;
  }
  for (const answers of underWay) yield* await answers;
}

async function* batchesOf<Message>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  effects: BatchEffects<Message>,
): AsyncGenerator<Item<Message>[]> {
  let batch: Item<Message>[] = [];
  let bytes = 0;
  let index = 0;
  for await (const message of messages) {
    const sealed = await sealOrRefuse(message, effects);
    const size = 'problem' in sealed ? 0 : sizeOf(sealed.input);
    if (batch.length > 0 && (batch.length === BATCH_LIMIT || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push({ index, message, sealed });
    bytes += size;
    index++;
    if (index % SEALED_AT_ONCE === 0) await setImmediate();
  }
  if (batch.length > 0) yield batch;
}

async function sealOrRefuse<Message>(
  message: Message,
  effects: BatchEffects<Message>,
): Promise<Item<Message>['sealed']> {
  try {
    return await effects.seal(message);
  } catch (error) {
    if (error instanceof SenderError && error.status === undefined && error.code !== 'SMIS_UNREACHABLE') {
      return { problem: problemOf(error) };
    }
    throw error;
  }
}

/** About as many bytes as it takes in a batch, and no fewer. */
export function sizeOf({ parts }: MessageInput): number {
  return Object.values(parts).reduce((sum, part) => sum + (part?.sealed.length ?? 0), 500);
}

/** What was sealed for a key of before is sealed again; what the quota left out is tried again, as long as SMIS asks. */
async function submitBatch<Message>(batch: Item<Message>[], effects: BatchEffects<Message>): Promise<ManyAnswer[]> {
  const first = await answersTo(batch, effects);
  const stale = new Set(batch.filter((_item, i) => refusedFor(first[i], UNKNOWN_KEY)));
  if (stale.size > 0) await effects.refreshKeys();
  const again: Item<Message>[] = [];
  for (const item of batch.filter((_item, i) => isWorthRepeating(first[i]))) {
    again.push(stale.has(item) ? { ...item, sealed: await sealOrRefuse(item.message, effects) } : item);
  }
  if (again.length === 0) return first;
  const second = await answersTo(again, effects).catch((error: unknown) => {
    if (error instanceof SenderError && error.status === 429) return [];
    throw error;
  });
  return first.map((answer) => (isWorthRepeating(answer) ? (second.shift() ?? answer) : answer));
}

async function answersTo<Message>(batch: Item<Message>[], effects: BatchEffects<Message>): Promise<ManyAnswer[]> {
  const sealed = batch.flatMap(({ sealed }) => ('problem' in sealed ? [] : [sealed.input]));
  const answers = sealed.length > 0 ? await effects.submit(sealed) : [];
  let next = 0;
  return batch.map(({ index, message, sealed }): ManyAnswer => {
    const reference = referenceOf(message);
    const told = { index, ...(reference !== undefined && { reference }) };
    if ('problem' in sealed) return { ...told, problem: sealed.problem };
    const answer = answers[next++];
    if (!answer) throw new SenderError('ANSWER_MALFORMED', 'SMIS answered for fewer messages than it got.');
    if ('problem' in answer) return { ...told, problem: answer.problem };
    return { ...told, id: answer.id, ...(sealed.sms && { sms: sealed.sms }) };
  });
}

export const UNKNOWN_KEY = 'SEALED_PART_UNKNOWN_KEY';

function refusedFor(answer: ManyAnswer | undefined, code: string): boolean {
  return answer !== undefined && 'problem' in answer && answer.problem.code === code;
}

function isWorthRepeating(answer: ManyAnswer | undefined): boolean {
  if (answer === undefined || !('problem' in answer)) return false;
  return answer.problem.status === 429 || answer.problem.code === UNKNOWN_KEY;
}

function referenceOf(message: unknown): string | undefined {
  const { reference } = Object(message) as { reference?: unknown };
  return typeof reference === 'string' && reference.length <= 128 ? reference : undefined;
}
