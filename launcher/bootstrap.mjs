// First step of every npm script: makes sure that the npm packages are there, then runs a TypeScript file.
// Plain JavaScript on purpose: it must work in a clone in which nothing has been installed yet.
//
//   node launcher/bootstrap.mjs [--quiet] FILE.ts [ARGUMENT …]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';

const root = resolve(import.meta.dirname, '..');
const [major, minor] = process.versions.node.split('.').map(Number);
// docs/decisions/0015-node-20-and-22.md says what newer ones do.
if (major < 20 || (major === 20 && minor < 19) || major > 22) {
  console.error(`Civicline needs Node.js 20 (20.19 or newer) or 22; this is ${process.versions.node}.`);
  process.exit(1);
}

const args = process.argv.slice(2);
const quiet = args[0] === '--quiet';
if (quiet) args.shift();

installPackages();
run(args);

/** Runs `npm ci` when a package that the lock file names is not there in that version, or not for this Node.js. */
function installPackages() {
  if (everythingIsInstalled() && driverLoads()) return;
  console.error('Installing the npm packages; the database driver is compiled, which takes a minute or two …');
  const started = Date.now();
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', quiet ? 'ignore' : 2, 2],
    env: { ...process.env, ...localNodeHeaders() },
  });
  if (npm.status !== 0) {
    console.error('npm ci failed. It needs the npm registry and a C++ compiler: sudo apt-get install g++ make python3');
    process.exit(1);
  }
  console.error(`npm packages installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

function everythingIsInstalled() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).every(
    // Optional ones are mostly other platforms'; links are the workspaces.
    ([path, { version, optional, link }]) =>
      !path.startsWith('node_modules/') || optional || link || installedVersion(path) === version,
  );
}

/** What is compiled was compiled for one major version of Node.js. */
function driverLoads() {
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

function installedVersion(path) {
  try {
    return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).version;
  } catch {
    return null;
  }
}

/** Node's own headers when they lie beside it, so that node-gyp need not download them. */
function localNodeHeaders() {
  const prefix = resolve(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_package_config_node_gyp_nodedir: prefix } : {};
}

/** Runs the file under tsx in a child of its own; signals reach it, and its end is ours. */
function run([file, ...rest]) {
  const child = spawn(process.execPath, ['--import', 'tsx', resolve(root, file), ...rest], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
