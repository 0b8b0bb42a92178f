/**
 * A real Chromium for the browser tests. It comes from the system, never from a download of ours, so that the tests run
 * in the browser that people get from their distribution.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const KNOWN_PATHS = [
  '/usr/bin/chromium',
  '/usr/lib/chromium/chromium',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
];

/** No GPU, no first-run page and no traffic of the browser's own; the sandbox needs rights that containers lack. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Adds a microphone that plays a tone and is granted without a question. */
export const WITH_MICROPHONE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/**
 * The path of Chromium (or Chrome): from the PATH, else from where distributions put it.
 *
 * @throws Error that names the command which installs it.
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string {
  const directories = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [
    ...directories.flatMap((directory) => NAMES.map((name) => join(directory, name))),
    ...KNOWN_PATHS,
  ];
  const found = candidates.find(isExecutable);
  if (found === undefined) throw new Error('Chromium is not installed. Install it: sudo apt-get install chromium');
  return found;
}

/** Starts Chromium without a window, in a profile of its own that is thrown away when it closes. */
export function launchChromium(options: Pick<LaunchOptions, 'args'> = {}): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...(options.args ?? [])] });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
