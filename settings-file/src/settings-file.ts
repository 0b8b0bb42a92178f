import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';

/** What is wrong with the field at this path. */
export interface Mistake {
  path: PropertyKey[];
  message: string;
}

export interface SettingsFile<Schema extends z.ZodType> {
  /** Its name, for mistakes. */
  file: string;
  schema: Schema;
  /** What is thrown, with one line `file:line:column: field: what is wrong` for each mistake. */
  Failure: new (
    message: string,
  ) => Error;
  /** Replaces values before the schema sees them, and may throw. */
  replace?: (value: unknown) => unknown;
}

export interface Settings<Content> {
  /** As the schema makes it. */
  content: Content;
  /** Throws when there are mistakes: what no single field can tell. */
  refuse(mistakes: readonly Mistake[]): void;
}

interface Placed {
  offset: number;
  text: string;
}

/** The text of a settings file. Throws a `Failure` that says why it cannot be read. */
export function settingsText(file: string, Failure: new (message: string) => Error): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`${file}: cannot be read: ${(error as Error).message}`);
  }
}

/** Reads YAML 1.2 and checks it against the schema. Throws a `Failure` with all mistakes, in the order of the file. */
export function parseSettings<Schema extends z.ZodType>(
  text: string,
  { file, schema, Failure, replace = (value) => value }: SettingsFile<Schema>,
): Settings<z.output<Schema>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });

  function fail(placed: Placed[]): never {
    const inOrder = placed.toSorted((a, b) => a.offset - b.offset);
    const told = inOrder.map(({ offset, text }) => {
      const { line, col } = lines.linePos(offset);
      return `${file}:${line}:${col}: ${text}`;
    });
    throw new Failure(told.join('\n'));
  }

  function refuse(mistakes: readonly Mistake[]): void {
    if (mistakes.length === 0) return;
    fail(
      mistakes.map(({ path, message }) => ({
        offset: offsetOf(document, path),
        text: `${fieldName(path)}: ${message}`,
      })),
    );
  }

  const unreadable = [...syntaxErrors(document), ...aliasesToNowhere(document)];
  if (unreadable.length > 0) fail(unreadable);
  const parsed = schema.safeParse(document.toJS({ reviver: (_key, value) => replace(value) }));
  if (parsed.success) return { content: parsed.data, refuse };
  refuse(parsed.error.issues.flatMap(mistakesOf));
  throw parsed.error;
}

/** What follows the colon in the library's words is copied from the file, where it can be a secret. */
function syntaxErrors({ errors, warnings }: Document): Placed[] {
  return [...errors, ...warnings].map(({ pos, message }) => ({
    offset: pos[0],
    text: message.replace(/(?<=[\w)]): .*/s, ''),
  }));
}

/** So does a value that begins with `*` and was not quoted read; the library throws it with its name. */
function aliasesToNowhere(document: Document): Placed[] {
  const found: Placed[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document)) return;
      found.push({
        offset: alias.range?.[0] ?? 0,
        text: 'an alias to an anchor that is not there; quote what begins with *',
      });
    },
  });
  return found;
}

function mistakesOf(issue: z.core.$ZodIssue): Mistake[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a field that Civicline knows' }));
  }
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? message }];
  const missing = issue.code === 'invalid_type' && message.endsWith('received undefined');
  return [{ path, message: missing ? 'is missing' : message }];
}

/** Where the field stands, or the nearest thing around it when the field itself is missing. */
function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

/** `routes[0].prefixes[1].price`; of the file as a whole: `the file`. */
function fieldName(path: PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
