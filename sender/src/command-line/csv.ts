import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError as ParseError, parse } from 'csv-parse';

/**
 * Rows of a CSV file (RFC 4180) as they come: quoted fields may hold separators, quotes and line ends. The separator is
 * the first of `,` `;` and tab in the first line, because spreadsheets choose it by country. Empty lines are skipped.
 */
export async function* rowsOf(chunks: AsyncIterable<string>): AsyncGenerator<string[]> {
  const { head, rest } = await cutFirstLine(chunks);
  const parser = parse({
    delimiter: FIRST_SEPARATOR.exec(head)?.[1] ?? ',',
    record_delimiter: ['\r\n', '\n', '\r'],
    // What is missing or too much in one row is that one message's mistake.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_LIMIT,
  });
  const read = pipeline(Readable.from(rest), parser);
  // Its failure is the parser's as well, where it is dealt with.
  read.catch(() => {});
  try {
    for await (const row of parser) yield row as string[];
  } catch (error) {
    throw error instanceof ParseError ? new CsvError(MISTAKES[error.code] ?? 'is not CSV') : error;
  }
}

/** What is wrong with the file, to be read after its name. */
export class CsvError extends Error {}

const FIRST_SEPARATOR = /^[^,;\t\r\n]*([,;\t])/;
const ROW_LIMIT = 1_000_000;
const MISTAKES: Partial<Record<ParseError['code'], string>> = {
  CSV_MAX_RECORD_SIZE: 'has a row that does not end; is a quote left open?',
  CSV_QUOTE_NOT_CLOSED: 'ends within quotes',
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote within a field; quote the whole field, and double the quotes in it',
};

/** `head` holds the first line at least, `rest` all of the text. */
async function cutFirstLine(chunks: AsyncIterable<string>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = '';
  while (head.length < ROW_LIMIT && !/[\r\n]/.test(head)) {
    const { value, done } = await iterator.next();
    if (done) break;
    head += value;
  }
  async function* rest() {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head, rest: rest() };
}
