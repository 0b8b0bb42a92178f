import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'vite';

let built: Promise<string> | null = null;

/** Builds the console as it stands into a temporary folder, once per process, so that tests never see an old build. */
export function buildConsole(): Promise<string> {
  built ??= buildInto();
  return built;
}

async function buildInto(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'civicline-console-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await build({
    root: join(import.meta.dirname, '../..'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
  });
  return folder;
}
