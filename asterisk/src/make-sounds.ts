/**
 * Makes prompts and music into a directory, with espeak-ng and sox from the PATH: for the production image.
 *
 *   node --import tsx asterisk/src/make-sounds.ts DIRECTORY
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMusic } from './music.ts';
import { makePrompts } from './prompts.ts';

const directory = process.argv[2];
if (!directory) throw new Error('Usage: make-sounds.ts DIRECTORY');
const home = await mkdtemp(join(tmpdir(), 'civicline-sounds-'));
const options = { home, tools: { espeak: ['espeak-ng'], sox: ['sox'] }, log: console.log };
await cp(await makePrompts(options), join(directory, 'prompts'), { recursive: true });
await cp(await makeMusic(options), join(directory, 'music'), { recursive: true });
await rm(home, { recursive: true });
