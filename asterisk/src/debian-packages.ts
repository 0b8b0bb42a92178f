/**
 * Unpacks packages of Debian unstable into a directory, as an ordinary user: apt chooses and verifies them with
 * directories of its own, so that the machine's packages are neither used nor changed; dpkg-deb unpacks them; no
 * maintainer script runs. The machine's apt configuration (proxy, credentials) applies, and its Debian mirror.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { CommandFailed, runCommand } from './command.ts';
import { findOnPath } from './find-on-path.ts';

export type Log = (line: string) => void;

const DEBIAN_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Packages that others depend on for their maintainer scripts, or for parts of Asterisk that Civicline does not load.
 * apt takes them as installed already, which saves a third of the download. A name that is out of date costs only that.
 */
const NOT_NEEDED = [
  'adduser',
  'asterisk-config-custom', // stands in for asterisk-config, the sample configuration
  'asterisk-core-sounds-en',
  'debconf',
  'dirmngr',
  'gnupg',
  'libcodec2-1.2',
  'libsnmp45',
  'perl',
];

/**
 * Downloads `packages` with all they depend on and unpacks them into `tree`. `scratch` is an own directory for the
 * downloads, removed afterwards. Throws {@link CommandFailed}, or an `ASTERISK_TOOL_MISSING` error with the command
 * that installs the tool.
 */
