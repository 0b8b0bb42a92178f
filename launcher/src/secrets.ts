import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateSealingKeys } from '@civicline/protocol/sealing';

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
  /** X25519, base64url: opens what senders seal for the SMS channel. */
  smsKey: { keyId: string; privateKey: string };
  /** Of the roles that are processes of their own. */
  roles: Record<'calls' | 'smis' | 'sms', RoleSecrets>;
  /** The key of the demo's sender; null until it was made. */
  senderKey: string | null;
}

export interface RoleSecrets {
  /** 32 bytes, base64. */
  dataKey: string;
  /** Ed25519, both halves 32 bytes in base64url: with it the role proves to others who it is. */
  privateKey: string;
  publicKey: string;
}

/** Reads the installation's secrets and makes those that it lacks, readable by the owner only. */
export async function loadSecrets(file: string): Promise<Secrets> {
  const stored = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // A file that is there and cannot be read must not be replaced: what its keys sealed would be lost.
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const secrets: Secrets = { ...(await newSecrets()), ...(JSON.parse(stored) as Partial<Secrets>) };
  await saveSecrets(file, secrets);
  return secrets;
}

/** Replaces the file at once, so that a crash leaves the old one or the new one. */
export async function saveSecrets(file: string, secrets: Secrets): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function newSecrets(): Promise<Secrets> {
  const { keyId, privateKey } = await generateSealingKeys();
  return {
    dataKey: randomBytes(32).toString('base64'),
    sessionKey: randomBytes(32).toString('base64'),
    ariPassword: randomBytes(24).toString('base64url'),
    oidcClientSecret: randomBytes(24).toString('base64url'),
    exchangeKey: randomBytes(24).toString('base64url'),
    smsKey: { keyId, privateKey },
    roles: { calls: newRoleSecrets(), smis: newRoleSecrets(), sms: newRoleSecrets() },
    senderKey: null,
  };
}

function newRoleSecrets(): RoleSecrets {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { dataKey: randomBytes(32).toString('base64'), privateKey: d, publicKey: x };
}
