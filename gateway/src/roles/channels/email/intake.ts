import { type EmailContent, emailContentSchema, type SealedPart } from '@civicline/protocol';
import { openPartSync, SealingError, type SealingPrivateKey } from '@civicline/protocol/sealing/node';

export type Opened = { content: EmailContent } | { reason: string };

/** What a sealed part holds, or the stable code of why it cannot be sent. */
export function openEmail(keys: readonly SealingPrivateKey[], part: SealedPart): Opened {
  try {
    return check(openPartSync('email', keys, part));
  } catch (error) {
    if (error instanceof SealingError) return { reason: error.code };
    throw error;
  }
}

function check(value: unknown): Opened {
  const parsed = emailContentSchema.safeParse(value);
  if (parsed.success) return { content: parsed.data };
  const isAddress = parsed.error.issues.some(({ path: [field] }) => field === 'to');
  return { reason: isAddress ? 'ADDRESS_INVALID' : 'CONTENT_INVALID' };
}
