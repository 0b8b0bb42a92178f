/** A call as the user of a phone sees it; how it works is in `call.ts`. */
import type { Sound } from './audio.ts';
import type { DigitTiming } from './dtmf.ts';
import type { Ear } from './ear.ts';

export type PhoneCallState = 'calling' | 'ringing' | 'answered' | 'ended';

/** How a call ended, from this phone's side. */
export interface CallEnd {
  how: /** This phone hung up an answered call. */
    | 'hung-up'
    /** The other side did. */
    | 'peer-hung-up'
    /** Called off before it was answered, by whoever called. */
    | 'cancelled'
    /** Answered with a failure, by whoever was called: see `status`. */
    | 'rejected'
    /** Nobody answered within this phone's patience. */
    | 'not-answered'
    /** The INVITE itself was never answered. */
    | 'unreachable'
    /** The other side of an answered call does not react any more. */
    | 'peer-lost'
    /** The two have no way of speaking in common. */
    | 'no-common-audio';
  /** The SIP status of the failure. */
  status?: number;
  /** The Q.850 cause that the other side gave (RFC 3326). */
  cause?: number;
}

/** When what happened, in milliseconds of `performance.now()`. */
export interface CallTimes {
  started: number;
  ringing?: number;
  answered?: number;
  firstDigit?: number;
  lastDigit?: number;
  ended?: number;
}

export interface DigitOptions extends DigitTiming {
  /** RFC 4733 in the audio stream, or SIP INFO beside it; default rtp. */
  by?: 'rtp' | 'info';
}

export interface PhoneCall {
  /** The SIP Call-ID. */
  readonly id: string;
  /** Who is at the other end: the dialled number, or the calling number that was shown. */
  readonly peer: string;
  readonly state: PhoneCallState;
  readonly times: Readonly<CallTimes>;
  /** What comes in. */
  readonly ear: Ear;
  /** Rejects with `PHONE_CALL_ENDED` when the call ends unanswered. */
  readonly answered: Promise<void>;
  readonly ended: Promise<CallEnd>;
  play(sound: Sound): void;
  /** Keys digits; ends when the last tone did. Rejects with `PHONE_CALL_ENDED`. */
  sendDigits(digits: string, options: DigitOptions): Promise<void>;
  /** Ends the call in whatever state it is; safe to repeat. */
  hangUp(): Promise<CallEnd>;
}
