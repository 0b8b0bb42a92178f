import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes a file or folder that is there whole or not at all, whatever interrupts the making: `make` fills a path beside
 * it, which is renamed at the end. Two processes may do so at once; the first to finish wins. What interrupted runs
 * left behind is removed.
 */
export async function createOnce(target: string, make: (path: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) return;
  await mkdir(dirname(target), { recursive: true });
  await removeLeftovers(target);
  const partial = `${target}.${process.pid}.partial`;
  try {
    await make(partial);
    await rename(partial, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Also what `make` put beside its path under a longer name. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}.`;
  for (const name of await readdir(dirname(target))) {
    const pid = name.startsWith(prefix) && /^(\d+)\.partial/.exec(name.slice(prefix.length))?.[1];
    if (!pid || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
