import { createWebhookAdministration } from '../roles/smis/feedback/index.ts';
import { type Call, type Command, noWords, oneWord, type Result, table, textOption } from './command.ts';

type WebhookAdministration = Awaited<ReturnType<typeof createWebhookAdministration>>;

export const webhookCommands: Command[] = [
  {
    name: 'webhooks list',
    usage: 'webhooks list',
    summary: 'All webhooks, and how they do.',
    options: {},
    run: (call) =>
      administer(call, async (webhooks) => {
        noWords(call);
        const all = await webhooks.list();
        const rows = all.map(({ id, senderId, url, state, reason, failingSince, nextTryAt }) => [
          id,
          senderId,
          state,
          reason ?? '-',
          failingSince ?? '-',
          nextTryAt ?? '-',
          url,
        ]);
        const heads = ['WEBHOOK', 'SENDER', 'STATE', 'REASON', 'FAILING SINCE', 'NEXT TRY', 'URL'];
        return { text: table(heads, rows), json: all };
      }),
  },
  {
    name: 'webhooks replay',
    usage: 'webhooks replay WEBHOOK [--after CURSOR]',
    summary: 'Calls a webhook again, also a dead one: from where it stopped, or after a cursor.',
    options: { after: { type: 'string' } },
    run: (call) =>
      administer(call, async (webhooks) => {
        const webhook = await webhooks.replay(oneWord(call, 'webhook'), textOption(call.values, 'after') ?? undefined);
        return { text: `Webhook ${webhook.id} is called again.\n`, json: webhook };
      }),
  },
];

function administer({ settings }: Call, work: (webhooks: WebhookAdministration) => Promise<Result>): Promise<Result> {
  const sealer = settings.sealer('smis');
  return settings.withDatabase('smis', async (database) =>
    work(await createWebhookAdministration({ database, sealer, now: Date.now })),
  );
}
