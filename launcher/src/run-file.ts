import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');

/** Where a running `npm start` says how to reach it, relative to the repository's root. */
export const RUN_FILE = '.civicline/run.json';

const runFileSchema = z.object({
  gatewayUrl: z.url(),
  signInUrl: z.url(),
  /** UDP on 127.0.0.1: where the scripted phones send their SIP. */
  sipPort: z.number().int(),
  asterisk: z.object({ ariUrl: z.url() }),
  /** The demo's wallets get their credentials issued here. */
  yivi: z.object({ requestorUrl: z.url(), requestorToken: z.string(), schemes: z.string() }),
  /** The demo's sender, and where its messages can be seen. */
  messages: z.object({ url: z.url(), key: z.string(), phonesUrl: z.url() }),
  /** For `civicline` commands. */
  settings: z.record(z.string(), z.string()),
  agents: z.array(z.object({ id: z.string(), signIn: z.string(), name: z.string() })),
});

/** How to reach a running Civicline, for the demo commands. */
export type RunFile = z.infer<typeof runFileSchema>;

/**
 * Throws, with the command that starts it, when no Civicline runs from this clone. CIVICLINE_RUN_FILE names the run file
 * of another one, such as that of a test.
 */
export async function readRunFile(): Promise<RunFile> {
  const path = process.env.CIVICLINE_RUN_FILE ?? join(root, RUN_FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) throw new Error('Civicline is not running here; start it with: npm start');
  return runFileSchema.parse(JSON.parse(text));
}
