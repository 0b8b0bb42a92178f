/** Events as senders see them: CloudEvents 1.0, structured JSON; the same in the feed and in webhooks. */
import type { SmisEvent } from '@civicline/protocol';
import { AppError } from '../../../platform/http/index.ts';

/** One row of the append-only table. */
export interface StoredEvent {
  /** Rises with every event; what cursors stand for. */
  position: number;
  /** UUIDv7. */
  id: string;
  senderId: string;
  /** null: not about one message. */
  messageId: string | null;
  /** Below `be.smis.v1.`, such as `message.delivered`. */
  kind: string;
  /** UTC milliseconds. */
  at: number;
  /** JSON. */
  data: string;
}

export const WEBHOOK_DISABLED = 'webhook.disabled';
export const QUOTA_WARNING = 'quota.warning';

/** CloudEvents' `source`: together with the id it names an event among those of all systems. */
const SOURCE = '/civicline/smis';

export function cloudEventOf(event: StoredEvent): SmisEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: SOURCE,
    type: `be.smis.v1.${event.kind}`,
    time: new Date(event.at).toISOString(),
    ...(event.messageId === null ? {} : { subject: event.messageId }),
    datacontenttype: 'application/json',
    data: JSON.parse(event.data) as SmisEvent['data'],
  };
}

/** A cursor: "everything up to this position was read". Opaque to its holder. */
export function writeCursor(position: number): string {
  return Buffer.from(`1.${position}`).toString('base64url');
}

/** Absent: the beginning. Throws 400 CURSOR_INVALID. */
export function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, digits] = /^1\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (!digits) throw new AppError(400, 'CURSOR_INVALID', 'This cursor is none that a feed has given.');
  return Number(digits);
}
