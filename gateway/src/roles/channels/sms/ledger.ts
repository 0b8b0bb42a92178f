/** What the carriers took, per route, sender and month: the SMS bill before it comes. */
import type { Kysely } from 'kysely';
import type { Database } from '../../../platform/storage/index.ts';
import type { LedgerRow, Tables } from './tables.ts';

export type { LedgerRow } from './tables.ts';

export interface Cost {
  /** Of the hand-over, UTC milliseconds. */
  at: number;
  route: string;
  senderId: string;
  segments: number;
  /** Of all its segments, millionths of a euro. */
  price: number;
}

/** Adds messages that were handed over, within the transaction that records it. */
export async function addCosts(sql: Kysely<Tables>, costs: readonly Cost[]): Promise<void> {
  const rows = sums(costs);
  if (rows.length === 0) return;
  await sql
    .insertInto('sms_ledger')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['month', 'route', 'sender_id']).doUpdateSet((expression) => ({
        messages: expression('sms_ledger.messages', '+', expression.ref('excluded.messages')),
        segments: expression('sms_ledger.segments', '+', expression.ref('excluded.segments')),
        price: expression('sms_ledger.price', '+', expression.ref('excluded.price')),
      })),
    )
    .execute();
}

function sums(costs: readonly Cost[]): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const { at, route, senderId, segments, price } of costs) {
    const month = monthOf(at);
    const key = `${month} ${route} ${senderId}`;
    const row = rows.get(key) ?? { month, route, sender_id: senderId, messages: 0, segments: 0, price: 0 };
    rows.set(key, row);
    row.messages += 1;
    row.segments += segments;
    row.price += price;
  }
  // Always in the same order: two processes that add to the same rows must not wait for each other.
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

let month = { from: 0, until: 0, name: '' };

/** `2026-06`, UTC. */
export function monthOf(at: number): string {
  if (at >= month.from && at < month.until) return month.name;
  const date = new Date(at);
  const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
  month = { from: Date.UTC(year, index), until: Date.UTC(year, index + 1), name: date.toISOString().slice(0, 7) };
  return month.name;
}

/** The months asked for (`2026-06`), or all; by month, route, sender. */
export async function ledger(database: Database, months?: readonly string[]): Promise<LedgerRow[]> {
  const rows = database
    .withTables<Tables>()
    .sql.selectFrom('sms_ledger')
    .selectAll()
    .orderBy('month')
    .orderBy('route')
    .orderBy('sender_id');
  return (months ? rows.where('month', 'in', [...months]) : rows).execute();
}

const COLUMNS = ['month', 'route', 'sender', 'messages', 'segments', 'euro'];
const MICRO = 1_000_000;

/** How many decimals of a euro say a price in millionths without rounding it; two at least. */
export function decimalsOf(price: number): number {
  return [2, 3, 4, 5].find((decimals) => price % 10 ** (6 - decimals) === 0) ?? 6;
}

/** For a terminal: columns of equal width, the total last. */
export function ledgerTable(rows: readonly LedgerRow[]): string {
  const sum = (of: (row: LedgerRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const [messages, segments, price] = [sum((row) => row.messages), sum((row) => row.segments), sum((row) => row.price)];
  const decimals = Math.max(2, ...rows.map((row) => decimalsOf(row.price)));
  const cells = [
    COLUMNS,
    ...rows.map((row) => cellsOf(row, decimals)),
    ['', '', 'total', String(messages), String(segments), (price / MICRO).toFixed(decimals)],
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  return `${lines.map((line) => line.join('  ')).join('\n')}\n`;
}

/** RFC 4180. */
export function ledgerCsv(rows: readonly LedgerRow[]): string {
  return [COLUMNS, ...rows.map((row) => cellsOf(row, 6))].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}

function cellsOf(row: LedgerRow, decimals: number): string[] {
  const { month, route, sender_id, messages, segments, price } = row;
  return [month, route, sender_id, String(messages), String(segments), (price / MICRO).toFixed(decimals)];
}

/** Quoted where needed; a spreadsheet must not take a name for a formula. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
