/**
 * Rows of a CSV file (RFC 4180) as they come: quoted fields may hold separators, quotes and line ends. The separator is
 * the first of `,` `;` and tab in the first line, because spreadsheets choose it by country. Empty lines are skipped.
 */
export async function* rowsOf(chunks: AsyncIterable<string>): AsyncGenerator<string[]> {
  let separator: string | null = null;
  let row: string[] = [];
  let field = '';
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let size = 0;

  function endField(): void {
    row.push(field);
    field = '';
    state = 'start';
  }

  for await (const chunk of chunks) {
    for (const character of chunk) {
      if (++size > ROW_LIMIT) throw new CsvError('has a row that does not end; is a quote left open?');
      if (state === 'quoted') {
        if (character === '"') state = 'quote';
        else field += character;
      } else if (character === '"' && state !== 'plain') {
        if (state === 'quote') field += '"';
        state = 'quoted';
      } else if (character === '\n') {
        endField();
        const empty = row.length === 1 && row[0] === '';
        if (!empty) yield row;
        row = [];
        size = 0;
      } else if (character === separator || (separator === null && SEPARATORS.includes(character))) {
        separator = character;
        endField();
      } else if (character !== '\r') {
        if (state === 'quote') throw new CsvError('has text after a closing quote');
        field += character;
        state = 'plain';
      }
    }
  }
  if (state === 'quoted') throw new CsvError('ends within quotes');
  if (field !== '' || row.length > 0) {
    endField();
    yield row;
  }
}

/** What is wrong with the file, to be read after its name. */
export class CsvError extends Error {}

const SEPARATORS = [',', ';', '\t'];
const ROW_LIMIT = 1_000_000;
