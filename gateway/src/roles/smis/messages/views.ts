import type { ChannelName, MessageView } from '@civicline/protocol';
import type { AttemptProgress } from './machine.ts';
import { type MessageRow, progressOf } from './store.ts';

export function viewOf(row: MessageRow): MessageView {
  const { steps, attempts } = progressOf(row);
  return {
    ...createdView(row),
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    updatedAt: timeOf(row.updated_at),
    attempts: steps.flatMap(({ channel }, step) => {
      const attempt = attempts[step];
      return attempt ? [attemptView(channel, attempt)] : [];
    }),
  };
}

function attemptView(channel: ChannelName, attempt: AttemptProgress): MessageView['attempts'][number] {
  const { state, reason, segments, at } = attempt;
  return {
    channel,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(segments === undefined ? {} : { segments }),
    updatedAt: timeOf(at),
  };
}

/** As it was when it had just been accepted: the first answer. */
export function createdView(
  row: Pick<MessageRow, 'id' | 'reference' | 'category' | 'urgency' | 'created_at' | 'expires_at'>,
): MessageView {
  return {
    id: row.id,
    ...(row.reference === null ? {} : { reference: row.reference }),
    state: 'accepted',
    category: row.category,
    urgency: row.urgency,
    createdAt: timeOf(row.created_at),
    updatedAt: timeOf(row.created_at),
    expiresAt: timeOf(row.expires_at),
    attempts: [],
  };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
