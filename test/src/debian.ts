import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { findChromium } from './browser.ts';

export interface DebianPackage {
  name: string;
  what: string;
  isThere: () => boolean;
  /** What systemd would run from then on; only processes of our own are wanted. */
  services?: string[];
}

/** What the tests talk to. */
const PACKAGES: DebianPackage[] = [
  { name: 'chromium', what: 'the browser', isThere: hasChromium },
  { name: 'postgresql', what: 'the second database engine', isThere: () => existsSync('/usr/lib/postgresql') },
  { name: 'kannel', what: 'an SMS gateway as a peer', isThere: () => existsSync('/usr/sbin/bearerbox') },
  {
    name: 'libnet-smpp-perl',
    what: 'an SMSC as a peer',
    isThere: () => existsSync('/usr/share/perl5/Net/SMPP.pm'),
  },
  { name: 'tshark', what: 'the second decoder of SMPP', isThere: () => existsSync('/usr/bin/tshark') },
  {
    name: 'caddy',
    what: 'the reverse proxy of the production form',
    isThere: () => existsSync('/usr/bin/caddy'),
    services: ['caddy'],
  },
];

/**
 * Makes sure that they are there, installing what is not (with sudo for an ordinary user).
 * Throws the command to run by hand when that fails.
 */
export function ensureDebianPackages(log: (line: string) => void, packages: readonly DebianPackage[] = PACKAGES): void {
  const missing = packages.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return;
  for (const { name, what } of missing) log(`Installing ${what} for the tests (apt-get install ${name}) …`);
  const names = missing.map(({ name }) => name);
  asRoot(['apt-get', 'update', '-qq']);
  asRoot(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names, 'fonts-dejavu-core']);
  const services = missing.flatMap((one) => one.services ?? []);
  if (services.length > 0 && existsSync('/run/systemd/system')) asRoot(['systemctl', 'disable', '--now', ...services]);
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
