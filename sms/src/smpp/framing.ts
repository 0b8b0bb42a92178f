import { HEADER_LENGTH, MAX_LENGTH } from './codec.ts';

/**
 * Cuts what a connection brings into PDUs by their command_length. `push` calls `onFrame` for every whole one, until that
 * returns false, and returns false itself once a length cannot be: after that nothing on the connection can be trusted.
 */
export function createFraming(onFrame: (frame: Buffer) => boolean): { push(chunk: Buffer): boolean } {
  let rest: Buffer = Buffer.alloc(0);

  function push(chunk: Buffer): boolean {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (buffer.length - at >= 4) {
      const length = buffer.readUInt32BE(at);
      if (length < HEADER_LENGTH || length > MAX_LENGTH) return false;
      if (buffer.length - at < length) break;
      const goOn = onFrame(buffer.subarray(at, at + length));
      at += length;
      if (!goOn) break;
    }
    rest = buffer.subarray(at);
    return true;
  }

  return { push };
}
