import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { crossCheck, type Mistake } from './cross-check.ts';
import { type OrganisationsFile, organisationsFileSchema } from './schemas.ts';

/** Lists every mistake of the organisations file as `file:line:column: field: what is wrong`. */
export class OrganisationsError extends Error {
  readonly code = 'ORGANISATIONS_INVALID';
}

/** Reads and checks the organisations file. Throws {@link OrganisationsError}. */
export function readOrganisationsFile(file: string): OrganisationsFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OrganisationsError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  return parseOrganisations(text, file);
}

/** As {@link readOrganisationsFile}, for a text that is already there; `file` is only named in errors. */
export function parseOrganisations(text: string, file: string): OrganisationsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => ({ offset: error.pos[0], text: error.message }));
    throw new OrganisationsError(report(file, lines, mistakes));
  }
  const parsed = organisationsFileSchema.safeParse(document.toJS());
  const mistakes = parsed.success ? crossCheck(parsed.data) : parsed.error.issues.flatMap(mistakesOf);
  if (!parsed.success || mistakes.length > 0) {
    const placed = mistakes.map(({ path, message }) => ({
      offset: offsetOf(document, path),
      text: `${fieldName(path)}: ${message}`,
    }));
    throw new OrganisationsError(report(file, lines, placed));
  }
  return parsed.data;
}

function mistakesOf(issue: z.core.$ZodIssue): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not a field that Civicline knows' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path: issue.path, message: issue.issues[0]?.message ?? issue.message }];
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [{ path: issue.path, message: missing ? 'is missing' : issue.message }];
}

function report(file: string, lines: LineCounter, mistakes: { offset: number; text: string }[]): string {
  const shown = mistakes
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, text }) => {
      const { line, col } = lines.linePos(offset);
      return `${file}:${line}:${col}: ${text}`;
    });
  return shown.join('\n');
}

/** Where the field stands, or the nearest thing around it when the field itself is missing. */
function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

/** `organisations[0].queues[1].id` */
function fieldName(path: PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
