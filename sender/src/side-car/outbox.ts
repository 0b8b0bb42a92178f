/**
 * Takes the messages of one service from the side-car's database to SMIS, batch by batch. A batch is stored, sealed, with
 * its Idempotency-Key before it is submitted and repeated unchanged until SMIS answers, so that no crash on either side
 * loses a message or sends one twice.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { BatchAnswer, MessageInput } from '@civicline/protocol';
import { type Loop, startLoop } from '@civicline/protocol/run';
import { BATCH_BYTES, sizeOf, UNKNOWN_KEY } from '../batches.ts';
import { type Sender, SenderError } from '../index.ts';
import { REFUSED } from '../smis-client.ts';
import type { Log } from './log.ts';
import type { SideCarStore } from './store.ts';
import type { Batch, StoredMessage, Submitted } from './stored.ts';

const BATCH = 1_000;
/** SMIS remembers Idempotency-Keys for 24 hours; after this, it is asked which messages it has before it gets them again. */
const SURELY_REMEMBERED_MS = 20 * 3600_000;
const PATIENCE_MS = 30_000;
/** What the quota left out of a batch. */
const AFTER_QUOTA_MS = 30_000;
/** SMIS does not offer a channel, for the moment perhaps. */
const WITHOUT_CHANNEL_MS = 60_000;
const CHANNEL_UNAVAILABLE = 'CHANNEL_UNAVAILABLE';
/** Codes of no message's own mistake. */
const MAY_PASS = ['SMIS_UNREACHABLE', 'TOKEN_UNAVAILABLE', 'ANSWER_MALFORMED'];

/** Why the last submission failed, as a stable code; null: it did not. */
export type OutboxState = { failure: string | null };

export interface Outbox extends Loop {
  state(): OutboxState;
}

export interface OutboxOptions {
  service: string;
  sender: Sender;
  store: SideCarStore;
  /** Messages ended without SMIS. */
  onEnded: () => void;
  log: Log;
  now: () => number;
}

