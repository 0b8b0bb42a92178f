import { hasTable } from '../platform/storage/index.ts';
import { type LedgerRow, ledger, ledgerCsv, ledgerPlot, ledgerTable } from '../roles/channels/sms/index.ts';
import { createSenderAdministration } from '../roles/smis/senders/index.ts';
import { type Call, type Command, CommandError, listOption, noWords } from './command.ts';

export const ledgerCommands: Command[] = [
  {
    name: 'ledger',
    usage: 'ledger [--month 2026-06]… [--csv | --svg]',
    summary: 'SMS, segments and cost by month, route and sender.',
    options: { month: { type: 'string', multiple: true }, csv: { type: 'boolean' }, svg: { type: 'boolean' } },
    async run(call) {
      noWords(call);
      const rows = await readLedger(call);
      const write = call.values.csv ? ledgerCsv : call.values.svg ? ledgerPlot : ledgerTable;
      const json = rows.map(({ sender_id: sender, price, ...row }) => ({ ...row, sender, euros: price / 1e6 }));
      return { text: write(rows), json };
    },
  },
];

/** With the senders' names, as far as they are known, in place of their ids. */
async function readLedger({ settings, values }: Call): Promise<LedgerRow[]> {
  const months = listOption(values, 'month');
  const wrong = months?.find((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month));
  if (wrong !== undefined) throw new CommandError('--month must be a month such as 2026-06.', true);
  const rows = await settings.withDatabase('sms', async (database) =>
    // Nothing was ever sent from here when the SMS channel has not made its tables yet.
    (await hasTable(database.sql, 'sms_ledger')) ? ledger(database, months ?? undefined) : [],
  );
  // Apart from SMIS, the SMS channel knows senders by their ids only.
  if (rows.length === 0 || !settings.roles().includes('smis')) return rows;
  const sealer = settings.sealer('smis');
  const senders = await settings.withDatabase('smis', async (database) =>
    (await createSenderAdministration({ database, sealer, now: Date.now })).list(),
  );
  const names = new Map(senders.map(({ id, name }) => [id, name]));
  return rows.map((row) => ({ ...row, sender_id: names.get(row.sender_id) ?? row.sender_id }));
}
