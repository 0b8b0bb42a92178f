import type { CallRequestStatus } from '@civicline/protocol';
import type { EventStream } from '../../../platform/http/index.ts';
import { isFinal } from './machine.ts';
import type { CallRequest } from './store.ts';

/** The pages that follow a call request. */
export interface Statuses {
  /** Every change of every request that this gateway makes goes through here; what is known already is not sent again. */
  publish(request: Status): void;
  /** Whether a request is followed so often that no page needs one more stream. */
  isCrowded(id: string): boolean;
  /** The ids of the requests that are followed. */
  followed(): string[];
  /** Sends the current state, then every change, and ends with the last one. */
  follow(request: CallRequest, readAgain: () => Promise<CallRequest | undefined>, stream: EventStream): Promise<void>;
}

export type Status = Pick<CallRequest, 'id' | 'state' | 'sequence' | 'code_expires_at'>;
type Send = (request: Status) => void;

/** Tabs of one page, and a connection that is being replaced. */
const STREAMS_PER_REQUEST = 5;

export function createStatuses(): Statuses {
  const followers = new Map<string, Set<Send>>();
  return {
    publish(request) {
      for (const send of followers.get(request.id) ?? []) send(request);
    },
    isCrowded: (id) => (followers.get(id)?.size ?? 0) >= STREAMS_PER_REQUEST,
    followed: () => [...followers.keys()],
    async follow(request, readAgain, stream) {
      let sent = 0;
      const send: Send = (current) => {
        if (current.sequence <= sent) return;
        sent = current.sequence;
        stream.send(JSON.stringify(statusOf(current)));
        if (isFinal(current.state)) stream.end();
      };
      const ofRequest = followers.get(request.id) ?? new Set();
      followers.set(request.id, ofRequest.add(send));
      stream.onClose(() => {
        ofRequest.delete(send);
        if (ofRequest.size === 0) followers.delete(request.id);
      });
      send(request);
      // What changed between reading the request and following it.
      const current = await readAgain();
      if (current) send(current);
    },
  };
}

export function statusOf(request: Status): CallRequestStatus {
  const { state, sequence, code_expires_at: expires } = request;
  if (state !== 'disclosed' || expires === null) return { state, sequence };
  return { state, sequence, codeExpiresAt: new Date(expires).toISOString() };
}
