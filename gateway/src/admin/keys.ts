import { generateSealingKeys } from '@civicline/protocol/sealing';
import { keyedColumnsOf, ROLE_NAMES, type RoleName } from '../config.ts';
import { generateRoleKey } from '../platform/run/index.ts';
import { moveKeys } from '../platform/storage/index.ts';
import { type Command, CommandError, noWords, table } from './command.ts';

class KeyError extends CommandError {
  constructor(code: string, message: string) {
    super(message, false, code);
  }
}

const HOW = `Set it as CIVICLINE_SMS_KEYS or CIVICLINE_EMAIL_KEYS, a list of its own for each channel, and keep it secret.
To change keys, put the new one first and the old ones after it: senders seal for the first, and all of them open.
Remove an old one when no message that was sealed for it can be waiting any more: 31 days later.
`;

export const keyCommands: Command[] = [
  {
    name: 'keys new',
    usage: 'keys new',
    summary: 'A key with which a channel opens what senders seal for it: CIVICLINE_SMS_KEYS, CIVICLINE_EMAIL_KEYS.',
    options: {},
    async run(call) {
      noWords(call);
      const { keyId, privateKey } = await generateSealingKeys();
      const json = { keyId, privateKey };
      return { text: `${JSON.stringify([json])}\n\n${HOW}`, json };
    },
  },
  {
    name: 'keys role',
    usage: 'keys role',
    summary:
      'A key with which a role in a process of its own proves who it is: CIVICLINE_ROLE_KEY, and its public half.',
    options: {},
    async run(call) {
      noWords(call);
      const { privateKey, publicKey } = generateRoleKey();
      const text = `CIVICLINE_ROLE_KEY=${privateKey}\n\nTell the other side the public half: ${publicKey}\n`;
      return { text, json: { privateKey, publicKey } };
    },
  },
  {
    name: 'keys move',
    usage: 'keys move [ROLE]…',
    summary: "Moves what roles have stored under older data keys to the first of each role's; may be repeated.",
    options: {},
    async run({ settings, words, report }) {
      const roles = words.length === 0 ? settings.roles() : words.map(roleOf);
      const results: { role: RoleName; moved: number; broken: number }[] = [];
      for (const role of roles.filter((name) => keyedColumnsOf(name).length > 0)) {
        const sealer = settings.sealer(role);
        const result = await settings.withDatabase(role, (database) =>
          moveKeys(database, sealer, keyedColumnsOf(role), (moved) => report(`${role}: ${moved} moved`)),
        );
        results.push({ role, ...result });
      }
      const broken = results.filter((result) => result.broken > 0);
      if (broken.length > 0) {
        const told = broken.map((result) => `${result.role}: ${result.broken}`).join(', ');
        throw new KeyError(
          'DATA_KEY_MISSING',
          `Values that no key opens were left as they are (${told}). Name the older key after the new one, with a comma.`,
        );
      }
      const rows = results.map(({ role, moved }) => [role, moved]);
      return { text: table(['role', 'moved'], rows), json: results };
    },
  },
];

function roleOf(word: string): RoleName {
  const role = ROLE_NAMES.find((name) => name === word);
  if (!role) throw new CommandError(`There is no role "${word}"; there are ${ROLE_NAMES.join(', ')}.`, true);
  return role;
}
