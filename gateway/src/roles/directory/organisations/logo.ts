import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Mistake } from '@civicline/settings-file';
import type { OrganisationsFile } from './schemas.ts';

/** An organisation's arms, as the gateway serves them. */
export interface Logo {
  type: 'image/svg+xml' | 'image/png';
  bytes: Buffer;
}

/** Citizens load it by telephone networks. */
const LARGEST_BYTES = 256 * 1024;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Reads every organisation's logo, by organisation id; paths are relative to the organisations file. `refuse` hears of
 * those that cannot be read, are too large, or are neither SVG nor PNG by their content.
 */
export function readLogos(
  { organisations }: OrganisationsFile,
  file: string,
  refuse: (mistakes: Mistake[]) => void,
): ReadonlyMap<string, Logo> {
  const logos = new Map<string, Logo>();
  const mistakes = organisations.flatMap(({ id, appearance }, i): Mistake[] => {
    if (appearance?.logo === undefined) return [];
    const logo = readLogo(resolve(dirname(file), appearance.logo));
    if (typeof logo === 'string') return [{ path: ['organisations', i, 'appearance', 'logo'], message: logo }];
    logos.set(id, logo);
    return [];
  });
  refuse(mistakes);
  return logos;
}

/** The logo, or what is wrong with it. */
function readLogo(path: string): Logo | string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return `cannot be read: ${path}`;
  }
  if (bytes.length > LARGEST_BYTES) return `is larger than ${LARGEST_BYTES / 1024} KiB`;
  if (bytes.subarray(0, PNG.length).equals(PNG)) return { type: 'image/png', bytes };
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(bytes.toString('utf8')))
    return { type: 'image/svg+xml', bytes };
  return 'is neither SVG nor PNG';
}
