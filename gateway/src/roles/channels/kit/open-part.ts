import type { ChannelName, SealedPart } from '@civicline/protocol';
import { openPartSync, SealingError, type SealingPrivateKey } from '@civicline/protocol/sealing/node';
import type { z } from 'zod';

/** What a sealed part holds, or the stable code of why it cannot be sent. */
export type Opened<Content> = { content: Content } | { reason: string };

/** How a channel opens the parts that are sealed for it. `addressInvalid`: the code for what stands in `to`. */
export function createPartOpener<Content>(
  channel: ChannelName,
  { schema, addressInvalid }: { schema: z.ZodType<Content>; addressInvalid: string },
): (keys: readonly SealingPrivateKey[], part: SealedPart) => Opened<Content> {
  function check(value: unknown): Opened<Content> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { content: parsed.data };
    const isAddress = parsed.error.issues.some(({ path: [field] }) => field === 'to');
    return { reason: isAddress ? addressInvalid : 'CONTENT_INVALID' };
  }

  return (keys, part) => {
    try {
      return check(openPartSync(channel, keys, part));
    } catch (error) {
      if (error instanceof SealingError) return { reason: error.code };
      throw error;
    }
  };
}
