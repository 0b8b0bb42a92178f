/** Messages from a file, one after another: CSV with a header, or one JSON object per line. */
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { addressesOf, type OutgoingMessage } from '../index.ts';
import { CsvError, rowsOf } from './csv.ts';
import { UsageError } from './usage.ts';

const COLUMNS = ['to', 'phone', 'email', 'text', 'subject', 'from', 'category', 'urgency', 'reference', 'expiresAt'];
const KINDS = ['.csv', '.ndjson', '.jsonl'];

/**
 * The file's messages; what a line leaves out is taken from `defaults`. What is wrong with one message is left for the
 * sender to say; throws UsageError for what is wrong with the file.
 */
export async function* messagesIn(path: string, defaults: Partial<OutgoingMessage>): AsyncGenerator<OutgoingMessage> {
  const kind = extname(path).toLowerCase();
  if (!KINDS.includes(kind)) throw new UsageError(`--file must end with ${KINDS.join(', ')}`);
  try {
    const text = textOf(path);
    yield* kind === '.csv' ? fromCsv(text, defaults) : fromLines(text, defaults);
  } catch (error) {
    throw fileError(path, error);
  }
}

async function* fromCsv(
  text: AsyncIterable<string>,
  defaults: Partial<OutgoingMessage>,
): AsyncGenerator<OutgoingMessage> {
  let columns: string[] | null = null;
  for await (const row of rowsOf(text)) {
    if (columns === null) {
      columns = row.map((name) => COLUMNS.find((known) => known.toLowerCase() === name.trim().toLowerCase()) ?? name);
      const unknown = columns.findIndex((name) => !COLUMNS.includes(name));
      if (unknown >= 0)
        throw new CsvError(`has no known name over column ${unknown + 1}; known: ${COLUMNS.join(', ')}`);
      continue;
    }
    const names = columns;
    const filled = row.flatMap((value, i) => (value === '' ? [] : [[names[i] ?? '', value] as const]));
    yield messageOf(Object.fromEntries(filled), defaults);
  }
}

async function* fromLines(
  text: AsyncIterable<string>,
  defaults: Partial<OutgoingMessage>,
): AsyncGenerator<OutgoingMessage> {
  for await (const line of createInterface({ input: Readable.from(text), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') yield messageOf(jsonOf(line), defaults);
  }
}

/** A row names its addresses in columns of their own. */
function messageOf(value: unknown, defaults: Partial<OutgoingMessage>): OutgoingMessage {
  if (typeof value !== 'object' || value === null) return value as OutgoingMessage;
  const { to, phone, email, ...rest } = value as Record<string, unknown>;
  const plain = { ...(phone !== undefined && { phone }), ...(email !== undefined && { email }) };
  return { ...defaults, ...rest, to: { ...(addressesOf(to) as object), ...plain } } as OutgoingMessage;
}

async function* textOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of createReadStream(path)) yield decoder.decode(chunk as Buffer, { stream: true });
  yield decoder.decode();
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof CsvError) return new UsageError(`${path} ${error.message}`);
  const { code } = Object(error) as { code?: string };
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') return new UsageError(`${path} cannot be read`);
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return new UsageError(`${path} is not UTF-8`);
  return error;
}