export function startOutbox(options: OutboxOptions): Outbox {
  const { service, sender, store, log, now } = options;
  let failure: string | null = null;

  async function work(signal: AbortSignal): Promise<number> {
    // First, whatever SMIS does: what has expired, and the sandbox, need it no more.
    await endWaiting();
    for (const batch of store.openBatches(service)) await submit(batch, signal);
    while (!signal.aborted) {
      await endWaiting();
      const messages = store.due(service, BATCH);
      if (messages.length === 0) break;
      const { batch, unavailable } = await seal(messages);
      if (batch.inputs.length > 0) await submit(batch, signal);
      if (unavailable) failure = CHANNEL_UNAVAILABLE;
    }
    const next = store.nextDue(service);
    return next === null ? Number.POSITIVE_INFINITY : next - now();
  }

  async function endWaiting(): Promise<void> {
    if ((await store.endWaiting(service)) > 0) options.onEnded();
  }

  /** A batch of the first of them; those that do not fit keep waiting. `unavailable`: there is no channel for some. */
  async function seal(messages: readonly StoredMessage[]): Promise<{ batch: Batch; unavailable: boolean }> {
    const inputs: MessageInput[] = [];
    const without: string[] = [];
    let bytes = 0;
    for (const message of messages) {
      const sealed = await sealOne(message);
      if (sealed === CHANNEL_UNAVAILABLE) without.push(message.id);
      if (typeof sealed === 'string') continue;
      bytes += sizeOf(sealed);
      if (bytes > BATCH_BYTES) break;
      inputs.push(sealed);
      // Sealing is computing: services are answered meanwhile.
      if (inputs.length % 32 === 0) await setImmediate();
    }
    if (without.length > 0) await putOff(without);
    const batch = await store.beginBatch({ id: randomUUID(), service, inputs, madeAt: now() });
    return { batch, unavailable: without.length > 0 };
  }

  /** Or the code for what is wrong with it: then it is refused, unless it only wants a channel. Throws what may pass. */
  async function sealOne({ id, content, expiresAt }: StoredMessage): Promise<MessageInput | string> {
    try {
      if (content === null) throw new SenderError('CONTENT_ERASED', 'The content is gone.');
      const { input } = await sender.seal({ ...content, reference: id, expiresAt: new Date(expiresAt) });
      return input;
    } catch (error) {
      if (!(error instanceof SenderError) || error.status !== undefined || MAY_PASS.includes(error.code)) throw error;
      if (error.code === CHANNEL_UNAVAILABLE) return error.code;
      log('message refused', { service, code: error.code });
      await store.refuse(id, error.code);
      options.onEnded();
      return error.code;
    }
  }

  async function putOff(ids: readonly string[]): Promise<void> {
    log('messages wait for a channel that SMIS does not offer', { service, count: ids.length });
    await store.putOff(ids, now() + WITHOUT_CHANNEL_MS);
  }

  async function submit(batch: Batch, signal: AbortSignal): Promise<void> {
    if (now() - batch.madeAt > SURELY_REMEMBERED_MS) return lookUp(batch);
    try {
      const answers = await sender.submitBatch(batch.inputs, batch.id, { signal, patienceMs: PATIENCE_MS });
      failure = answers.some(wantsChannel) ? CHANNEL_UNAVAILABLE : null;
      const submitted = batch.inputs.map(({ reference = '' }, i) => submittedOf(reference, answers[i]));
      if (answers.some((answer) => 'problem' in answer && answer.problem.code === UNKNOWN_KEY))
        await sender.refreshKeys();
      await store.endBatch(batch.id, submitted);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // SMIS has none of them, and would say so again.
      log('batch refused', { service, code: error.code });
      await store.endBatch(
        batch.id,
        batch.inputs.map(({ reference = '' }) => ({ id: reference, refused: error.code })),
      );
    }
    options.onEnded();
  }

  /** A batch of long ago: what SMIS knows by its reference was accepted then, the rest never was. */
  async function lookUp(batch: Batch): Promise<void> {
    const submitted: Submitted[] = [];
    for (const { reference: id = '' } of batch.inputs) {
      let smisId: string | undefined;
      for await (const message of sender.find({ reference: id })) smisId = message.id;
      submitted.push(smisId === undefined ? { id, dueAt: now() } : { id, smisId });
    }
    await store.endBatch(batch.id, submitted);
  }

  function submittedOf(id: string, answer: BatchAnswer | undefined): Submitted {
    if (answer && 'id' in answer) return { id, smisId: answer.id };
    const { status, code } = answer?.problem ?? { status: 500, code: 'ANSWER_MISSING' };
    if (code === UNKNOWN_KEY) return { id, dueAt: now() };
    if (answer && wantsChannel(answer)) return { id, dueAt: now() + WITHOUT_CHANNEL_MS };
    if (status === 429 || status >= 500) return { id, dueAt: now() + AFTER_QUOTA_MS };
    log('message refused', { service, code });
    return { id, refused: code };
  }

  const loop = startLoop(work, (error) => {
    failure = error instanceof SenderError ? error.code : 'INTERNAL';
    log('submission failed; it is repeated', { service, code: failure, ...(failure === 'INTERNAL' && { error }) });
  });
  return { ...loop, state: () => ({ failure }) };
}

/** Whether SMIS has lost a channel since it was asked for the keys: all else about channels was checked before. */
function wantsChannel(answer: BatchAnswer): boolean {
  if (!('problem' in answer) || answer.problem.code !== 'INPUT_INVALID') return false;
  return answer.problem.errors?.some(({ path }) => /^\/strategy\/\d+\/channel$/.test(path)) ?? false;
}

/** Whether SMIS itself understood the batch and will not have it; anything else may be a wrong setting, and passes. */
function isRefusal(error: unknown): error is SenderError {
  if (!(error instanceof SenderError) || error.code === REFUSED) return false;
  return error.status !== undefined && [400, 413, 422].includes(error.status);
}
