import { randomUUID } from 'node:crypto';
import {
  type BatchAnswer,
  batchAnswerSchema,
  type ChannelName,
  type MessageInput,
  type MessageView,
  messageListSchema,
  messageViewSchema,
  type SealedPart,
} from '@civicline/protocol';
import { wait } from '@civicline/protocol/run';
import { SealingError, type SealingPublicKey, sealPart } from '@civicline/protocol/sealing';
import { isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import type { AccessTokens } from './access.ts';
import type { CountryCode } from './addresses.ts';
import { type ManyAnswer, type SealedMessage, submitMany, UNKNOWN_KEY } from './batches.ts';
import { createChannelKeys } from './channel-keys.ts';
import { mistaken, SenderError } from './errors.ts';
import { type EventPage, eventPages, followMessage } from './feed.ts';
import { channelsOf, checkMessage, type OutgoingMessage, type SmsSize } from './message.ts';
import { createSmisClient } from './smis-client.ts';

export type SenderOptions = {
  /** SMIS's address, such as `https://smis.example.be`. */
  url: string;
  /** Country of numbers that are written without country code, such as `BE`; absent: they are refused. */
  country?: CountryCode;
  fetch?: typeof fetch;
  /** For tests of time. */
  clock?: { now(): number; wait: typeof wait };
} & ({ key: string } | { accessToken: AccessTokens });

/** What SMIS accepted, and what it will cost if it goes as SMS. */
export type AcceptedMessage = MessageView & { sms?: SmsSize };

export interface Trying {
  signal?: AbortSignal;
  /** How long to go on when SMIS does not answer or asks to wait, milliseconds; 60,000 if absent. */
  patienceMs?: number;
}

export interface Sender {
  /**
   * Checks, seals and submits one message; resolves when SMIS has stored it. Throws SenderError.
   * `idempotencyKey`: SMIS accepts one message per key. A second call with the same key within 24 hours gives the first
   * answer: what it seals anew SMIS cannot open, and so cannot compare. What SMIS can tell is another message throws
   * IDEMPOTENCY_KEY_REUSED; so does a repeat after the channel's key has changed. Nothing is sent twice. To repeat a
   * message across a restart, better keep what {@link Sender.seal} gave and {@link Sender.submit} that.
   */
  send(message: OutgoingMessage, options?: Trying & { idempotencyKey?: string }): Promise<AcceptedMessage>;
  /**
   * Any number of messages, with one answer for each, in order; memory stays flat. The source must not wait for answers.
   * A message that is refused has a `problem`. An error of the whole is thrown; messages without an answer by then may
   * or may not have been accepted.
   */
  sendMany(
    messages: AsyncIterable<OutgoingMessage> | Iterable<OutgoingMessage>,
    options?: Trying,
  ): AsyncGenerator<ManyAnswer>;
  /** The message as SMIS will get it: only its channel can open it, so it may be stored anywhere until it is submitted. */
  seal(message: OutgoingMessage): Promise<SealedMessage>;
  /** Submits a sealed message. Repeated with the same key and message within 24 hours, it gives the first answer. */
  submit(input: MessageInput, idempotencyKey: string, options?: Trying): Promise<MessageView>;
  /** Submits up to 10,000 sealed messages; the same holds. One answer each, in order. */
  submitBatch(inputs: readonly MessageInput[], idempotencyKey: string, options?: Trying): Promise<BatchAnswer[]>;
  /** Throws SenderError with status 404 when this sender has no such message. */
  message(id: string): Promise<MessageView>;
  /** All messages with that reference. */
  find(filter: { reference: string }): AsyncGenerator<MessageView>;
  /** Withdraws what has not been handed over yet; resolves with the message as it stands. */
  cancel(id: string, options?: Trying): Promise<MessageView>;
  /** See {@link eventPages}. */
  events(options?: { after?: string | undefined; signal?: AbortSignal }): AsyncGenerator<EventPage>;
  /** The message whenever it has changed, from as it is now to its end. */
  follow(id: string, options?: { signal?: AbortSignal }): AsyncGenerator<MessageView>;
  /** The channels' keys are looked up when needed; this does it at once. */
  refreshKeys(): Promise<void>;
}

/**
 * A government application's way to SMIS. Opens nothing until it is used, and needs no closing. Throws SenderError
 * COUNTRY_UNKNOWN.
 */
export function createSender(options: SenderOptions): Sender {
  if (options.country !== undefined && !isSupportedCountry(options.country)) {
    throw mistaken([{ path: '/country', code: 'COUNTRY_UNKNOWN', message: 'is not an ISO 3166 code such as BE' }]);
  }
  const { now, wait: pause } = options.clock ?? { now: Date.now, wait };
  const accessToken = 'key' in options ? async () => options.key : options.accessToken;
  const smis = createSmisClient({ url: options.url, accessToken, fetch: options.fetch ?? fetch, now, wait: pause });
  const keys = createChannelKeys(smis, now);

  async function seal(message: OutgoingMessage): Promise<SealedMessage> {
    const checked = checkMessage(message, options.country);
    const parts: MessageInput['parts'] = {};
    for (const channel of channelsOf(checked)) {
      parts[channel] = await sealed(channel, await keys.keyOf(channel), checked.contents[channel]);
    }
    return { input: { ...checked.envelope, parts } as MessageInput, ...(checked.sms && { sms: checked.sms }) };
  }

  const submit: Sender['submit'] = (input, idempotencyKey, trying) => {
    const body = { type: 'application/json', text: JSON.stringify(input) } as const;
    return smis.call({ method: 'POST', path: '/v1/messages', body, idempotencyKey, ...trying }, messageViewSchema);
  };

  const submitBatch: Sender['submitBatch'] = async (inputs, idempotencyKey, trying) => {
    const text = inputs.map((input) => `${JSON.stringify(input)}\n`).join('');
    const body = { type: 'application/x-ndjson', text } as const;
    const request = { method: 'POST', path: '/v1/messages/batch', body, idempotencyKey, ...trying } as const;
    const answers = await smis.call(request, z.array(batchAnswerSchema));
    if (answers.length === inputs.length) return answers;
    throw new SenderError('ANSWER_MALFORMED', 'SMIS answered for another number of messages than it got.');
  };

  return {
    seal,
    submit,
    submitBatch,
    refreshKeys: keys.refresh,

    async send(message, { idempotencyKey = randomUUID(), ...trying } = {}) {
      const sealed = await seal(message);
      const view = await submit(sealed.input, idempotencyKey, trying).catch(async (error: unknown) => {
        if (!(error instanceof SenderError) || error.code !== UNKNOWN_KEY) throw error;
        await keys.refresh();
        return submit((await seal(message)).input, idempotencyKey, trying);
      });
      return { ...view, ...(sealed.sms && { sms: sealed.sms }) };
    },

    sendMany: (messages, trying) =>
      submitMany(messages, {
        seal,
        submit: (batch) => submitBatch(batch, randomUUID(), trying),
        refreshKeys: keys.refresh,
      }),

    message: (id) => smis.call({ method: 'GET', path: messagePath(id) }, messageViewSchema),

    async *find({ reference }) {
      let after: string | null = null;
      do {
        const query: URLSearchParams = new URLSearchParams({ reference, ...(after !== null && { after }) });
        const page = await smis.call({ method: 'GET', path: `/v1/messages?${query}` }, messageListSchema);
        yield* page.messages;
        after = page.next;
      } while (after !== null);
    },

    cancel: (id, trying) =>
      smis.call({ method: 'POST', path: `${messagePath(id)}/cancel`, ...trying }, messageViewSchema),

    events: ({ after, signal } = {}) => eventPages({ smis, wait: pause, after, signal }),
    follow: (id, { signal } = {}) => followMessage({ smis, wait: pause, id, signal }),
  };
}

async function sealed(channel: ChannelName, key: SealingPublicKey, content: unknown): Promise<SealedPart> {
  try {
    return await sealPart(channel, key, content);
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    if (error.code === 'SEALING_CONTENT_TOO_LARGE') {
      throw mistaken([{ path: '/text', code: 'TEXT_TOO_LONG', message: 'is too long to be sealed' }]);
    }
    throw new SenderError('CHANNEL_UNAVAILABLE', `The key that SMIS gives for ${channel} is none.`, { cause: error });
  }
}

function messagePath(id: string): string {
  return `/v1/messages/${encodeURIComponent(id)}`;
}
