/** `@civicline/protocol/sealing` on Node: the promises of the browser's API, over the synchronous backend. */
import type { ChannelName, SealedPart } from '../messages.ts';
import { generateSealingKeysSync, openPartSync, sealPartSync } from './node.ts';
import type { SealingKeys, SealingPrivateKey, SealingPublicKey } from './part.ts';

export { SealingError } from './errors.ts';
export { CONTENT_LIMIT, type SealingKeys, type SealingPrivateKey, type SealingPublicKey } from './part.ts';

/** See {@link generateSealingKeysSync}. */
export async function generateSealingKeys(): Promise<SealingKeys> {
  return generateSealingKeysSync();
}

/** See {@link sealPartSync}. */
export async function sealPart(
  channel: ChannelName,
  publicKey: SealingPublicKey,
  content: unknown,
): Promise<SealedPart> {
  return sealPartSync(channel, publicKey, content);
}

/** See {@link openPartSync}. */
export async function openPart(
  channel: ChannelName,
  keys: readonly SealingPrivateKey[],
  part: SealedPart,
): Promise<unknown> {
  return openPartSync(channel, keys, part);
}
