/** Makes the spoken prompts: recordings where there are some, else the texts of `asterisk/prompts/` through espeak-ng. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { runCommand } from './command.ts';
import type { Log } from './debian-packages.ts';
import type { SoundTools } from './installation.ts';
import { fingerprint, madeDirectory } from './made-directory.ts';

/** What the dialplan and the gateway play, as `civicline/<name>`. */
export const PROMPTS = [
  'enter-code',
  'code-incomplete',
  'code-wrong',
  'verified',
  'please-wait',
  'closed',
  'queue-full',
  'call-back-later',
  'technical-problem',
  'transferring',
  'goodbye',
] as const;

export const PROMPT_LANGUAGES = ['nl', 'fr', 'de', 'en'] as const;

type PromptLanguage = (typeof PROMPT_LANGUAGES)[number];

const textsSchema = z.strictObject({
  /** An espeak-ng voice, `espeak-ng --voices` lists them. */
  voice: z.string().regex(/^[\w+-]+$/),
  /** Words per minute. */
  speed: z.number().int().min(80).max(300),
  prompts: z.strictObject(
    Object.fromEntries(PROMPTS.map((name) => [name, z.string().min(1)])) as Record<
      (typeof PROMPTS)[number],
      z.ZodString
    >,
  ),
});

type Texts = z.infer<typeof textsSchema>;

const TEXTS = join(import.meta.dirname, '..', 'prompts');
/** Changed when the way of making changes, so that prompts made in the old way are made again. */
const RECIPE = '1';

interface Source {
  language: PromptLanguage;
  name: string;
  /** Path of a recording, if there is one. */
  recording: string | null;
  texts: Texts;
}

/**
 * Makes all prompts in all languages, 8 kHz mono, unless the same ones are there already; returns their directory.
 * `<home>/recordings/<language>/<name>.wav` stands before the spoken text. Throws for a text file with mistakes.
 */
export async function makePrompts(options: { home: string; tools: SoundTools; log: Log }): Promise<string> {
  const { home, tools, log } = options;
  const sources = (await Promise.all(PROMPT_LANGUAGES.map((language) => sourcesOf(language, home)))).flat();
  const directory = join(home, 'asterisk', `prompts-${await fingerprintOf(sources)}`);
  return madeDirectory(directory, async (part) => {
    log(`Making ${sources.length} prompts in ${PROMPT_LANGUAGES.join(', ')} …`);
    for (const source of sources) await makePrompt(source, part, tools);
  });
}

/** Reads `asterisk/prompts/<language>.yaml`; throws `ASTERISK_PROMPTS_INVALID` with file and field. */
export async function readTexts(language: PromptLanguage): Promise<Texts> {
  const file = join(TEXTS, `${language}.yaml`);
  const result = textsSchema.safeParse(parse(await readFile(file, 'utf8')));
  if (result.success) return result.data;
  throw new Error(`ASTERISK_PROMPTS_INVALID: ${file}:\n${z.prettifyError(result.error)}`);
}

async function sourcesOf(language: PromptLanguage, home: string): Promise<Source[]> {
  const texts = await readTexts(language);
  const recordings = join(home, 'recordings', language);
  const recorded = existsSync(recordings) ? await readdir(recordings) : [];
  return PROMPTS.map((name) => ({
    language,
    name,
    texts,
    recording: recorded.includes(`${name}.wav`) ? join(recordings, `${name}.wav`) : null,
  }));
}

async function fingerprintOf(sources: Source[]): Promise<string> {
  const ingredients = sources.map(async ({ language, name, recording, texts }) => [
    `${language}/${name}`,
    recording ? await readFile(recording) : JSON.stringify([texts.voice, texts.speed, texts.prompts[name as never]]),
  ]);
  return fingerprint([RECIPE, ...(await Promise.all(ingredients)).flat()]);
}

async function makePrompt(source: Source, part: string, tools: SoundTools): Promise<void> {
  const { language, name, recording } = source;
  const directory = join(part, language, 'civicline');
  await mkdir(directory, { recursive: true });
  const spoken = join(part, 'spoken.wav');
  if (!recording) await speak(source, spoken, tools);
  const [sox, ...args] = tools.sox as [string, ...string[]];
  await runCommand(sox, [
    ...args,
    recording ?? spoken,
    ...['-r', '8000', '-c', '1', '-b', '16', '-e', 'signed-integer'],
    join(directory, `${name}.wav`),
    // To one loudness, and into the band of a telephone.
    ...['highpass', '200', 'norm', '-4', 'pad', '0.1', '0.1'],
  ]);
}

async function speak({ texts, name }: Source, file: string, tools: SoundTools): Promise<void> {
  const [espeak, ...args] = tools.espeak as [string, ...string[]];
  const text = texts.prompts[name as keyof Texts['prompts']];
  await runCommand(espeak, [...args, '-v', texts.voice, '-s', String(texts.speed), '-w', file, '--', text]);
}
