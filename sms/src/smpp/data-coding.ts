/** In which alphabet a text of a given data_coding is written. */
import { decodeGsm, decodeUcs2 } from '../text/index.ts';

export type Alphabet = 'gsm' | 'latin1' | 'ucs2' | 'binary';

/** SMPP 3.4 §5.2.19 has values of its own below this; above it, carriers write the phone's own scheme. */
const FIRST_OF_GSM = 0x10;

export function alphabetOf(dataCoding: number): Alphabet {
  return dataCoding < FIRST_OF_GSM ? alphabetOfSmpp(dataCoding) : alphabetOfGsm(dataCoding);
}

/** null: the octets are no text. */
export function decodeText(octets: Buffer, dataCoding: number): string | null {
  switch (alphabetOf(dataCoding)) {
    case 'gsm':
      return decodeGsm(octets);
    case 'ucs2':
      return decodeUcs2(octets);
    case 'latin1':
      return octets.toString('latin1');
    default:
      return null;
  }
}

/** Alphabets that are not listed are read as Latin-1, of which ASCII is a part. */
function alphabetOfSmpp(dataCoding: number): Alphabet {
  if (dataCoding === 0x00) return 'gsm';
  if (dataCoding === 0x02 || dataCoding === 0x04) return 'binary';
  return dataCoding === 0x08 ? 'ucs2' : 'latin1';
}

/** 3GPP TS 23.038 §4; reserved codings are the default alphabet, as it demands. */
function alphabetOfGsm(dataCoding: number): Alphabet {
  const group = dataCoding >> 4;
  if (group === 0xf) return dataCoding & 0x04 ? 'binary' : 'gsm';
  // Message waiting: 0xc and 0xd in the default alphabet, 0xe in UCS-2.
  if (group >= 0x8) return group === 0xe ? 'ucs2' : 'gsm';
  const isCompressed = (dataCoding & 0x20) !== 0;
  if (isCompressed) return 'binary';
  return (['gsm', 'binary', 'ucs2', 'gsm'] as const)[(dataCoding >> 2) & 0x03] ?? 'gsm';
}
