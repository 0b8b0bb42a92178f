/**
 * Finds or installs Asterisk and the two programs that make the prompts.
 *
 *   on the PATH and new enough ── used
 *   else <home>/asterisk/tree  ── Debian unstable's packages, unpacked once (debian-packages.ts)
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailed, runCommand } from './command.ts';
import { type Log, unpackDebianPackages } from './debian-packages.ts';
import { libraryDirectory, programInTree } from './debian-tree.ts';
import { findOnPath } from './find-on-path.ts';
import { makerOf, partName } from './made-directory.ts';
import { makeMusic } from './music.ts';
import { makePrompts } from './prompts.ts';

/** Older ones can be brought down by one unauthenticated packet (GHSA-589g-qgf8-m6mx). */
export const MINIMUM_VERSION = '22.10.1';

/** An Asterisk that can be started any number of times, each time in a directory of its own. */
export interface AsteriskInstallation {
  version: string;
  /** The program and its first arguments. */
  command: string[];
  /** Where its modules are; absent: where it looks by itself. */
  modules?: string;
  /** Holds `documentation` and `rest-api`, without which Asterisk does not start. */
  data: string;
  /** Holds `<language>/civicline/<prompt>.wav`. */
  sounds: string;
  /** Holds the queue music. */
  music: string;
}

export interface PrepareOptions {
  /** The absolute path of `.civicline`. */
  home: string;
  /** Hears one line per step, and during long ones. */
  log: Log;
}

/** How to run the programs that make sound. */
export interface SoundTools {
  espeak: string[];
  sox: string[];
}

/**
 * Makes sure that Asterisk, prompts and music are there. A second call finds all of it and returns at once. An
 * interrupted one leaves nothing that would pass for finished. Throws with the command that installs what is missing.
 */
export async function prepareAsterisk(options: PrepareOptions): Promise<AsteriskInstallation> {
  const { asterisk, tools } = await providePrograms(options);
  const sounds = await makePrompts({ ...options, tools });
  const music = await makeMusic({ ...options, tools });
  return { ...asterisk, sounds, music };
}

/** Asterisk and the sound programs, from the PATH or unpacked. */
export async function providePrograms({
  home,
  log,
}: PrepareOptions): Promise<{ asterisk: Program; tools: SoundTools }> {
  const directory = join(home, 'asterisk');
  await mkdir(directory, { recursive: true });
  await removeLeftovers(directory);
  const own = await asteriskOnPath(log);
  const missing = [...(own ? [] : ['asterisk']), ...['espeak-ng', 'sox'].filter((name) => !findOnPath(name))];
  const tree = missing.length > 0 ? await provideTree(directory, missing, log) : null;
  const command = (name: string) => (tree && missing.includes(name) ? programInTree(tree, `usr/bin/${name}`) : [name]);
  const espeakData = tree && missing.includes('espeak-ng') ? ['--path', libraryDirectory(tree)] : [];
  const tools = { espeak: [...command('espeak-ng'), ...espeakData], sox: command('sox') };
  return { asterisk: own ?? (await asteriskInTree(tree as string)), tools };
}

type Program = Omit<AsteriskInstallation, 'sounds' | 'music'>;

async function asteriskOnPath(log: Log): Promise<Program | null> {
  const path = findOnPath('asterisk');
  if (!path) return null;
  const version = await versionOf([path]).catch(() => null);
  if (!version || !isAtLeast(version, MINIMUM_VERSION)) {
    log(
      `${path} is ${version ? `version ${version}` : 'of no known version'}; Civicline needs ${MINIMUM_VERSION} or newer.`,
    );
    return null;
  }
  const data = [join(dirname(path), '../share/asterisk'), '/usr/share/asterisk', '/var/lib/asterisk'];
  const found = data.find((directory) => existsSync(join(directory, 'documentation')));
  if (!found) log(`${path} has no documentation directory, which Asterisk needs to start; unpacking another one.`);
  return found ? { version, command: [path], data: found } : null;
}

async function asteriskInTree(tree: string): Promise<Program> {
  const command = programInTree(tree, 'usr/sbin/asterisk');
  return {
    version: await versionOf(command),
    command,
    modules: join(libraryDirectory(tree), 'asterisk', 'modules'),
    data: join(tree, 'usr/share/asterisk'),
  };
}

/** `Asterisk 22.10.1~dfsg+…` → `22.10.1` */
async function versionOf(command: string[]): Promise<string> {
  const [program, ...args] = command as [string, ...string[]];
  const answer = await runCommand(program, [...args, '-V']);
  const version = /(\d+\.\d+\.\d+)/.exec(answer)?.[1];
  if (!version) throw new Error(`ASTERISK_VERSION_UNKNOWN: ${program} -V says: ${answer.trim()}`);
  return version;
}

/** Compares versions of three numbers. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const different = a.findIndex((number, index) => number !== b[index]);
  return different === -1 || (a[different] ?? 0) > (b[different] ?? 0);
}

/** The directory of the unpacked packages, made when it is not there, is of an older plan, or does not run. */
async function provideTree(directory: string, packages: string[], log: Log): Promise<string> {
  const tree = join(directory, 'tree');
  if (await treeServes(tree, packages)) return tree;

  const started = Date.now();
  const part = join(directory, partName());
  log(`Bringing ${packages.join(', ')} from Debian unstable into ${tree} …`);
  try {
    await unpackDebianPackages(packages, { tree: part, scratch: join(part, 'scratch'), log });
    if (packages.includes('asterisk')) await requireVersion(part);
    await writeFile(join(part, 'packages.json'), JSON.stringify(packages));
    await replace(tree, part, packages);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Error(
      `ASTERISK_INSTALLATION_FAILED: ${packages.join(', ')} could not be brought from Debian unstable. Start again once the mirror is reachable, or install Asterisk ${MINIMUM_VERSION} or newer, espeak-ng and sox yourself. ${error.message}`,
    );
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  log(`Unpacked in ${Math.round((Date.now() - started) / 1000)} s.`);
  return tree;
}

async function treeServes(tree: string, packages: string[]): Promise<boolean> {
  const present = await readFile(join(tree, 'packages.json'), 'utf8').then(JSON.parse, () => []);
  if (!packages.every((name) => present.includes(name))) return false;
  if (!packages.includes('asterisk')) return true;
  return requireVersion(tree).then(
    () => true,
    () => false,
  );
}

async function requireVersion(tree: string): Promise<void> {
  const version = await versionOf(programInTree(tree, 'usr/sbin/asterisk'));
  if (isAtLeast(version, MINIMUM_VERSION)) return;
  throw new Error(
    `ASTERISK_TOO_OLD: the mirror's Debian unstable has Asterisk ${version}; ${MINIMUM_VERSION} or newer is needed. Use another mirror in /etc/apt/sources.list.`,
  );
}

/** Puts the finished tree in its place; when another process was faster, its tree is as good. */
async function replace(tree: string, part: string, packages: string[]): Promise<void> {
  if (await treeServes(tree, packages)) return;
  const old = `${part}-old`;
  await rename(tree, old).catch(() => {});
  await rename(part, tree).catch(async (error) => {
    if (!(await treeServes(tree, packages))) throw error;
  });
  await rm(old, { recursive: true, force: true });
}

/** Removes what an interrupted installation left: directories named after processes that are no more. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = makerOf(name);
    if (pid !== null && !isAlive(pid)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
