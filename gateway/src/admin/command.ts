import type { ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import type { Settings } from './settings.ts';

export interface Command {
  /** The words that call it, such as `senders add`. */
  name: string;
  usage: string;
  summary: string;
  options: NonNullable<ParseArgsConfig['options']>;
  run(call: Call): Promise<Result>;
}

export interface Call {
  settings: Settings;
  /** What follows the name. */
  words: string[];
  values: Values;
  /** Says how far a long task is, for people. */
  report(line: string): void;
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

/** The same for people and for programs. */
export interface Result {
  text: string;
  json: unknown;
}

/** For people: what could not be done, or (`usage`) was not understood. */
export class CommandError extends Error {
  readonly usage: boolean;
  /** Stable, for those that programs may want to tell apart. */
  readonly code: string | undefined;
  constructor(message: string, usage = false, code?: string) {
    super(message);
    this.usage = usage;
    this.code = code;
  }
}

/** The only word, or a usage error. */
export function oneWord({ words }: Call, what: string): string {
  const [word, ...rest] = words;
  if (word === undefined || rest.length > 0) throw new CommandError(`Name one ${what}.`, true);
  return word;
}

export function noWords({ words }: Call): void {
  if (words.length > 0) throw new CommandError(`Not understood: ${words.join(' ')}`, true);
}

export function textOption(values: Values, name: string): string | null {
  const value = values[name];
  return typeof value === 'string' ? value : null;
}

export function listOption(values: Values, name: string): string[] | null {
  const value = values[name];
  return Array.isArray(value) ? value.map(String) : null;
}

/** A whole number from 1 on. */
export function numberOption(values: Values, name: string): number | null {
  const text = textOption(values, name);
  if (text === null) return null;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new CommandError(`--${name} must be a whole number from 1 on.`, true);
  return Number(text);
}

/** `2027-01-31` (UTC) or a full RFC 3339 time, as UTC milliseconds. */
export function timeOption(values: Values, name: string): number | null {
  const text = textOption(values, name);
  if (text === null) return null;
  const parsed = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text);
  const at = parsed.success ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new CommandError(`--${name} must be a date such as 2027-01-31.`, true);
  return at;
}

/** The same for a time that is still to come. */
export function futureOption(values: Values, name: string, now: number): number | null {
  const at = timeOption(values, name);
  if (at !== null && at <= now) throw new CommandError(`--${name} must be in the future.`, true);
  return at;
}

/** Columns under their heads; numbers to the right. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [heads, ...rows].map((row) => row.map(String));
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  const numeric = heads.map((_, i) => rows.length > 0 && rows.every((row) => /^[\d.]+$/.test(String(row[i]))));
  const written = lines.map((line) =>
    line
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `${written.join('\n')}\n`;
}

export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

export function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
