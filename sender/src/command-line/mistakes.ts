/** What is wrong with a message, in the words of the command that was to send it. */
import type { SenderError } from '../index.ts';

/** The option that fills each field of a message, by the beginning of its JSON Pointer. */
const OPTIONS: readonly [path: string, option: string][] = [
  ['/to/phone', '--to'],
  ['/to/email', '--email'],
  ['/to', '--to'],
  ['/expiresAt', '--expires'],
  ...['text', 'subject', 'from', 'category', 'urgency', 'strategy', 'reference', 'country'].map(
    (name) => [`/${name}`, `--${name}`] as [string, string],
  ),
];

const COUNTRY_HINT = 'A number without country code needs --country, such as --country BE.';

/** A line with the code and every mistake; never a value. */
export function describeMistakes({ code, errors, message }: SenderError): string {
  if (errors.length === 0) return `${code}: ${message}`;
  return `${code}: ${errors.map((mistake) => `${optionAt(mistake.path)} ${mistake.message}`).join('; ')}`;
}

/** The hint for a number that lacks its country code; null: something else is wrong. */
export function countryHint(code: string, country: string | undefined, phone?: string): string | null {
  if (code !== 'NUMBER_INVALID' || country !== undefined) return null;
  return phone === undefined || !/^\s*(\+|00)/.test(phone) ? COUNTRY_HINT : null;
}

function optionAt(path: string): string {
  const found = OPTIONS.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return found?.[1] ?? path;
}
