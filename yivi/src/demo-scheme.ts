/**
 * The IRMA scheme `civicline-demo`: its texts are in `yivi/demo-scheme/`, its keys are made here, once per machine.
 *
 * Rules of irmago that the texts keep (https://docs.yivi.app/schemes): the folder is named after the scheme, every
 * credential's name begins with "Demo " in every language, issuers and credentials have a logo, and the scheme's
 * private key stays outside of the signed folder.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { runCommand } from './command.ts';
import { createOnce } from './create-once.ts';
import { YiviError } from './errors.ts';
import { type Log, withProgress } from './progress.ts';

export const DEMO_SCHEME = 'civicline-demo';
const DEFINITION = resolve(import.meta.dirname, '../demo-scheme');
/** Large enough for a demonstration; 2048 bits take minutes to generate. */
const ISSUER_KEY_BITS = '1024';
/** More than the secret key, the metadata and the attributes of the largest credential. */
const ISSUER_KEY_ATTRIBUTES = '10';

/**
 * Makes the demo scheme under `home` unless it is there for these same texts.
 * @returns the folder that holds the scheme's folder: what an IRMA server or client calls its schemes assets path
 */
export async function prepareDemoScheme(options: { home: string; binary: string; log: Log }): Promise<string> {
  const { home, binary, log } = options;
  const files = (await readdir(DEFINITION, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const target = join(home, 'irma', `demo-scheme-${await hashOf(files)}`);
  await createOnce(target, (path) =>
    withProgress(log, 'Making the demo IRMA scheme and its keys', () => makeScheme(binary, path, files)),
  );
  return join(target, 'schemes');
}

async function hashOf(files: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(DEFINITION.length)).update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}

async function makeScheme(binary: string, folder: string, files: string[]): Promise<void> {
  const schemes = join(folder, 'schemes');
  const scheme = join(schemes, DEMO_SCHEME);
  const keys = join(folder, 'scheme-keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await cp(join(DEFINITION, DEMO_SCHEME), scheme, { recursive: true });
  const described = files
    .filter((file) => file.endsWith('description.xml'))
    .map((file) => dirname(file).slice(join(DEFINITION, DEMO_SCHEME).length))
    .filter((path) => path !== '');
  for (const path of described) await cp(join(DEFINITION, 'logo.png'), join(scheme, path, 'logo.png'));

  // The program makes folders in the home of whoever runs it.
  const home = join(folder, 'home');
  const irma = (...args: string[]) => runCommand(binary, ['irma', ...args], { env: { ...process.env, HOME: home } });
  try {
    for (const issuer of described.filter((path) => !path.includes('Issues'))) {
      const size = ['--keylength', ISSUER_KEY_BITS, '--numattributes', ISSUER_KEY_ATTRIBUTES];
      await irma('issuer', 'keygen', ...size, '--valid-for', '10y', join(scheme, issuer));
    }
    const key = join(keys, 'sk.pem');
    await irma('scheme', 'keygen', '--privatekey', key, '--publickey', join(keys, 'pk.pem'));
    await irma('scheme', 'sign', key, scheme);
    await irma('scheme', 'verify', schemes);
    await rm(home, { recursive: true, force: true });
  } catch (error) {
    throw new YiviError('YIVI_SCHEME_FAILED', `The demo IRMA scheme could not be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
