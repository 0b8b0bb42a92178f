import { generateSealingKeys } from '@civicline/protocol/sealing';
import { generateRoleKey } from '../platform/run/index.ts';
import { type Command, noWords } from './command.ts';

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
];
