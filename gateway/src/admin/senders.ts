import type { Database } from '../platform/storage/index.ts';
import { createRecallAdministration } from '../roles/smis/index.ts';
import {
  createSenderAdministration,
  SCOPES,
  type Scope,
  type SenderAdministration,
  scopeSchema,
  USUAL_SCOPES,
  ZONES,
  zoneSchema,
} from '../roles/smis/senders/index.ts';
import {
  type Call,
  type Command,
  CommandError,
  day,
  futureOption,
  listOption,
  minute,
  noWords,
  numberOption,
  oneWord,
  type Result,
  table,
  textOption,
} from './command.ts';

const HOUR_MS = 3_600_000;
const KEEP = 'It is shown this once: keep it in a safe place.';

export const senderCommands: Command[] = [
  {
    name: 'senders add',
    usage:
      'senders add NAME [--zone ZONE] [--scope SCOPE]… [--per-minute N] [--per-day N] [--expires DATE] [--client-id ID]',
    summary: 'A new sender, with an API key, or with the client id that an issuer knows it by.',
    options: {
      zone: { type: 'string', default: ZONES[0] },
      scope: { type: 'string', multiple: true },
      'per-minute': { type: 'string' },
      'per-day': { type: 'string' },
      expires: { type: 'string' },
      'client-id': { type: 'string' },
    },
    run: (call) =>
      administer(call, async (senders) => {
        const name = oneWord(call, 'sender');
        const { sender, apiKey } = await senders.add({
          name,
          zone: oneOf(zoneSchema, textOption(call.values, 'zone') ?? '', 'zone', ZONES),
          scopes: scopesOf(call, 'scope') ?? [...USUAL_SCOPES],
          clientId: textOption(call.values, 'client-id'),
          limits: { perMinute: numberOption(call.values, 'per-minute'), perDay: numberOption(call.values, 'per-day') },
          expiresAt: futureOption(call.values, 'expires', Date.now()),
        });
        const { id, clientId } = sender;
        const text = apiKey
          ? `Sender "${name}" (${id}) has the API key\n\n  ${apiKey}\n\n${KEEP}\n`
          : `Sender "${name}" (${id}) comes with access tokens of client "${clientId}".\n`;
        return { text, json: { id, name, apiKey, clientId } };
      }),
  },
  {
    name: 'senders list',
    usage: 'senders list',
    summary: 'All senders.',
    options: {},
    run: (call) =>
      administer(call, async (senders) => {
        noWords(call);
        const all = await senders.list();
        const rows = all.map(({ id, name, zone, scopes, clientId, limits, createdAt, revokedAt }) => [
          name,
          id,
          zone,
          showScopes(scopes),
          limits.perMinute ?? 'any',
          limits.perDay ?? 'any',
          clientId ?? '-',
          day(createdAt),
          revokedAt === null ? 'active' : `revoked ${day(revokedAt)}`,
        ]);
        const heads = ['NAME', 'ID', 'ZONE', 'SCOPES', 'PER MINUTE', 'PER DAY', 'CLIENT ID', 'SINCE', 'STATE'];
        return { text: table(heads, rows), json: all };
      }),
  },
  {
    name: 'senders keys',
    usage: 'senders keys SENDER',
    summary: 'A sender’s API keys.',
    options: {},
    run: (call) =>
      administer(call, async (senders) => {
        const keys = await senders.keys(oneWord(call, 'sender'));
        const now = Date.now();
        const rows = keys.map(({ id, scopes, createdAt, expiresAt, revokedAt }) => [
          id,
          showScopes(scopes),
          day(createdAt),
          expiresAt === null ? 'never' : minute(expiresAt),
          revokedAt !== null
            ? `revoked ${day(revokedAt)}`
            : expiresAt !== null && expiresAt <= now
              ? 'expired'
              : 'active',
        ]);
        const json = keys.map(({ digest: _, ...key }) => key);
        return { text: table(['KEY', 'SCOPES', 'SINCE', 'EXPIRES', 'STATE'], rows), json };
      }),
  },
  {
    name: 'senders rotate',
    usage: 'senders rotate SENDER [--overlap-hours N] [--scope SCOPE]… [--expires DATE]',
    summary: 'A new API key; the others work for a day more, or N hours.',
    options: {
      'overlap-hours': { type: 'string', default: '24' },
      scope: { type: 'string', multiple: true },
      expires: { type: 'string' },
    },
    run: (call) =>
      administer(call, async (senders) => {
        const overlapHours = numberOption(call.values, 'overlap-hours') ?? 24;
        const { sender, key, apiKey } = await senders.rotate(oneWord(call, 'sender'), {
          overlapMs: overlapHours * HOUR_MS,
          scopes: scopesOf(call, 'scope'),
          expiresAt: futureOption(call.values, 'expires', Date.now()),
        });
        return {
          text: `Sender "${sender.name}" has the new API key\n\n  ${apiKey}\n\n${KEEP} Its other keys end within ${overlapHours} hours.\n`,
          json: { id: sender.id, name: sender.name, keyId: key.id, apiKey },
        };
      }),
  },
  {
    name: 'senders revoke',
    usage: 'senders revoke SENDER [--keep-messages] | --key KEY',
    summary: 'Ends a sender, and cancels what of it has not left; or ends one of its keys. Within seconds.',
    options: { key: { type: 'string' }, 'keep-messages': { type: 'boolean' } },
    run: (call) =>
      administer(call, async (senders, database) => {
        const keyId = textOption(call.values, 'key');
        if (keyId === null) {
          const { id, name, revokedAt } = await senders.revokeSender(oneWord(call, 'sender'));
          if (call.values['keep-messages']) {
            return { text: `Sender "${name}" is revoked.\n`, json: { id, name, revokedAt, recallId: null } };
          }
          const recalls = await createRecallAdministration({ database, now: Date.now });
          const recall = await recalls.order({ senderId: id, category: null, from: null, until: null });
          const text = `Sender "${name}" is revoked; what has not left is cancelled (civicline messages recalls).\n`;
          return { text, json: { id, name, revokedAt, recallId: recall.id } };
        }
        noWords(call);
        const { id, senderId, revokedAt } = await senders.revokeKey(keyId);
        return { text: `Key ${id} is revoked.\n`, json: { id, senderId, revokedAt } };
      }),
  },
  {
    name: 'senders quota',
    usage: 'senders quota SENDER [--per-minute N|any] [--per-day N|any]',
    summary: 'How much a sender may send; without options: shows it.',
    options: { 'per-minute': { type: 'string' }, 'per-day': { type: 'string' } },
    run: (call) =>
      administer(call, async (senders) => {
        const sender = await senders.find(oneWord(call, 'sender'));
        const limits = {
          perMinute: limitOption(call, 'per-minute', sender.limits.perMinute),
          perDay: limitOption(call, 'per-day', sender.limits.perDay),
        };
        const { id, name } = sender;
        const asked = textOption(call.values, 'per-minute') ?? textOption(call.values, 'per-day');
        if (asked !== null) await senders.setLimits(id, limits);
        const text = `Sender "${name}" may send ${limits.perMinute ?? 'any number'} per minute, ${limits.perDay ?? 'any number'} per day.\n`;
        return { text, json: { id, name, ...limits } };
      }),
  },
  {
    name: 'senders scopes',
    usage: 'senders scopes SENDER [--add SCOPE]… [--remove SCOPE]…',
    summary: 'What a sender may do, within seconds; without options: shows it.',
    options: { add: { type: 'string', multiple: true }, remove: { type: 'string', multiple: true } },
    run: (call) =>
      administer(call, async (senders) => {
        const asked = oneWord(call, 'sender');
        const add = scopesOf(call, 'add') ?? [];
        const remove = scopesOf(call, 'remove') ?? [];
        const both = add.find((scope) => remove.includes(scope));
        if (both) throw new CommandError(`Either --add or --remove ${both}.`, true);
        const isChange = add.length + remove.length > 0;
        const sender = isChange ? await senders.changeScopes(asked, { add, remove }) : await senders.find(asked);
        const { id, name, scopes } = sender;
        return { text: `Sender "${name}" has the scopes ${scopes.join(' ')}.\n`, json: { id, name, scopes } };
      }),
  },
];

