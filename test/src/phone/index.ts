export { type AgentPhone, type AgentPhoneOptions, type Behaviour, startAgentPhone } from './agent-phone.ts';
export type { Sound } from './audio.ts';
export {
  type Caller,
  type CallerOptions,
  createCaller,
  type KeyedDigits,
  type OutgoingCall,
  parseTelUrl,
} from './caller.ts';
export type { Credentials } from './digest.ts';
export type { DigitTiming } from './dtmf.ts';
export type { Ear } from './ear.ts';
export { PhoneError, type PhoneErrorCode } from './errors.ts';
export { KEY_PATTERNS, TELLING_CODES } from './key-patterns.ts';
export type { CallEnd, CallTimes, DigitOptions, PhoneCall, PhoneCallState } from './phone-call.ts';
export type { Header } from './sip-message.ts';
export { type Peer, type SipTiming, STANDARD_TIMING } from './transaction.ts';
export { openUserAgent, type UserAgent, type UserAgentOptions } from './user-agent.ts';
