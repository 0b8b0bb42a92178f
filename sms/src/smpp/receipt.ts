/** What a delivery receipt says: by its parameters, else by the text of SMPP 3.4 appendix B. */
import type { Receipt } from '../route.ts';
import type { Tlvs } from './codec.ts';

/** `isOdd`: it names a state that nobody knows, and so decides nothing. */
export interface ReadReceipt {
  receipt: Receipt;
  isOdd: boolean;
}

type Outcome = Pick<Receipt, 'state' | 'reason'>;
const PENDING: Outcome = { state: 'pending' };
const failed = (reason: string): Outcome => ({ state: 'failed', reason });

/**
 * As §5.2.28 numbers them (9: SMPP 5.0), and how their words begin: those of appendix B, spelled out, and cut off elsewhere.
 */
const OUTCOMES: { code: number; beginnings: string[]; outcome: Outcome }[] = [
  { code: 0, beginnings: ['SCHED'], outcome: PENDING },
  { code: 1, beginnings: ['ENROUTE', 'BUFFER'], outcome: PENDING },
  { code: 2, beginnings: ['DELIV'], outcome: { state: 'delivered' } },
  { code: 3, beginnings: ['EXPIR'], outcome: failed('RECEIPT_EXPIRED') },
  { code: 4, beginnings: ['DELET', 'DELTD'], outcome: failed('RECEIPT_DELETED') },
  { code: 5, beginnings: ['UNDEL', 'NOTDEL', 'FAIL'], outcome: failed('RECEIPT_UNDELIVERABLE') },
  // Final by the letter, but carriers give it when they take a message in.
  { code: 6, beginnings: ['ACCEP'], outcome: PENDING },
  { code: 7, beginnings: ['UNKN'], outcome: failed('RECEIPT_UNKNOWN') },
  { code: 8, beginnings: ['REJ'], outcome: failed('RECEIPT_REJECTED') },
  { code: 9, beginnings: ['SKIP'], outcome: failed('RECEIPT_UNDELIVERABLE') },
];

/** null without an id. `isIntermediate`: the carrier is still trying, whatever it says. */
export function readReceipt(text: string, tlvs: Tlvs, isIntermediate: boolean): ReadReceipt | null {
  const carrierId = tlvs.receipted_message_id?.trim() || idIn(text);
  if (!carrierId) return null;
  const known = outcomeOfCode(tlvs.message_state) ?? outcomeOfWord(text);
  const outcome = known ?? PENDING;
  const receipt = { carrierId, ...(isIntermediate && outcome.state === 'failed' ? PENDING : outcome) };
  return { receipt, isOdd: known === undefined };
}

/** An id that is left empty is followed by the next field. */
function idIn(text: string): string | undefined {
  return /\bid:\s*(?!sub:)(\S+)/i.exec(text)?.[1];
}

function outcomeOfCode(state: number | undefined): Outcome | undefined {
  return state === undefined ? undefined : OUTCOMES.find(({ code }) => code === state)?.outcome;
}

function outcomeOfWord(text: string): Outcome | undefined {
  const word = /\bstat:\s*([a-z]+)/i.exec(text)?.[1]?.toUpperCase();
  if (word === undefined) return undefined;
  return OUTCOMES.find(({ beginnings }) => beginnings.some((beginning) => word.startsWith(beginning)))?.outcome;
}
