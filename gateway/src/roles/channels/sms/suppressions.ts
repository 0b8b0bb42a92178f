/**
 * Who does not want to hear from whom. A number that answers STOP, ARRET, ARRÊT or STOPP gets nothing more from the
 * sender that last wrote to it, or from nobody when that is not known; START or REACTIVEER lifts it. Emergencies are
 * exempt: the state may warn everybody. Numbers stand here as keyed digests only.
 */
import type { Kysely } from 'kysely';
import {
  deleteMany,
  insertMany,
  type KeyedColumn,
  type Sealer,
  selectMany,
  updateMany,
} from '../../../platform/storage/index.ts';
import type { RecipientRow, SuppressionRow, Tables } from './tables.ts';

/** Who wrote last is stored anew after this, so that its row is not forgotten. */
const REFRESH_MS = 24 * 3600_000;
/** In place of a sender's id. */
export const ALL_SENDERS = '';

export type Wish = 'stop' | 'start';

/** What somebody wishes by an SMS; null: something else. */
export function wishOf(text: string): Wish | null {
  const words = plain(text).split(' ');
  const [first = ''] = words;
  // Who says more than the word wants to be left alone all the more; but does not ask for messages again in passing.
  if (/^(stop|stopp|stoppen|arret|arreter|arretez)$/.test(first)) return 'stop';
  if (/^(start|reactiveer|reactiver)$/.test(first) && words.length <= 2) return 'start';
  return null;
}

/** Lower case, without accents and signs, words one blank apart. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** What a change of the data key covers: numbers can be guessed, so their digests must not stay under an older key. */
export const numberColumns: readonly KeyedColumn[] = [
  { table: 'sms_recipients', key: ['digest'], column: 'digest' },
  { table: 'sms_suppressions', key: ['digest', 'sender_id'], column: 'digest' },
];

/** Under which a number may be stored, the one to store first; see {@link Sealer.digests}. */
export function digestsOf(sealer: Sealer, number: string): [string, ...string[]] {
  return [...sealer.digests(number, 'sms number'), ...sealer.coveredDigests(number, 'sms number')];
}

/** Who wrote to which numbers (digests). Rows that say so already are left alone. */
export async function rememberSenders(
  sql: Kysely<Tables>,
  recipients: ReadonlyMap<string, { senderId: string; at: number }>,
): Promise<void> {
  const rows = await selectMany<RecipientRow>(sql, 'sms_recipients', 'digest', [...recipients.keys()]);
  const known = new Map(rows.map((row) => [row.digest, row]));
  const added: RecipientRow[] = [];
  const changed: RecipientRow[] = [];
  for (const [digest, { senderId, at }] of recipients) {
    const row = known.get(digest);
    const next = { digest, sender_id: senderId, written_at: at };
    if (!row) added.push(next);
    else if (row.sender_id !== senderId || at - row.written_at > REFRESH_MS) changed.push(next);
  }
  await insertMany(sql, 'sms_recipients', added, { ignoreConflicts: true });
  await updateMany(sql, 'sms_recipients', 'digest', changed);
}

/**
 * Stores what the owner of a number wishes; returns what is not to be sent any more. `digests`: of the number, the current
 * one first.
 */
export async function obey(
  sql: Kysely<Tables>,
  { wish, digests, at }: { wish: Wish; digests: readonly [string, ...string[]]; at: number },
): Promise<SuppressionRow | null> {
  if (wish === 'start') {
    await deleteMany(sql, 'sms_suppressions', 'digest', digests);
    return null;
  }
  const rows = await selectMany<RecipientRow>(sql, 'sms_recipients', 'digest', digests);
  const [last] = rows.sort((a, b) => b.written_at - a.written_at);
  const row: SuppressionRow = { digest: digests[0], sender_id: last?.sender_id ?? ALL_SENDERS, created_at: at };
  await insertMany(sql, 'sms_suppressions', [row], { ignoreConflicts: true });
  return row;
}

/** Of these numbers (digests under any key), those that a sender must not write to: `isSuppressed(digests, sender)`. */
export async function readSuppressions(
  sql: Kysely<Tables>,
  digests: readonly string[],
): Promise<(digests: readonly string[], senderId: string) => boolean> {
  const rows = await selectMany<SuppressionRow>(sql, 'sms_suppressions', 'digest', digests);
  const suppressed = new Set(rows.map(({ digest, sender_id }) => `${digest} ${sender_id}`));
  return (of, senderId) =>
    suppressed.size > 0 &&
    of.some((digest) => suppressed.has(`${digest} ${senderId}`) || suppressed.has(`${digest} ${ALL_SENDERS}`));
}
