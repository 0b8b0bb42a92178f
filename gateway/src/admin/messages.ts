import { CATEGORIES, categorySchema } from '@civicline/protocol';
import { createRecallAdministration, createSenderAdministration, type Recall } from '../roles/smis/index.ts';
import { type Call, type Command, CommandError, minute, noWords, table, textOption, timeOption } from './command.ts';

export const messageCommands: Command[] = [
  {
    name: 'messages cancel',
    usage: 'messages cancel [--sender SENDER] [--category CATEGORY] [--from TIME] [--until TIME]',
    summary: 'Cancels, within seconds, what was accepted and has not left; with one filter at least.',
    options: {
      sender: { type: 'string' },
      category: { type: 'string' },
      from: { type: 'string' },
      until: { type: 'string' },
    },
    async run(call) {
      noWords(call);
      const recall = await orderRecall(call, {
        sender: textOption(call.values, 'sender'),
        category: textOption(call.values, 'category'),
        from: timeOption(call.values, 'from'),
        until: timeOption(call.values, 'until'),
      });
      return { text: `Recall ${recall.id} is ordered; civicline messages recalls says how far it is.\n`, json: recall };
    },
  },
  {
    name: 'messages recalls',
    usage: 'messages recalls',
    summary: 'The last orders to cancel messages, and how many were cancelled.',
    options: {},
    async run(call) {
      noWords(call);
      const recalls = await call.settings.withDatabase('smis', async (database) =>
        (await createRecallAdministration({ database, now: Date.now })).list(),
      );
      const rows = recalls.map(({ id, senderId, category, from, until, orderedAt, cancelled, doneAt }) => [
        id,
        senderId ?? 'any',
        category ?? 'any',
        from === null ? '-' : minute(from),
        until === null ? '-' : minute(until),
        minute(orderedAt),
        cancelled,
        doneAt === null ? 'under way' : `done ${minute(doneAt)}`,
      ]);
      const heads = ['RECALL', 'SENDER', 'CATEGORY', 'FROM', 'UNTIL', 'ORDERED', 'CANCELLED', 'STATE'];
      return { text: table(heads, rows), json: recalls };
    },
  },
];

interface Wanted {
  sender?: string | null;
  category?: string | null;
  from?: number | null;
  until?: number | null;
}

/** Throws a usage error when nothing narrows it: one slip must not cancel everything. */
function orderRecall({ settings }: Call, wanted: Wanted): Promise<Recall> {
  const { sender = null, category = null, from = null, until = null } = wanted;
  if (sender === null && category === null && from === null && until === null) {
    throw new CommandError('Say what: --sender, --category, --from or --until.', true);
  }
  const known = categorySchema.nullable().safeParse(category);
  if (!known.success) throw new CommandError(`--category must be one of: ${CATEGORIES.join(', ')}`, true);
  return settings.withDatabase('smis', async (database) => {
    const senders = await createSenderAdministration({ database, sealer: settings.sealer('smis'), now: Date.now });
    const senderId = sender === null ? null : (await senders.find(sender)).id;
    const recalls = await createRecallAdministration({ database, now: Date.now });
    return recalls.order({ senderId, category: known.data, from, until });
  });
}
