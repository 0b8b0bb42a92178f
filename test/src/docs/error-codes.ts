/**
 * `docs/errors.md`: every error code, read from the code that throws it. `npm run docs` writes the page; a test fails when it
 * is out of date.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';

export interface ErrorCode {
  code: string;
  /** HTTP statuses with which the gateway answers; empty: it is thrown to whoever called the function. */
  statuses: number[];
  /** What it says; the places of changing parts are shown as …. */
  meanings: string[];
  /** Folders of the repository that throw it. */
  folders: string[];
}

const FOLDERS = ['asterisk', 'gateway', 'launcher', 'protocol', 'sender', 'settings-file', 'sms', 'yivi'];
const NOT_PRODUCT = /\.test\.ts$|\/testing\/|\/stand-in|\/test-[^/]*\.ts$|\/conformance/;
/** `new SomeError(404, 'SOME_CODE', 'What it means.'`: the status is the API's alone. */
const THROWN =
  /new \w*Error\(\s*(?:(\d{3}),\s*)?'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'\s*(?:,\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`))?/g;
/** `new Error('SOME_CODE: what it means')`: for people at a terminal. */
const SAID = /new Error\(\s*[`']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): ((?:[^`'\\]|\\.)*)[`']/g;

/** `type SomeErrorCode = 'ONE' | 'OTHER'`: codes that are thrown out of a table. */
const NAMED = /type \w*ErrorCode\s*=([^;]*);/g;

/** The codes that a source text throws. */
export function codesIn(source: string): { code: string; status: number | null; meaning: string }[] {
  const thrown = [...source.matchAll(THROWN)].map(([, status, code = '', plain, template]) => ({
    code,
    status: status === undefined ? null : Number(status),
    meaning: readable(plain ?? template ?? ''),
  }));
  const said = [...source.matchAll(SAID)].map(([, code = '', meaning = '']) => ({
    code,
    status: null,
    meaning: readable(meaning),
  }));
  const named = [...source.replaceAll(/\/\*.*?\*\//gs, '').matchAll(NAMED)].flatMap(([, union = '']) =>
    [...union.matchAll(/'([A-Z][A-Z0-9_]+)'/g)].map(([, code = '']) => ({ code, status: null, meaning: '' })),
  );
  return [...thrown, ...said, ...named];
}

/** Every code of the product, in alphabetical order. */
export async function errorCodes(root: string): Promise<ErrorCode[]> {
  const found = new Map<string, ErrorCode>();
  const add = <T>(list: T[], value: T): void => {
    if (!list.includes(value)) list.push(value);
  };
  for (const folder of FOLDERS) {
    const source = join(root, folder, 'src');
    const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
    for (const file of files.filter((name) => !NOT_PRODUCT.test(`/${name}`)).sort()) {
      for (const { code, status, meaning } of codesIn(await readFile(join(source, file), 'utf8'))) {
        const entry = found.get(code) ?? { code, statuses: [], meanings: [], folders: [] };
        found.set(code, entry);
        if (status !== null) add(entry.statuses, status);
        if (meaning !== '') add(entry.meanings, meaning);
        add(entry.folders, folder);
      }
    }
  }
  return [...found.values()].sort((one, other) => (one.code < other.code ? -1 : 1));
}

/** The page for people. */
export function errorsPage(codes: readonly ErrorCode[]): string {
  const rows = codes.map(
    ({ code, statuses, meanings, folders }) =>
      `| \`${code}\` | ${statuses.sort().join(', ')} | ${meanings.join(' · ').replaceAll('|', '\\|')} | ${folders.map((folder) => `\`${folder}/\``).join(' ')} |`,
  );
  return `# Error codes

Programs look at the code, which stays; the text may change. An error of the API is problem+json (RFC 9457) with the status
below and the code in \`code\`. Codes without a status are thrown by a library, or printed by a command. \`…\` stands for what
differs from case to case. This page is made from the code: \`npm run docs\`.

| code | status | meaning | thrown in |
|---|---|---|---|
${rows.join('\n')}
`;
}

/** As a person reads it: without escapes, and with … where the code fills something in. */
function readable(text: string): string {
  return text
    .replaceAll(/\$\{[^}]*(?:\}|$)/g, '…')
    .replaceAll('\\n', ' ')
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

if (process.argv[1] === import.meta.filename) {
  const root = resolve(import.meta.dirname, '../../..');
  await writeFile(join(root, 'docs/errors.md'), errorsPage(await errorCodes(root)));
}
