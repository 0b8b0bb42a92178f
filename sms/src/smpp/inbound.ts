/**
 * SMS from phones, whole or in parts, to the listener. The carrier is answered when the listener has stored the SMS, with
 * an error when it could not, so that the carrier repeats.
 *
 *   gathering ──last part, or too long──► storing ──stored──► stored ──later──► forgotten
 *                                         │    ▲
 *                                    failed    │ part repeated, or a second later
 *                                         └────┘
 *
 * A carrier that sends one part only when the last was answered must not wait for us while we wait for it: a part that
 * was alone for two seconds is answered, and is then in memory alone until the others come. Parts whose others never come
 * are handed on as they are. A repeated part of an SMS that was stored is recognised by its text.
 */
import type { InboundSms } from '../route.ts';
import type { Concatenation } from '../text/index.ts';
import { ESME } from './status.ts';

type Answer = (status: number) => void;

export interface Inbound {
  add(sms: InboundSms, concatenation: Concatenation | null, answer: Answer): void;
  /** To be called about once a second, with a clock that never jumps. */
  tick(now: number): void;
}

/** How long a part that is alone keeps its answer. */
const HOLD_MS = 2_000;
const COMPLETE_WITHIN_MS = 10 * 60_000;
/** SMS in parts that are remembered at the same time; beyond, the oldest are handed on. */
const MOST_KEPT = 10_000;

interface Gathered {
  from: string;
  to: string;
  texts: (string | undefined)[];
  missing: number;
  state: 'gathering' | 'storing' | 'failed' | 'stored';
  since: number;
  held: { answer: Answer; since: number }[];
}

export function createInbound(store: (sms: InboundSms) => Promise<void>, now: () => number): Inbound {
  /** Oldest first. */
  const gathered = new Map<string, Gathered>();

  function add(sms: InboundSms, concatenation: Concatenation | null, answer: Answer): void {
    if (!concatenation || concatenation.total === 1) {
      store(sms).then(
        () => answer(ESME.ROK),
        () => answer(ESME.RX_T_APPN),
      );
      return;
    }
    addPart(sms, concatenation, answer);
  }

  function addPart({ from, to, text }: InboundSms, { reference, total, part }: Concatenation, answer: Answer): void {
    const key = JSON.stringify([from, to, reference, total]);
    let whole = gathered.get(key);
    if (whole?.state === 'stored') {
      if (whole.texts[part - 1] === text) {
        answer(ESME.ROK);
        return;
      }
      gathered.delete(key);
      whole = undefined;
    }
    if (!whole) {
      const texts = new Array<string | undefined>(total).fill(undefined);
      whole = { from, to, texts, missing: total, state: 'gathering', since: now(), held: [] };
      gathered.set(key, whole);
    }
    if (whole.texts[part - 1] === undefined) whole.missing--;
    whole.texts[part - 1] ??= text;
    whole.held.push({ answer, since: now() });
    if (whole.missing === 0) storeWhole(whole);
  }

  function storeWhole(whole: Gathered): void {
    if (whole.state === 'storing' || whole.state === 'stored') return;
    whole.state = 'storing';
    const { from, to, texts } = whole;
    const end = (state: 'stored' | 'failed', status: number) => {
      whole.state = state;
      for (const { answer } of whole.held.splice(0)) answer(status);
    };
    store({ from, to, text: texts.join('') }).then(
      () => end('stored', ESME.ROK),
      () => end('failed', ESME.RX_T_APPN),
    );
  }

  function tick(time: number): void {
    let tooMany = gathered.size - MOST_KEPT;
    for (const [key, whole] of gathered) {
      const isOld = time - whole.since > COMPLETE_WITHIN_MS || tooMany-- > 0;
      if (whole.state === 'stored' && isOld) gathered.delete(key);
      else if (whole.state === 'failed' || (whole.state === 'gathering' && isOld)) storeWhole(whole);
      else if (whole.state === 'gathering') release(whole, time);
    }
  }

  function release(whole: Gathered, time: number): void {
    while (whole.held[0] && time - whole.held[0].since > HOLD_MS) whole.held.shift()?.answer(ESME.ROK);
  }

  return { add, tick };
}