function administer(
  { settings }: Call,
  work: (senders: SenderAdministration, database: Database) => Promise<Result>,
): Promise<Result> {
  const sealer = settings.sealer('smis');
  return settings.withDatabase('smis', async (database) =>
    work(await createSenderAdministration({ database, sealer, now: Date.now }), database),
  );
}

/** Usual: all but emergencies. */
function showScopes(scopes: readonly Scope[]): string {
  if (scopes.length === SCOPES.length) return 'all';
  const isUsual = scopes.length === USUAL_SCOPES.length && USUAL_SCOPES.every((scope) => scopes.includes(scope));
  return isUsual ? 'usual' : scopes.join(' ') || 'none';
}

function scopesOf({ values }: Call, option: string): Scope[] | null {
  return listOption(values, option)?.map((scope) => oneOf(scopeSchema, scope, option, SCOPES, 'SCOPE_UNKNOWN')) ?? null;
}

function limitOption({ values }: Call, name: string, before: number | null): number | null {
  const text = textOption(values, name);
  if (text === 'any') return null;
  return text === null ? before : numberOption(values, name);
}

function oneOf<Value>(
  schema: { safeParse(value: string): { success: true; data: Value } | { success: false } },
  value: string,
  name: string,
  all: readonly string[],
  code?: string,
): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new CommandError(`--${name} must be one of: ${all.join(', ')}`, true, code);
  return parsed.data;
}
