import { createSenderAdministration } from '../smis/senders/index.ts';
import { ledger } from '../sms/index.ts';
import type { Database } from '../storage/index.ts';
import { type Call, type Command, CommandError, listOption, noWords, table } from './command.ts';
import { plotOf } from './plot.ts';

export const ledgerCommands: Command[] = [
  {
    name: 'ledger',
    usage: 'ledger [--month 2026-06]… [--csv | --svg]',
    summary: 'SMS, segments and cost by month, route and sender.',
    options: { month: { type: 'string', multiple: true }, csv: { type: 'boolean' }, svg: { type: 'boolean' } },
    async run(call) {
      noWords(call);
      const entries = await readLedger(call);
      const text = call.values.csv ? csvOf(entries) : call.values.svg ? plotOf(entries) : tableOf(entries);
      return { text, json: entries };
    },
  },
];

export interface Entry {
  /** Such as `2026-06`, UTC. */
  month: string;
  route: string;
  /** Its name, as far as it is known. */
  sender: string;
  messages: number;
  segments: number;
  euros: number;
}

async function readLedger({ settings, values }: Call): Promise<Entry[]> {
  const months = listOption(values, 'month');
  const wrong = months?.find((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month));
  if (wrong !== undefined) throw new CommandError('--month must be a month such as 2026-06.', true);
  const rows = await settings.withDatabase('sms', async (database) =>
    (await hasLedger(database)) ? ledger(database, months ?? undefined) : [],
  );
  if (rows.length === 0) return [];
  const sealer = settings.sealer();
  const senders = await settings.withDatabase('smis', async (database) =>
    (await createSenderAdministration({ database, sealer, now: Date.now })).list(),
  );
  const names = new Map(senders.map(({ id, name }) => [id, name]));
  return rows.map(({ month, route, sender_id, messages, segments, price }) => ({
    month,
    route,
    sender: names.get(sender_id) ?? sender_id,
    messages,
    segments,
    euros: price / 1e6,
  }));
}

/** Nothing was ever sent from here when the SMS channel has not made its tables yet. */
async function hasLedger(database: Database): Promise<boolean> {
  const tables = await database.sql.introspection.getTables();
  return tables.some(({ name }) => name === 'sms_ledger');
}

function tableOf(entries: readonly Entry[]): string {
  const rows = entries.map(({ month, route, sender, messages, segments, euros }) => [
    month,
    route,
    sender,
    messages,
    segments,
    euros.toFixed(2),
  ]);
  const sum = (of: (entry: Entry) => number) => entries.reduce((total, entry) => total + of(entry), 0);
  const total = ['total', '', '', sum((e) => e.messages), sum((e) => e.segments), sum((e) => e.euros).toFixed(2)];
  return table(['MONTH', 'ROUTE', 'SENDER', 'SMS', 'SEGMENTS', 'EUR'], [...rows, total]);
}

/** RFC 4180. */
function csvOf(entries: readonly Entry[]): string {
  const lines = entries.map(({ month, route, sender, messages, segments, euros }) =>
    [month, cell(route), cell(sender), messages, segments, euros.toFixed(6)].join(','),
  );
  return ['month,route,sender,messages,segments,euros', ...lines].map((line) => `${line}\r\n`).join('');
}

/** Quoted; a leading sign is kept from being a spreadsheet's formula. */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${plain.replaceAll('"', '""')}"`;
}
