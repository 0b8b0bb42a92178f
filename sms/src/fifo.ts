/** First in, first out, without moving what waits behind. */
export interface Fifo<T> {
  readonly size: number;
  push(item: T): void;
  shift(): T | undefined;
  /** Takes out everything that `leaves` says, in order. */
  remove(leaves: (item: T) => boolean): T[];
}

/** Below this, places that were left are not worth a copy. */
const COMPACT_AT = 1024;

export function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;

  function shift(): T | undefined {
    if (head >= items.length) return undefined;
    const item = items[head++];
    if (head >= COMPACT_AT && head * 2 >= items.length) {
      items = items.slice(head);
      head = 0;
    }
    return item;
  }

  function remove(leaves: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const stay: T[] = [];
    for (const item of items.slice(head)) (leaves(item) ? removed : stay).push(item);
    items = stay;
    head = 0;
    return removed;
  }

  return {
    get size() {
      return items.length - head;
    },
    push: (item) => items.push(item),
    shift,
    remove,
  };
}
