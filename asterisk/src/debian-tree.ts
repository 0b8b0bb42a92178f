import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a program inside an unpacked tree of Debian packages is run beside the machine's own libraries: by the tree's
 * loader, which looks into the tree only.
 *
 *   programInTree('/tree', 'usr/sbin/asterisk') → ['/tree/usr/lib/…/ld-linux-x86-64.so.2', '--library-path', …, '/tree/usr/sbin/asterisk']
 */
export function programInTree(tree: string, program: string): string[] {
  const libraries = libraryDirectory(tree);
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (!loader) throw new Error(`ASTERISK_TREE_BROKEN: ${libraries} has no loader`);
  const path = [libraries, join(libraries, 'asterisk'), join(libraries, 'pulseaudio')].join(':');
  return [join(libraries, loader), '--inhibit-cache', '--library-path', path, join(tree, program)];
}

/** `usr/lib/x86_64-linux-gnu`, or what it is called on this machine's architecture. */
export function libraryDirectory(tree: string): string {
  const parent = join(tree, 'usr', 'lib');
  const name = existsSync(parent) && readdirSync(parent).find((entry) => /-linux-gnu\w*$/.test(entry));
  if (!name) throw new Error(`ASTERISK_TREE_BROKEN: ${parent} has no library directory`);
  return join(parent, name);
}
