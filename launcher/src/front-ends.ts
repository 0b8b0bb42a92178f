import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const FRONT_ENDS = ['agent-console', 'web-widget', 'api-page'];

/** Builds each front end whose sources changed since its last build. `log` hears one line per build. */
export async function buildFrontEnds(root: string, log: (line: string) => void): Promise<void> {
  for (const name of FRONT_ENDS) await buildFrontEnd(root, name, log);
}

async function buildFrontEnd(root: string, name: string, log: (line: string) => void): Promise<void> {
  const folder = join(root, name);
  const stampFile = join(root, '.civicline', 'built', name);
  const digest = await sourceDigest(root, name);
  const stamp = await readFile(stampFile, 'utf8').catch(() => '');
  if (stamp === digest && existsSync(join(folder, 'dist'))) return;
  log(`Building ${name} …`);
  await runNpm(root, ['run', 'build', '--workspace', name, '--silent']);
  await mkdir(join(root, '.civicline', 'built'), { recursive: true });
  await writeFile(stampFile, digest);
}

/** Changes whenever a file that goes into the build does. */
async function sourceDigest(root: string, name: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [
    ...(await filesBelow(root, name)),
    ...(await filesBelow(root, 'protocol')),
    ...(await filesBelow(root, 'sms/src/text')),
    'package-lock.json',
  ]) {
    hash.update(file).update(await readFile(join(root, file)));
  }
  return hash.digest('hex');
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(dist|node_modules)\//.test(file))
    .sort();
}

function runNpm(cwd: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`LAUNCHER_BUILD_FAILED: npm ${args.join(' ')} ended with ${code}.`)),
    );
  });
}
