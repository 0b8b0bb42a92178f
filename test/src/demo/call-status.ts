/** Follows a call request by its stream of server-sent events, as the citizen's page does. */
import { type CallRequestCreated, type CallRequestState, callRequestStatusSchema } from '@civicline/protocol';
import { EventSourceParserStream } from 'eventsource-parser/stream';

export interface CallStatus {
  /** Every state so far. */
  readonly states: readonly CallRequestState[];
  /** Resolves with the first of these states that is reached, also when that was before; never rejects. */
  reached(...wanted: CallRequestState[]): Promise<CallRequestState>;
  close(): void;
}

const RECONNECT_MS = 500;
const LAST_STATES: CallRequestState[] = ['ended', 'cancelled', 'expired', 'failed'];

/** Follows until a last state or `close`; a gateway that restarts is asked again. `onState` hears each new state once. */
export function followCallRequest(
  gatewayUrl: string,
  { id, token }: Pick<CallRequestCreated, 'id' | 'token'>,
  onState: (state: CallRequestState) => void,
): CallStatus {
  const closing = new AbortController();
  const states: CallRequestState[] = [];
  const waiting = new Set<() => void>();
  let sequence = -1;

  const take = (data: string) => {
    const status = callRequestStatusSchema.parse(JSON.parse(data));
    if (status.sequence <= sequence) return;
    sequence = status.sequence;
    states.push(status.state);
    onState(status.state);
    for (const look of [...waiting]) look();
  };
  const follow = async () => {
    while (!closing.signal.aborted && !LAST_STATES.some((state) => states.includes(state))) {
      await readStream(`${gatewayUrl}/v1/call-requests/${id}/events`, token, closing.signal, take).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS).unref());
    }
  };
  void follow();

  return {
    states,
    reached: (...wanted) =>
      new Promise((resolve) => {
        const look = () => {
          const state = states.find((one) => wanted.includes(one));
          if (state === undefined) return;
          waiting.delete(look);
          resolve(state);
        };
        waiting.add(look);
        look();
      }),
    close: () => closing.abort(),
  };
}

async function readStream(
  url: string,
  token: string,
  signal: AbortSignal,
  take: (data: string) => void,
): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
  if (!response.ok || !response.body) throw new Error(`The gateway answered ${response.status} to the status stream.`);
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value.data);
  }
}
