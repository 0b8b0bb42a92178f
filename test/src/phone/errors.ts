export type PhoneErrorCode =
  /** A datagram that is no SIP message. */
  | 'SIP_MALFORMED'
  /** A session description without audio that this phone can play. */
  | 'SDP_NOT_ACCEPTABLE'
  /** The call ended before what was waited for happened. */
  | 'PHONE_CALL_ENDED'
  /** The server refused the registration, or does not answer. */
  | 'PHONE_NOT_REGISTERED'
  /** The other end of an answered call does not answer any more. */
  | 'PHONE_PEER_LOST'
  /** What should have been heard was not heard in time. */
  | 'PHONE_NOT_HEARD'
  /** No call arrived in time. */
  | 'PHONE_NOT_CALLED';

/** What goes wrong on a phone, with a stable code and, where the peer gave one, its SIP status. */
export class PhoneError extends Error {
  readonly code: PhoneErrorCode;
  readonly status: number | undefined;

  constructor(code: PhoneErrorCode, message: string, status?: number) {
    super(message);
    this.name = 'PhoneError';
    this.code = code;
    this.status = status;
  }
}