export async function unpackDebianPackages(
  packages: string[],
  { tree, scratch, log }: { tree: string; scratch: string; log: Log },
): Promise<void> {
  for (const tool of ['apt-get', 'dpkg-deb', 'dpkg']) requireTool(tool);
  const architecture = (await runCommand('dpkg', ['--print-architecture'])).trim();
  const archives = join(scratch, 'cache', 'archives');
  try {
    for (const directory of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
      await mkdir(join(scratch, directory), { recursive: true });
    }
    await writeFile(join(scratch, 'apt.conf'), aptConfiguration(scratch));
    await writeFile(join(scratch, 'status'), '');
    await readPackageLists(scratch, architecture, log);
    await downloadWithout(NOT_NEEDED, packages, { scratch, architecture, log });
    await unpackAll(archives, tree, log);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Throws `ASTERISK_TOOL_MISSING` when the command is not on the PATH. */
function requireTool(name: string): void {
  if (findOnPath(name)) return;
  throw Object.assign(
    new Error(
      `${name} was not found. It belongs to Debian and its relatives; elsewhere install Asterisk 22.10.1 or newer, espeak-ng and sox yourself, so that they are on the PATH.`,
    ),
    { code: 'ASTERISK_TOOL_MISSING' },
  );
}

function aptConfiguration(scratch: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Default-Release;
Dir::State "${scratch}/state";
Dir::State::status "${scratch}/status";
Dir::Cache "${scratch}/cache";
Dir::Etc::SourceList "${scratch}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::Log "${scratch}";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::Assume-Yes "true";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
`;
}

/** dpkg's status file for an installed package: its version satisfies "at least", not "exactly". */
function installedStanza(name: string, architecture: string): string {
  return `Package: ${name}
Status: install ok installed
Version: 999:999
Architecture: ${architecture}
Multi-Arch: foreign
Maintainer: none
Description: not needed
`;
}

async function readPackageLists(scratch: string, architecture: string, log: Log): Promise<void> {
  const mirrors = await mirrorsToTry();
  for (const [index, mirror] of mirrors.entries()) {
    const keys = existsSync(DEBIAN_KEYS) ? `signed-by=${DEBIAN_KEYS} ` : '';
    const source = `deb [${keys}arch=${architecture} target=Packages] ${mirror} sid main\n`;
    await writeFile(join(scratch, 'sources.list'), source);
    log(`Reading Debian unstable's package list from ${mirror} …`);
    try {
      return await update(scratch, log);
    } catch (error) {
      if (index + 1 === mirrors.length) throw error;
      log(`That failed; trying the next mirror.`);
    }
  }
}

async function update(scratch: string, log: Log): Promise<void> {
  try {
    await apt(scratch, ['update', '--error-on=any']);
  } catch (error) {
    if (!(error instanceof CommandFailed) || !/Release file .* is expired/.test(error.output)) throw error;
    log('The mirror lags behind: its package list has passed its own time limit. Its signature is still checked.');
    await writeFile(join(scratch, 'apt.conf'), 'Acquire::Check-Valid-Until "false";\n', { flag: 'a' });
    await apt(scratch, ['update', '--error-on=any']);
  }
}

/** The Debian mirrors that this machine's apt is configured with; on other systems the one it is told. */
async function mirrorsToTry(): Promise<string[]> {
  const told = process.env.CIVICLINE_DEBIAN_MIRROR;
  if (told) return [told];
  // From the sources themselves: apt's other lists stay empty until somebody has run `apt-get update`.
  const listed = await runCommand('apt-get', ['--print-uris', 'update']).catch(() => '');
  const mirrors = [...new Set(debianMirrors(listed))];
  if (mirrors.length > 0) return mirrors;
  throw new Error(
    "ASTERISK_INSTALLATION_FAILED: this machine's apt knows no Debian mirror. Name one: CIVICLINE_DEBIAN_MIRROR=http://… npm start",
  );
}

/**
 * From what apt would fetch, lines such as `'http://mirror.example/debian/dists/bookworm/InRelease' …`: the archives that
 * hold Debian itself, not its security updates or anything else.
 */
export function debianMirrors(uris: string): string[] {
  return [...uris.matchAll(/^'(\S+\bdebian)\/dists\/([^/\s]+)\/InRelease'/gm)]
    .filter(([, , suite = '']) => !/security|updates|backports/.test(suite))
    .map(([, mirror = '']) => mirror);
}

interface DownloadOptions {
  scratch: string;
  architecture: string;
  log: Log;
}

async function downloadWithout(notNeeded: string[], packages: string[], options: DownloadOptions): Promise<void> {
  const { scratch, architecture, log } = options;
  const status = notNeeded.map((name) => installedStanza(name, architecture)).join('\n');
  await writeFile(join(scratch, 'status'), status);
  try {
    await download(packages, scratch, log);
  } catch (error) {
    // A package has come to depend on an exact version of one that is left out: then take them all.
    if (notNeeded.length === 0 || !(error instanceof CommandFailed) || !/unmet dependencies/.test(error.output))
      throw error;
    await downloadWithout([], packages, options);
  }
}

async function download(packages: string[], scratch: string, log: Log): Promise<void> {
  let expected = 0;
  let arrived = 0;
  await apt(scratch, ['install', '--download-only', ...packages], (line) => {
    const count = /(\d+) newly installed/.exec(line);
    if (count) expected = Number(count[1]);
    const size = /^Need to get (?:\S+ \S*\/)?(.*) of archives/.exec(line);
    if (size) log(`Downloading ${expected} packages, ${size[1]} …`);
    if (!line.startsWith('Get:')) return;
    arrived++;
    if (arrived % 50 === 0) log(`  ${arrived} of ${expected} downloaded`);
  });
}

async function unpackAll(archives: string, tree: string, log: Log): Promise<void> {
  const files = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  log(`Unpacking ${files.length} packages …`);
  await mkdir(tree, { recursive: true });
  for (const [index, name] of files.entries()) {
    await runCommand('dpkg-deb', ['-x', join(archives, name), tree]);
    if ((index + 1) % 50 === 0) log(`  ${index + 1} of ${files.length} unpacked`);
  }
}

function apt(scratch: string, args: string[], onLine?: (line: string) => void): Promise<string> {
  return runCommand('apt-get', ['-c', join(scratch, 'apt.conf'), ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    ...(onLine && { onLine }),
  });
}
