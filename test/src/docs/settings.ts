/**
 * The table of settings in `docs/operation.md`, made from the schemas that read them. `npm run docs` writes it; a test fails
 * when it is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describeSettings, ROLE_NAMES } from '../../../gateway/src/config.ts';

const BEGIN = '<!-- settings: made by npm run docs -->\n';
const END = '<!-- end of settings -->';

/** The page with the table as the code has it. Throws when the page has no place for it. */
export function withSettings(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('The page has no place for the settings.');
  return `${page.slice(0, begin + BEGIN.length)}${settingsTable()}${page.slice(end)}`;
}

function settingsTable(): string {
  const rows = describeSettings().map(({ name, roles, required, standard, meaning }) => {
    const of = roles.length === ROLE_NAMES.length ? '' : roles.map((role) => `\`${role}\``).join(', ');
    const value = required ? 'required' : standard && `\`${standard}\``;
    return `| \`${name}\` | ${of} | ${value} | ${meaning.replaceAll('|', '\\|')} |\n`;
  });
  return `| variable | of | default | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

if (process.argv[1] === import.meta.filename) {
  const file = join(resolve(import.meta.dirname, '../../..'), 'docs/operation.md');
  await writeFile(file, withSettings(await readFile(file, 'utf8')));
}
