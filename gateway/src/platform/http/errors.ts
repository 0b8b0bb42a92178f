import type { Problem } from '@civicline/protocol';
import { StorageError, type StorageErrorCode } from '../storage/index.ts';

/** An error that a client is to see: mapped once, here, to problem+json (RFC 9457). */
export class AppError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** Stable, for programs, such as `CALL_REQUEST_UNKNOWN`. */
  readonly code: string;
  readonly detail: string | undefined;
  readonly errors: Problem['errors'];

  /** `title` is the same for every occurrence of `code`; `detail` says what is special about this one. */
  constructor(status: number, code: string, title: string, more: { detail?: string; errors?: Problem['errors'] } = {}) {
    super(title);
    this.name = 'AppError';
    this.status = status;
    this.code = code;
    this.detail = more.detail;
    this.errors = more.errors;
  }
}

/** The answer for an error. What is not an {@link AppError} is our own fault, and its text stays inside. */
export function problemOf(error: unknown): Problem {
  const { status, code, message, detail, errors } = asAppError(error);
  return {
    type: 'about:blank',
    title: message,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
}

const INTERNAL = new AppError(500, 'INTERNAL', 'Something went wrong in the gateway. It has been logged.');

/** What passes: the same request may be repeated. */
const PASSING = new Set<string>([
  'STORAGE_UNAVAILABLE',
  'STORAGE_FULL',
  'STORAGE_CONFLICT',
] satisfies StorageErrorCode[]);

/** Express's own middleware marks a client's mistake by `expose` and `type`. */
const BODY_ERRORS: Record<string, AppError> = {
  'entity.parse.failed': new AppError(400, 'JSON_MALFORMED', 'The body is not JSON.'),
  'entity.too.large': new AppError(413, 'BODY_TOO_LARGE', 'The body is too large.'),
  'encoding.unsupported': new AppError(415, 'ENCODING_UNSUPPORTED', 'The body has an encoding that is not supported.'),
  'charset.unsupported': new AppError(415, 'CHARSET_UNSUPPORTED', 'The body has a charset that is not supported.'),
};

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { type, status, expose } = Object(error) as { type?: unknown; status?: unknown; expose?: unknown };
  if (typeof type === 'string' && BODY_ERRORS[type]) return BODY_ERRORS[type];
  if (error instanceof StorageError && PASSING.has(error.code)) {
    return new AppError(503, error.code, 'The database cannot take this now. Repeat the request in a moment.');
  }
  if (error instanceof URIError)
    return new AppError(400, 'PATH_MALFORMED', 'The path or the query is not well-formed.');
  if (expose === true && typeof status === 'number' && status < 500) {
    return new AppError(status, 'REQUEST_REFUSED', 'The request could not be read.');
  }
  return INTERNAL;
}
