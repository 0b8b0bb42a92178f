/** A batch: read as a stream, taken in chunk by chunk, answered item by item. */

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BATCH_LIMIT, type BatchAnswer, type Problem } from '@civicline/protocol';
import { AppError, problemOf } from '../../../platform/http/index.ts';
import { idAt } from './ids.ts';
import { type Allowed, type Draft, readMessage, withoutSealedBytes } from './input.ts';
import type { Accepted, Chunk, Intake } from './intake.ts';
import type { RawItem, Splitter } from './splitter.ts';

const BODY_BYTES = 64 * 1024 * 1024;
const CHUNK_ITEMS = 500;
const CHUNK_BYTES = 1024 * 1024;

export interface BatchOptions {
  body: AsyncIterable<Buffer>;
  splitter: Splitter;
  senderId: string;
  keyDigests: readonly string[];
  allowed: Allowed;
  intake: Intake;
  now: () => number;
}

/**
 * One answer per item, in their order. A body that is too long or breaks off has what came before accepted, and one
 * answer more that says so. Throws {@link AppError} 422 when the key came with another body, 429 when the quota leaves
 * nothing at all.
 */
export async function takeBatch(
  options: BatchOptions,
): Promise<{ answers: BatchAnswer[]; headers: Accepted['headers'] }> {
  const { body, splitter, senderId, keyDigests, allowed, intake, now } = options;
  const answers: BatchAnswer[] = [];
  let headers: Accepted['headers'] = {};
  let items: RawItem[] = [];
  let itemBytes = 0;
  let bodyBytes = 0;

  async function takeChunk(): Promise<void> {
    const read = items.map((item) => readItem(item, allowed, now()));
    const chunk: Chunk = {
      senderId,
      keyDigests,
      chunk: chunks++,
      bodyDigest: digestOf(read),
      items: read.map(({ result }) => result),
    };
    items = [];
    itemBytes = 0;
    const accepted = await intake.take(chunk);
    if (!accepted) throw keyReused();
    if (chunk.chunk === 0) refuseWithoutQuota(accepted, chunk.items.length);
    headers = { ...headers, ...accepted.headers };
    for (const [n, { reference }] of read.entries()) answers.push(answerOf(accepted, n, reference));
  }
  let chunks = 0;

  /** What is wrong with the body as a whole; null: go on. */
  async function add(more: readonly RawItem[]): Promise<Problem | null> {
    for (const item of more) {
      if (answers.length + items.length === BATCH_LIMIT) return TOO_MANY;
      items.push(item);
      itemBytes += item?.length ?? 0;
      if (items.length >= CHUNK_ITEMS || itemBytes >= CHUNK_BYTES) await takeChunk();
    }
    return null;
  }

  async function readAll(): Promise<Problem | null> {
    for await (const bytes of body) {
      bodyBytes += bytes.length;
      if (bodyBytes > BODY_BYTES) return TOO_LARGE;
      const problem = await add(splitter.push(bytes));
      if (problem) return problem;
    }
    const { items: rest, whole } = splitter.finish();
    return (await add(rest)) ?? (whole ? null : BROKEN_OFF);
  }

  const problem = await readAll();
  if (items.length > 0) await takeChunk();
  if (problem) answers.push({ problem });
  return { answers, headers };
}

export function keyReused(): AppError {
  return new AppError(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another body before.');
}

const TOO_MANY = problemOf(new AppError(413, 'BATCH_TOO_LONG', `A batch has ${BATCH_LIMIT} items at most.`));
const TOO_LARGE = problemOf(new AppError(413, 'BODY_TOO_LARGE', 'The body is too large.'));
const BROKEN_OFF = problemOf(new AppError(400, 'JSON_MALFORMED', 'The body is not a whole JSON array.'));
const ITEM_TOO_LARGE = problemOf(new AppError(413, 'ITEM_TOO_LARGE', 'The item is too large.'));
const ITEM_MALFORMED = problemOf(new AppError(400, 'JSON_MALFORMED', 'The item is not JSON.'));

interface ReadItem {
  result: Draft | Problem;
  /** What a repeat must have in common with it. */
  asked: string | Buffer;
  reference?: string;
}

function readItem(item: RawItem, allowed: Allowed, now: number): ReadItem {
  if (item === null) return { result: ITEM_TOO_LARGE, asked: '' };
  let value: unknown;
  let asked: string;
  try {
    if (!isUtf8(item)) return { result: ITEM_MALFORMED, asked: item };
    value = JSON.parse(item.toString());
    // Nested too deeply, it can be read, but not written.
    asked = withoutSealedBytes(value);
  } catch {
    return { result: ITEM_MALFORMED, asked: item };
  }
  try {
    const draft = readMessage(value, allowed, now);
    return { result: draft, asked, ...(draft.reference !== null && { reference: draft.reference }) };
  } catch (error) {
    return { result: problemOf(error), asked };
  }
}

function answerOf({ firstId, refused }: Accepted, n: number, reference: string | undefined): BatchAnswer {
  const problem = refused[n];
  if (problem) return { problem };
  return { id: idAt(firstId, n), ...(reference === undefined ? {} : { reference }) };
}

/** No use to read on. */
function refuseWithoutQuota({ refused, headers }: Accepted, count: number): void {
  const problems = Object.values(refused);
  if (problems.length < count || problems.some(({ status }) => status !== 429)) return;
  if (problems[0]) throw new Refusal(problems[0], headers);
}

/** A problem that goes out with headers. */
export class Refusal extends AppError {
  readonly headers: Record<string, string>;

  constructor(problem: Problem, headers: Record<string, string>) {
    super(problem.status, problem.code, problem.title, {
      ...(problem.detail === undefined ? {} : { detail: problem.detail }),
      ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    });
    this.headers = headers;
  }
}

function digestOf(items: readonly ReadItem[]): string {
  const hash = createHash('sha256');
  for (const { asked } of items) hash.update(asked).update('\n');
  return hash.digest('base64url');
}
