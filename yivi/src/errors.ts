/** What can go wrong while the Yivi server is installed or started; `message` says what to do about it. */
export type YiviErrorCode =
  | 'GO_UNAVAILABLE'
  | 'YIVI_BUILD_FAILED'
  | 'YIVI_SCHEME_FAILED'
  | 'YIVI_PORT_IN_USE'
  | 'YIVI_START_FAILED';

export class YiviError extends Error {
  readonly code: YiviErrorCode;

  constructor(code: YiviErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'YiviError';
    this.code = code;
  }
}
