import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where system programs are that an ordinary user's PATH may lack. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The first executable of that name on the PATH or in a system directory, or null. */
export function findOnPath(name: string): string | null {
  const directories = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
