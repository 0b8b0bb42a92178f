import type { Receipt } from './receipt.ts';

/** Something that the carrier has for a sender: a receipt, or (a part of) a message that a person wrote. */
export type Delivery =
  | { kind: 'receipt'; receipt: Receipt; tries: number }
  | {
      kind: 'inbound';
      from: string;
      to: string;
      esmClass: number;
      dataCoding: number;
      userData: Buffer;
      tries: number;
    };

/** A session that takes deliveries. */
export interface Receiver {
  hasRoom(): boolean;
  deliver(delivery: Delivery): void;
  /** Sends what has been written. */
  flush(): void;
}

/** Deliveries for one system id, in order, until a session of it has room: SMPP lets a sender have several. */
export interface Mailbox {
  /** How many wait. */
  size(): number;
  put(deliveries: readonly Delivery[]): void;
  /** Hands out as much as there is room for. */
  pump(): void;
  join(receiver: Receiver): void;
  leave(receiver: Receiver): void;
}

/** So many waiting deliveries are enough: submits are answered with "queue full" until the sender takes some. */
export const MAILBOX_LIMIT = 100_000;

export function createMailbox(): Mailbox {
  let waiting: Delivery[] = [];
  let head = 0;
  const receivers: Receiver[] = [];
  let turn = 0;

  function nextReceiver(): Receiver | undefined {
    for (let i = 0; i < receivers.length; i++) {
      turn = (turn + 1) % receivers.length;
      const receiver = receivers[turn];
      if (receiver?.hasRoom()) return receiver;
    }
    return undefined;
  }

  function pump(): void {
    while (head < waiting.length) {
      const receiver = nextReceiver();
      if (!receiver) break;
      receiver.deliver(waiting[head++] as Delivery);
    }
    if (head * 2 > waiting.length) {
      waiting = waiting.slice(head);
      head = 0;
    }
    for (const receiver of receivers) receiver.flush();
  }

  return {
    size: () => waiting.length - head,
    put(deliveries) {
      for (const delivery of deliveries) waiting.push(delivery);
      pump();
    },
    pump,
    join(receiver) {
      receivers.push(receiver);
      pump();
    },
    leave(receiver) {
      const index = receivers.indexOf(receiver);
      if (index >= 0) receivers.splice(index, 1);
    },
  };
}
