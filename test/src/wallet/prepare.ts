import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createOnce, goBuild, type Log, prepareGo } from '@civicline/yivi';

const SOURCE = resolve(import.meta.dirname, '../../wallet');

/**
 * Builds the headless wallet (`test/wallet/`) into `home`/bin unless it is there, made from these same sources.
 * @param home the `.civicline` folder
 * @returns the absolute path of the program
 * @throws YiviError GO_UNAVAILABLE; CommandFailed when it does not compile
 */
export async function prepareWallet({ home, log }: { home: string; log: Log }): Promise<string> {
  const binary = join(home, 'bin', `wallet-${await hashOfSources()}`);
  await createOnce(binary, async (path) => {
    const go = await prepareGo({ home, log });
    await goBuild(go, { what: 'Building the headless wallet', args: ['build', '-o', path, '.'], cwd: SOURCE, log });
    await removeOlder(join(home, 'bin'));
  });
  return binary;
}

async function removeOlder(folder: string): Promise<void> {
  const older = (await readdir(folder)).filter((name) => /^wallet-[0-9a-f]+$/.test(name));
  for (const name of older) await rm(join(folder, name), { force: true });
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(SOURCE)).filter((name) => /\.(go|mod|sum)$/.test(name));
  for (const name of files.sort()) hash.update(name).update(await readFile(join(SOURCE, name)));
  return hash.digest('hex').slice(0, 12);
}
