import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A short name for what something is made from: the same ingredients give the same name. */
export function fingerprint(ingredients: (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const ingredient of ingredients) hash.update(createHash('sha256').update(ingredient).digest());
  return hash.digest('hex').slice(0, 16);
}

/** A name for what is being made by this process, that no other one and no other attempt uses. */
export function partName(): string {
  return `part-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** The process that makes a part of that name, or null for other names. */
export function makerOf(name: string): number | null {
  const pid = /\bpart-(\d+)-[0-9a-f]{8}/.exec(name)?.[1];
  return pid === undefined ? null : Number(pid);
}

/**
 * Makes a directory once: `make` fills a temporary one, which takes its place when complete. Processes may race; one
 * wins and the others' work is dropped.
 */
export async function madeDirectory(directory: string, make: (part: string) => Promise<void>): Promise<string> {
  if (existsSync(directory)) return directory;
  const part = `${directory}-${partName()}`;
  await mkdir(part, { recursive: true });
  await mkdir(dirname(directory), { recursive: true });
  try {
    await make(part);
    await rename(part, directory).catch((error) => {
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return directory;
}
