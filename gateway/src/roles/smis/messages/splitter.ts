/** Cuts a batch that arrives in pieces into its items, without ever holding more than one item. */

/** Larger than any message that can be valid. */
const ITEM_BYTES = 160_000;

/** null: too large; it was passed over. */
export type RawItem = Buffer | null;

export interface Splitter {
  /** The items that end within these bytes. */
  push(bytes: Buffer): RawItem[];
  /** What was left at the end of the body; `whole`: the body ended where it should. */
  finish(): { items: RawItem[]; whole: boolean };
}

/** One item per line (https://github.com/ndjson/ndjson-spec); empty lines and a byte order mark at the beginning are none. */
export function splitLines(): Splitter {
  return withoutMark(linesOf());
}

/** The elements of a JSON array (RFC 8259). What is wrong within an element is left to who parses it. */
export function splitArray(): Splitter {
  return withoutMark(elementsOf());
}

/** Leaves out a byte order mark before everything, as RFC 8259 §8.1 allows, whatever pieces it comes in. */
function withoutMark(splitter: Splitter): Splitter {
  /** The bytes so far, while they may be the beginning of a mark; null: it is past. */
  let start: Buffer | null = Buffer.alloc(0);

  function pass(): RawItem[] {
    const bytes = start ?? Buffer.alloc(0);
    start = null;
    return splitter.push(bytes.subarray(0, MARK.length).equals(MARK) ? bytes.subarray(MARK.length) : bytes);
  }

  return {
    push(bytes) {
      if (start === null) return splitter.push(bytes);
      start = Buffer.concat([start, bytes]);
      return start.length < MARK.length && MARK.subarray(0, start.length).equals(start) ? [] : pass();
    },
    finish() {
      const items = pass();
      const { items: rest, whole } = splitter.finish();
      return { items: [...items, ...rest], whole };
    },
  };
}

const MARK = Buffer.from('\ufeff');

function linesOf(): Splitter {
  const held = createHolder();
  const take = (): RawItem[] => held.take().filter((item) => item === null || !isBlank(item));
  return {
    push(bytes) {
      const items: RawItem[] = [];
      let start = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        held.add(bytes.subarray(start, end));
        items.push(...take());
        start = end + 1;
      }
      held.add(bytes.subarray(start));
      return items;
    },
    finish: () => ({ items: take(), whole: true }),
  };
}

function elementsOf(): Splitter {
  const held = createHolder();
  let place: 'before' | 'within' | 'after' | 'lost' = 'before';
  let depth = 0;
  let inString = false;
  let escaped = false;
  let items: RawItem[] = [];
  let count = 0;

  function endItem(isLast: boolean): void {
    const ended = held.take();
    const [item] = ended;
    const isEmpty = item !== null && (item === undefined || isBlank(item));
    // `[]` has no item; `[1,]` has an empty one, which no parser takes.
    if (isEmpty && isLast && count === 0) return;
    count++;
    items.push(item ?? (isEmpty ? Buffer.alloc(0) : null));
  }

  /** Returns whether the byte belongs to the present item. */
  function step(byte: number): boolean {
    if (place === 'within') {
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        return true;
      }
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (depth > 0 && (byte === CLOSE_BRACE || byte === CLOSE_BRACKET)) depth--;
      else if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACKET)) return false;
      return true;
    }
    if (!isSpace(byte)) place = place === 'before' && byte === OPEN_BRACKET ? 'within' : 'lost';
    return false;
  }

  return {
    push(bytes) {
      items = [];
      let start = 0;
      for (let n = 0; n < bytes.length && place !== 'lost'; n++) {
        const was = place;
        const byte = bytes[n] as number;
        if (step(byte)) continue;
        if (was === 'within') {
          held.add(bytes.subarray(start, n));
          endItem(byte === CLOSE_BRACKET);
          if (byte === CLOSE_BRACKET) place = 'after';
        }
        start = n + 1;
      }
      if (place === 'within') held.add(bytes.subarray(start));
      return items;
    },
    finish: () => ({ items: held.take(), whole: place === 'after' }),
  };
}

const [LINE_FEED, QUOTE, BACKSLASH, COMMA, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [
  ...Buffer.from('\n"\\,[]{}'),
] as [number, number, number, number, number, number, number, number];

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isBlank(item: Buffer): boolean {
  return item.every(isSpace);
}

/** The bytes of one item as they come together. */
function createHolder() {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    add(bytes: Buffer): void {
      if (bytes.length === 0) return;
      length += bytes.length;
      if (length > ITEM_BYTES) pieces = [];
      else pieces.push(bytes);
    },
    /** None when there was not a byte. */
    take(): RawItem[] {
      if (length === 0) return [];
      const item = length > ITEM_BYTES ? null : pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      pieces = [];
      length = 0;
      return [item];
    },
  };
}
