/**
 * - `IRMA_UNREACHABLE`: no answer in time, a failure at the server's side, or an answer that is not the IRMA protocol;
 *   trying again makes sense.
 * - `IRMA_REJECTED`: the server refuses the request or this requestor; trying again does not help.
 * - `IRMA_SESSION_UNKNOWN`: the session has been gone for some minutes, or never was.
 * - `IRMA_RESULT_UNTRUSTED`: a result JWT that is not (or no longer) one of this server's.
 */
export type IrmaErrorCode = 'IRMA_UNREACHABLE' | 'IRMA_REJECTED' | 'IRMA_SESSION_UNKNOWN' | 'IRMA_RESULT_UNTRUSTED';

/** Never carries a token, a URL or anything that was disclosed: it may be logged as it is. */
export class IrmaError extends Error {
  readonly code: IrmaErrorCode;

  constructor(code: IrmaErrorCode, message: string) {
    super(message);
    this.name = 'IrmaError';
    this.code = code;
  }
}
