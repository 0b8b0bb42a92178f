import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findChromium } from './browser.ts';

/**
 * Makes sure that a Chromium is there, installing Debian's package when it is not (with sudo for an ordinary user).
 * Throws the command to run by hand when that fails.
 */
export async function ensureChromium(log: (line: string) => void): Promise<void> {
  if (isThere()) return;
  log('Installing Chromium for the browser tests (apt-get install chromium) …');
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  for (const command of [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ]) {
    const [program = '', ...args] = [...asRoot, ...command];
    spawnSync(program, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  findChromium();
}

function isThere(): boolean {
  try {
    findChromium();
    return true;
  } catch {
    return false;
  }
}
