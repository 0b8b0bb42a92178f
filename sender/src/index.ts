/** For government applications: checks, seals and sends messages through SMIS, and tells what became of them. */
export type { MessageInput, MessageView, SmisEvent } from '@civicline/protocol';
export { type AccessTokens, type ClientCredentials, clientCredentials } from './access.ts';
export { addressesOf, type CountryCode, normalisePhone } from './addresses.ts';
export type { ManyAnswer, SealedMessage } from './batches.ts';
export { type Mistake, SenderError } from './errors.ts';
export { type EventPage, isOver } from './feed.ts';
export { checkMessage, type OutgoingMessage, type SmsSize, sizeOfSms } from './message.ts';
export { type AcceptedMessage, createSender, type Sender, type SenderOptions, type Trying } from './sender.ts';
