import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, findOnPath, isExecutable, runCommand } from './command.ts';
import { createOnce } from './create-once.ts';
import { prepareDemoScheme } from './demo-scheme.ts';
import { YiviError } from './errors.ts';
import { goBuild, prepareGo } from './go.ts';
import type { Log } from './progress.ts';

/** Older than 0.19.0 must not be used (GHSA-pv8v-c99h-c5q4); this is the one that Civicline is tested with. */
export const YIVI_VERSION = '1.3.0';

export interface YiviInstallation {
  /** Absolute path of the `yivi` program. */
  binary: string;
  version: string;
  /** The folder with the demo scheme `civicline-demo`, its issuer keys included. */
  schemes: string;
}

/**
 * Makes sure that the Yivi server and the demo scheme are there: takes the `yivi` on the PATH when it has the right
 * version, else builds it from source into `home`/bin. May be interrupted and repeated; a repetition takes no time.
 * @param home the `.civicline` folder
 * @throws YiviError GO_UNAVAILABLE, YIVI_BUILD_FAILED or YIVI_SCHEME_FAILED
 */
export async function prepareYivi({ home, log }: { home: string; log: Log }): Promise<YiviInstallation> {
  const binary = await findOrBuild(home, log);
  return { binary, version: YIVI_VERSION, schemes: await prepareDemoScheme({ home, binary, log }) };
}

async function findOrBuild(home: string, log: Log): Promise<string> {
  const onPath = findOnPath('yivi');
  if (onPath && (await isRightVersion(onPath))) return onPath;
  const own = join(home, 'bin', 'yivi');
  if (await isRightVersion(own)) return own;
  // Another version, or damaged.
  await rm(own, { force: true });
  await createOnce(own, (path) => build(home, path, log));
  return own;
}

async function isRightVersion(binary: string): Promise<boolean> {
  if (!isExecutable(binary)) return false;
  try {
    const version = /^Version:\s+v?(\S+)/m.exec(await runCommand(binary, ['version']))?.[1];
    return version === YIVI_VERSION;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}

async function build(home: string, target: string, log: Log): Promise<void> {
  const go = await prepareGo({ home, log });
  const folder = `${target}.build`;
  await mkdir(folder, { recursive: true });
  try {
    await goBuild(go, {
      what: `Building the Yivi server v${YIVI_VERSION}`,
      args: ['install', `github.com/privacybydesign/irmago/yivi@v${YIVI_VERSION}`],
      env: { GOBIN: folder },
      log,
    });
    await rename(join(folder, 'yivi'), target);
  } catch (error) {
    throw new YiviError(
      'YIVI_BUILD_FAILED',
      `The Yivi server could not be built; it needs a Go module proxy (GOPROXY). ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
