/** The load generator: a closed loop of scripted callers, the same for every system. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller, PhoneCall } from '../../phone/index.ts';
import { round } from '../statistics.ts';

/** The pace of a patient phone, the slowest in common use: at it, every system can be right. */
export const KEYING = { toneMs: 100, gapMs: 100, afterMs: 100 };
/** A call of the loop takes about this long when nothing makes it wait. */
const CYCLE_MS = 1700;
const FASTEST_CYCLE_MS = 1600;
const RAMP_MS = 2500;
const PATIENCE_MS = 10_000;

export interface Target {
  /** Whom the next call dials, as whom, and what it keys; undefined: no code is left. */
  next(): { number: string; callerId: string; code: string } | undefined;
  /** Whether the code came through, once that is known; the call is hung up then. */
  outcome(call: PhoneCall, callerId: string): Promise<boolean>;
}

export interface LoadResult {
  callers: number;
  /** Calls per second that were right, over the time after the ramp. */
  rate: number;
  right: number;
  wrong: number;
  /** The codes ran out before the time did: the rate is that until then. */
  ranOut: boolean;
}

/** No more calls than this can such a loop make. */
export function mostCalls(callers: number, seconds: number): number {
  return Math.ceil((callers * (seconds * 1000 + RAMP_MS)) / FASTEST_CYCLE_MS) + callers;
}

/** So many callers, each of whom dials, keys, waits for the outcome, hangs up, and dials again. */
export async function closedLoop(
  caller: Caller,
  target: Target,
  { callers, seconds }: { callers: number; seconds: number },
): Promise<LoadResult> {
  const begin = performance.now() + RAMP_MS;
  const end = begin + seconds * 1000;
  let right = 0;
  let wrong = 0;
  let counted = 0;
  let exhaustedAt = Number.POSITIVE_INFINITY;

  const worker = async () => {
    // Not all in step.
    await sleep(randomInt(CYCLE_MS));
    while (performance.now() < end) {
      const job = target.next();
      if (!job) {
        exhaustedAt = Math.min(exhaustedAt, performance.now());
        return;
      }
      const isRight = await one(caller, target, job);
      const now = performance.now();
      if (isRight) right += 1;
      else wrong += 1;
      if (isRight && now >= begin && now < Math.min(end, exhaustedAt)) counted += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, worker));
  const measuredMs = Math.max(1, Math.min(end, exhaustedAt) - begin);
  return { callers, rate: round((counted / measuredMs) * 1000), right, wrong, ranOut: exhaustedAt < end };
}

async function one(
  caller: Caller,
  target: Target,
  { number, callerId, code }: { number: string; callerId: string; code: string },
): Promise<boolean> {
  const call = await caller.call({ number, callerId, key: { digits: code, ...KEYING } });
  const tooLate = new AbortController();
  const isRight = await Promise.race([
    target.outcome(call, callerId),
    sleep(PATIENCE_MS, false, { signal: tooLate.signal }).catch(() => false),
  ]);
  tooLate.abort();
  await call.hangUp();
  return isRight;
}
