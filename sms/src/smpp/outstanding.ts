import type { Pdu, Request } from './codec.ts';

/** How a request ended: with its answer; written without one (it may have arrived); never written (it surely did not). */
export type Ending = Pdu | 'unanswered' | 'unwritten';

export interface OutstandingRequest {
  command: Request;
  end(ending: Ending): void;
  /** On a clock that never jumps. */
  expiresAt: number;
}

/** The requests of one connection that wait for their answer; each ends exactly once. All are given the same time. */
export interface Outstanding {
  readonly size: number;
  nextSequence(): number;
  add(sequence: number, request: OutstandingRequest): void;
  get(sequence: number): OutstandingRequest | undefined;
  delete(sequence: number): void;
  /** Everything added until now was handed to the network. */
  written(): void;
  /** Ends those whose time is over. */
  expire(now: number): void;
  endAll(): void;
}

const LAST_SEQUENCE = 0x7fff_ffff;

export function createOutstanding(): Outstanding {
  /** In the order in which they expire. */
  const requests = new Map<number, OutstandingRequest>();
  let unwritten = new Set<OutstandingRequest>();
  let sequence = 0;

  function nextSequence(): number {
    do sequence = sequence === LAST_SEQUENCE ? 1 : sequence + 1;
    while (requests.has(sequence));
    return sequence;
  }

  function add(number: number, request: OutstandingRequest): void {
    requests.set(number, request);
    unwritten.add(request);
  }

  function expire(now: number): void {
    for (const [number, request] of requests) {
      if (request.expiresAt > now) break;
      requests.delete(number);
      request.end('unanswered');
    }
  }

  function endAll(): void {
    const ended = [...requests.values()];
    const surelyNot = unwritten;
    requests.clear();
    unwritten = new Set();
    for (const request of ended) request.end(surelyNot.has(request) ? 'unwritten' : 'unanswered');
  }

  return {
    get size() {
      return requests.size;
    },
    nextSequence,
    add,
    get: (number) => requests.get(number),
    delete: (number) => requests.delete(number),
    written: () => unwritten.clear(),
    expire,
    endAll,
  };
}
