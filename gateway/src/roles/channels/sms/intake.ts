import { type SealedPart, type SmsContent, smsContentSchema } from '@civicline/protocol';
import { openPartSync, SealingError, type SealingPrivateKey } from '@civicline/protocol/sealing/node';

export type Opened = { content: SmsContent } | { reason: string };

/** What a sealed part holds, or the stable code of why it cannot be sent. */
export function openSms(keys: readonly SealingPrivateKey[], part: SealedPart): Opened {
  try {
    return check(openPartSync('sms', keys, part));
  } catch (error) {
    if (error instanceof SealingError) return { reason: error.code };
    throw error;
  }
}

function check(value: unknown): Opened {
  const parsed = smsContentSchema.safeParse(value);
  if (parsed.success) return { content: parsed.data };
  const isNumber = parsed.error.issues.some(({ path: [field] }) => field === 'to');
  return { reason: isNumber ? 'NUMBER_INVALID' : 'CONTENT_INVALID' };
}
