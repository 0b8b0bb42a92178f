/** Standard Webhooks (standardwebhooks.com), symmetric signatures: `v1,` HMAC-SHA256 over `id.timestamp.payload`. */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** `whsec_` and base64, as the receivers' libraries want it. */
export function makeSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** One signature per secret, so that a receiver may know either. `at`: UTC milliseconds. */
export function signedHeaders(
  event: { id: string; payload: string },
  secrets: readonly string[],
  at: number,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${event.id}.${timestamp}.${event.payload}`).digest('base64')}`;
  });
  return { 'webhook-id': event.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
