import type { Problem } from '@civicline/protocol';

/** What is wrong with one field of an input: never the value itself, which may be a number or an address. */
export interface Mistake {
  /** JSON Pointer (RFC 6901), such as `/to/phone`. */
  path: string;
  /** Stable code, such as `NUMBER_INVALID`. */
  code: string;
  message: string;
}

/**
 * Whatever keeps a message from being accepted, with a stable code:
 *
 *   NUMBER_INVALID, EMAIL_INVALID, SENDER_INVALID, TEXT_EMPTY, INPUT_INVALID …   the message; `errors` says where
 *   CHANNEL_UNAVAILABLE         SMIS does not offer a channel that the message needs
 *   SMIS_UNREACHABLE            no answer in time; whether SMIS has the message is not known, so repeat with the same
 *                               idempotency key
 *   ANSWER_MALFORMED            what answered is not SMIS
 *   REFUSED                     refused with `status`, but not in SMIS's words: by a proxy, perhaps
 *   any other                   SMIS's own code, with `status` and, for 429 and 503, `retryAfterSeconds`
 */
export class SenderError extends Error {
  readonly code: string;
  /** HTTP status of SMIS's answer. */
  readonly status: number | undefined;
  readonly errors: readonly { path: string; message: string; code?: string }[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    message: string,
    more: { status?: number; errors?: SenderError['errors']; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SenderError';
    this.code = code;
    this.status = more.status;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** All that is wrong with one message; the first mistake gives the code. */
export function mistaken(mistakes: readonly [Mistake, ...Mistake[]]): SenderError {
  const text = mistakes.map(({ path, message }) => `${path || 'message'} ${message}`).join('; ');
  return new SenderError(mistakes[0].code, text, { errors: mistakes });
}

/** In the form in which SMIS tells of a refused message, so that a batch has one kind of refusal. */
export function problemOf(error: SenderError): Problem {
  return {
    type: 'about:blank',
    title: error.message,
    status: error.status ?? 400,
    code: error.code,
    ...(error.errors.length > 0 && { errors: error.errors.map(({ path, message }) => ({ path, message })) }),
  };
}
