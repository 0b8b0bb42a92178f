import { parseArgs } from 'node:util';
import { CATEGORIES, CHANNELS, type ChannelName, URGENCIES } from '@civicline/protocol';
import type { CountryCode, OutgoingMessage } from '../index.ts';

/** The command was not understood; the message says what to change. */
export class UsageError extends Error {}

export const HELP = `Sends a message through SMIS and shows what becomes of it.

  npx civicline-send --to +32470000001 --text "Uw afspraak is morgen om 10:00"

  --to NUMBER           phone number, in any usual notation
  --email ADDRESS       e-mail address; tried after SMS unless --strategy says otherwise
  --text TEXT           "-" reads it from standard input
  --subject TEXT        of the e-mail
  --from NAME           that an SMS is to come from
  --category NAME       ${CATEGORIES.join(', ')}; individual if absent
  --urgency NAME        ${URGENCIES.join(', ')}; normal if absent
  --strategy LIST       channels in order, with seconds to wait: sms:60,email
  --reference TEXT      your own; it must identify no person
  --expires TIME        not to be delivered later, such as 2026-06-01T18:00:00+02:00
  --country CODE        of numbers written without country code, such as BE
  --file FILE           many messages: .csv with a header, .ndjson; options fill what a line leaves out
  --no-wait             be content with acceptance
  --wait SECONDS        how long to wait for the end; 120 if absent
  --json                one JSON object per line
  --url URL, --key KEY  of SMIS; else CIVICLINE_URL and CIVICLINE_KEY; else the npm start of this clone

Ends with 0: delivered (with --no-wait and --file: accepted), 1: not, 2: the command was not understood.`;

export interface Command {
  message: Partial<OutgoingMessage>;
  file: string | undefined;
  url: string | undefined;
  key: string | undefined;
  country: CountryCode | undefined;
  json: boolean;
  /** null: do not wait. */
  waitSeconds: number | null;
  help: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  ...{ to: text, email: text, text, subject: text, from: text, category: text, urgency: text, strategy: text },
  ...{ reference: text, expires: text, country: text, file: text, wait: text, url: text, key: text },
  ...{ 'no-wait': flag, json: flag, help: flag },
} as const;

/** Throws UsageError. */
export function readCommand(args: readonly string[]): Command {
  const values = parse(args);
  const { to, email, text, subject, from, category, urgency, reference, expires, strategy } = values;
  const help = values.help ?? false;
  const addresses = { ...(to !== undefined && { phone: to }), ...(email !== undefined && { email }) };
  if (!help && values.file === undefined) {
    if (to === undefined && email === undefined) throw new UsageError('--to or --email is missing');
    if (text === undefined) throw new UsageError('--text is missing');
  }
  if (values.file !== undefined && (to !== undefined || email !== undefined)) {
    throw new UsageError('--to and --email do not go with --file');
  }
  const message = {
    to: addresses,
    text,
    subject,
    from,
    category: category ?? 'individual',
    urgency,
    reference,
    expiresAt: expires,
    strategy: strategy === undefined ? undefined : readStrategy(strategy),
  };
  return {
    message: withoutUndefined(message) as Partial<OutgoingMessage>,
    file: values.file,
    url: values.url,
    key: values.key,
    country: values.country?.toUpperCase() as CountryCode | undefined,
    json: values.json ?? false,
    waitSeconds: values['no-wait'] ? null : readSeconds(values.wait ?? '120'),
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    const { code } = Object(error) as { code?: string };
    // Node's text repeats the argument, which may be a number.
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') throw new UsageError('there is a value without an option');
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError('there is an unknown option');
    throw new UsageError('an option lacks its value');
  }
}

function readStrategy(list: string): { channel: ChannelName; waitSeconds?: number }[] {
  return list.split(',').map((step) => {
    const [name = '', seconds] = step.trim().split(':');
    const channel = CHANNELS.find((known) => known === name);
    if (!channel) throw new UsageError(`--strategy knows the channels ${CHANNELS.join(', ')}`);
    return { channel, ...(seconds !== undefined && { waitSeconds: readSeconds(seconds) }) };
  });
}

function readSeconds(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new UsageError('seconds are written as a whole number');
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
