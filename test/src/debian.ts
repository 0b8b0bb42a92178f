import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { findChromium } from './browser.ts';

/** Debian's packages that the tests talk to, each with how to tell that it is there. */
const PACKAGES: { name: string; what: string; isThere: () => boolean }[] = [
  { name: 'chromium', what: 'the browser', isThere: hasChromium },
  { name: 'postgresql', what: 'the second database engine', isThere: () => existsSync('/usr/lib/postgresql') },
  { name: 'kannel', what: 'an SMS gateway as a peer', isThere: () => existsSync('/usr/sbin/bearerbox') },
  {
    name: 'libnet-smpp-perl',
    what: 'an SMSC as a peer',
    isThere: () => existsSync('/usr/share/perl5/Net/SMPP.pm'),
  },
  { name: 'tshark', what: 'the second decoder of SMPP', isThere: () => existsSync('/usr/bin/tshark') },
];

/**
 * Makes sure that they are there, installing what is not (with sudo for an ordinary user).
 * Throws the command to run by hand when that fails.
 */
export function ensureDebianPackages(log: (line: string) => void): void {
  const missing = PACKAGES.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return;
  for (const { name, what } of missing) log(`Installing ${what} for the tests (apt-get install ${name}) …`);
  const names = missing.map(({ name }) => name);
  asRoot(['apt-get', 'update', '-qq']);
  asRoot(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names, 'fonts-dejavu-core']);
  const still = missing.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (still.length > 0) throw new Error(`Missing: ${still.join(', ')}; try: sudo apt-get install ${still.join(' ')}`);
}

function asRoot(command: string[]): void {
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function hasChromium(): boolean {
  try {
    findChromium();
    return true;
  } catch {
    return false;
  }
}
