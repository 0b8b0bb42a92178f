import { resolve } from 'node:path';
import { copySqlite } from '../platform/storage/index.ts';
import { type Command, CommandError, oneWord } from './command.ts';

export const backupCommands: Command[] = [
  {
    name: 'backup',
    usage: 'backup FOLDER',
    summary: 'Copies the SQLite databases into a folder, while the gateway runs.',
    options: {},
    async run(call) {
      const folder = resolve(oneWord(call, 'folder'));
      const urls = call.settings.databaseUrls();
      if (urls.some((url) => !url.startsWith('file:'))) {
        throw new CommandError('Copies of PostgreSQL are made with pg_dump.');
      }
      const files: string[] = [];
      for (const url of urls) files.push(...(await copySqlite(url.slice('file:'.length), folder)));
      return { text: `Copied to ${folder}: ${files.join(', ')}\n`, json: { folder, files } };
    },
  },
];
