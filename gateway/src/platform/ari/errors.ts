export type AriErrorCode =
  /** Asterisk answered with a status of 400 or above. */
  | 'ARI_REQUEST_FAILED'
  /** Not connected, or the connection ended before the answer: the operation may or may not have been carried out. */
  | 'ARI_DISCONNECTED'
  /** No answer in time: the operation may or may not have been carried out. */
  | 'ARI_TIMEOUT'
  /** Asterisk does not accept the user, the password or the user's rights. */
  | 'ARI_REFUSED'
  /** Nothing answers at the URL, or what answers is no ARI. */
  | 'ARI_UNREACHABLE';

/** What can go wrong between gateway and Asterisk. Neither message nor properties repeat what was asked. */
export class AriError extends Error {
  override readonly name = 'AriError';
  readonly code: AriErrorCode;
  /** HTTP status, where Asterisk gave one. */
  readonly status?: number;
  readonly #detail: string;

  constructor(code: AriErrorCode, message: string, answer: { status?: number; detail?: string } = {}) {
    super(message);
    this.code = code;
    if (answer.status !== undefined) this.status = answer.status;
    this.#detail = answer.detail ?? '';
  }

  /** Asterisk's own words. They can repeat the request's values, so they are for a terminal or a test, not for a log. */
  get detail(): string {
    return this.#detail;
  }
}
