/** `civicline`: what operators do with senders, queues, routes, webhooks, the SMS bill and copies of the databases. */
import { parseArgs } from 'node:util';
import { backupCommands } from './backup.ts';
import { CommandError } from './command.ts';
import { keyCommands } from './keys.ts';
import { ledgerCommands } from './ledger.ts';
import { messageCommands } from './messages.ts';
import { queueCommands } from './queue.ts';
import { senderCommands } from './senders.ts';
import { sessionCommands } from './sessions.ts';
import { readSettings } from './settings.ts';
import { webhookCommands } from './webhooks.ts';

export interface Surroundings {
  environment: Record<string, string | undefined>;
  output: { stdout: { write(text: string): unknown }; stderr: { write(text: string): unknown } };
}

const COMMANDS = [
  ...senderCommands,
  ...messageCommands,
  ...queueCommands,
  ...webhookCommands,
  ...ledgerCommands,
  ...keyCommands,
  ...backupCommands,
  ...sessionCommands,
];

/** Runs one command; resolves with the exit code: 0, 1 (it could not be done) or 2 (not understood). */
export async function main(args: readonly string[], { environment, output }: Surroundings): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args[0] === 'help') {
    output.stdout.write(usage());
    return args.length === 0 ? 2 : 0;
  }
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, i) => args[i] === word));
  if (!command) {
    output.stderr.write(`There is no such command: ${args.slice(0, 2).join(' ')}\n\n${usage()}`);
    return 2;
  }
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args.slice(command.name.split(' ').length), command.options);
  } catch (error) {
    output.stderr.write(`${messageOf(error)}\n  civicline ${command.usage}\n`);
    return 2;
  }
  try {
    const settings = await readSettings(environment);
    const { json, text } = await command.run({
      settings,
      words: parsed.positionals,
      values: parsed.values,
      report: (line) => output.stderr.write(`${line}\n`),
    });
    output.stdout.write(parsed.values.json ? `${JSON.stringify(json, null, 2)}\n` : text);
    return 0;
  } catch (error) {
    output.stderr.write(`${messageOf(error)}\n`);
    if (!(error instanceof CommandError)) return 1;
    if (error.usage) output.stderr.write(`  civicline ${command.usage}\n`);
    return error.usage ? 2 : 1;
  }
}

function parse(args: string[], options: (typeof COMMANDS)[number]['options']) {
  return parseArgs({ args, options: { ...options, json: { type: 'boolean' } }, allowPositionals: true });
}

/** Never a stack: errors of the code are for the log, and this is read by people. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return code && !error.message.startsWith(code) ? `${code}: ${error.message}` : error.message;
}

function usage(): string {
  const lines = COMMANDS.map((command) => `  civicline ${command.usage}\n      ${command.summary}`);
  return `Administers Civicline's sealed messages.

${lines.join('\n')}

Every command takes --json. From the environment: DATABASE_URL, CIVICLINE_DATA_KEY, CIVICLINE_GATEWAY_URL; what is not
there is taken from a Civicline that runs from this folder (npm start).
`;
}
