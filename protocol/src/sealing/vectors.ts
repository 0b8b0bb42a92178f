/** RFC 9180's own test vectors for our suite, as bytes; for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Vectors<Value> {
  setup: Record<
    | 'info'
    | 'pkEm'
    | 'skEm'
    | 'pkRm'
    | 'skRm'
    | 'enc'
    | 'sharedSecret'
    | 'keyScheduleContext'
    | 'secret'
    | 'key'
    | 'baseNonce',
    Value
  >;
  encryptions: ({ sequence: number } & Record<'pt' | 'aad' | 'nonce' | 'ct', Value>)[];
}

type Bytes = Uint8Array<ArrayBuffer>;

const text = readFileSync(join(import.meta.dirname, 'rfc9180-a1-base.json'), 'utf8');

export const { setup, encryptions } = JSON.parse(text, (name, value: unknown) =>
  typeof value === 'string' && name !== 'source' ? Uint8Array.from(Buffer.from(value, 'hex')) : value,
) as Vectors<Bytes>;
