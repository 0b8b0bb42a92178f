/** What became of messages: the cursor feed of all events, and one message followed to its end. */
import {
  eventListSchema,
  type MessageState,
  type MessageView,
  messageViewSchema,
  type SmisEvent,
} from '@civicline/protocol';
import { backOff, type wait } from '@civicline/protocol/run';
import type { SmisClient } from './smis-client.ts';

const PAGE = 500;
/** Asked again after this; longer and longer while nothing happens. */
const PAUSES = { firstMs: 250, longestMs: 5_000, jitter: 0 };

/** Events in order, and the cursor to go on from once they have been dealt with. */
export interface EventPage {
  events: SmisEvent[];
  next: string;
}

interface Polling {
  smis: SmisClient;
  wait: typeof wait;
  signal?: AbortSignal | undefined;
}

/**
 * Pages of events, none of them empty, without end: break off or abort `signal` to stop. Store `next` together with what
 * the events changed, and go on from it: then each event counts once, whatever stops in between. SMIS being away is
 * waited out. `after` absent: from the oldest event kept (90 days).
 */
export async function* eventPages(options: Polling & { after?: string | undefined }): AsyncGenerator<EventPage> {
  const { smis, signal } = options;
  let after = options.after;
  let inVain = 0;
  while (true) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after !== undefined && { after }) });
    const request = {
      method: 'GET',
      path: `/v1/events?${query}`,
      signal,
      patienceMs: Number.POSITIVE_INFINITY,
    } as const;
    const page = await smis.call(request, eventListSchema);
    after = page.next;
    if (page.events.length > 0) {
      yield page;
      inVain = 0;
      continue;
    }
    await options.wait(backOff(++inVain, PAUSES), signal);
  }
}

const ENDS: readonly MessageState[] = ['delivered', 'read', 'undeliverable', 'expired', 'cancelled'];

/** Nothing more will happen, except that a delivered message may be read. */
export function isOver(state: MessageState): boolean {
  return ENDS.includes(state);
}

/** The message whenever it has changed, from as it is now to its end. */
export async function* followMessage(options: Polling & { id: string }): AsyncGenerator<MessageView> {
  const { smis, id, signal } = options;
  let seen = '';
  let inVain = 0;
  while (true) {
    const path = `/v1/messages/${encodeURIComponent(id)}`;
    const view = await smis.call({ method: 'GET', path, signal }, messageViewSchema);
    const shown = JSON.stringify(view);
    if (shown !== seen) {
      yield view;
      inVain = 0;
    }
    seen = shown;
    if (isOver(view.state)) return;
    await options.wait(backOff(++inVain, PAUSES), signal);
  }
}
