import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The keys of one installation. They outlive restarts: what was sealed with them must stay readable. */
export interface Secrets {
  /** 32 bytes, base64: seals attributes and codes in the database. */
  dataKey: string;
  /** 32 bytes, base64: protects the agents' sign-in cookies. */
  sessionKey: string;
  ariPassword: string;
  oidcClientSecret: string;
  /** API key of the demo's "other exchange". */
  exchangeKey: string;
}

/** Reads the installation's secrets, or makes them at the first start, readable by the owner only. */
export async function loadSecrets(file: string): Promise<Secrets> {
  const stored = await readFile(file, 'utf8').catch(() => null);
  if (stored) return JSON.parse(stored) as Secrets;
  const secrets: Secrets = {
    dataKey: randomBytes(32).toString('base64'),
    sessionKey: randomBytes(32).toString('base64'),
    ariPassword: randomBytes(24).toString('base64url'),
    oidcClientSecret: randomBytes(24).toString('base64url'),
    exchangeKey: randomBytes(24).toString('base64url'),
  };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return secrets;
}
