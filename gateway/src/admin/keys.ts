import { generateSealingKeys } from '@civicline/protocol/sealing';
import { type Command, noWords } from './command.ts';

export const keyCommands: Command[] = [
  {
    name: 'keys new',
    usage: 'keys new',
    summary: 'A key for a channel, to open what senders seal for it. Goes first into CIVICLINE_SMS_KEYS.',
    options: {},
    async run(call) {
      noWords(call);
      const { keyId, privateKey } = await generateSealingKeys();
      const json = { keyId, privateKey };
      return { text: `${JSON.stringify(json)}\n`, json };
    },
  },
];
