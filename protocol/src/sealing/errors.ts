/**
 * What can be wrong with a sealed part or a key; no message repeats key, content or address.
 *
 * - `SEALED_PART_MALFORMED`: it cannot have been made by sealing: not base64url, too short, or it holds no JSON.
 * - `SEALED_PART_UNKNOWN_KEY`: it was sealed for a key that is not there.
 * - `SEALED_PART_BROKEN`: it was changed, or sealed for another key or another channel.
 * - `SEALING_CONTENT_TOO_LARGE`: the content is longer than a sealed part can be.
 * - `SEALING_KEY_INVALID`: a key is not 32 bytes in base64url, or no X25519 key.
 */
export class SealingError extends Error {
  readonly code: keyof typeof TITLES;

  constructor(code: keyof typeof TITLES, cause?: unknown) {
    super(TITLES[code], cause === undefined ? undefined : { cause });
    this.name = 'SealingError';
    this.code = code;
  }
}

const TITLES = {
  SEALED_PART_MALFORMED: 'This is not a sealed part.',
  SEALED_PART_UNKNOWN_KEY: 'The part was sealed for a key that is not known here.',
  SEALED_PART_BROKEN: 'The sealed part was changed, or belongs to another key or channel.',
  SEALING_CONTENT_TOO_LARGE: 'The content is longer than a sealed part can be.',
  SEALING_KEY_INVALID: 'A sealing key must be an X25519 key: 32 bytes in base64url.',
};
