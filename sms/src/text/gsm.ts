/**
 * The GSM 7 bit default alphabet and its extension table, 3GPP TS 23.038 §6.2.1 and §6.2.1.1, one septet per octet as
 * SMPP carries it (data_coding 0). Position 0x09 is capital Ç; lower-case ç is not in the alphabet, nor are ê and `.
 */

const ESCAPE = 0x1b;

/** Indexed by septet; position 0x1b is the escape. */
const DEFAULT_ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ' +
  ' !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§' +
  '¿abcdefghijklmnopqrstuvwxyzäöñüà';

/** What an escape and this septet stand for. */
const EXTENSION = new Map([
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
]);

const NONE = 0xffff;
/** Septets by UTF-16 code unit: one, or an escape in the upper octet and the septet in the lower. */
const SEPTETS = septetTable();

function septetTable(): Uint16Array {
  const table = new Uint16Array('€'.charCodeAt(0) + 1).fill(NONE);
  for (let septet = 0; septet < 128; septet++) table[DEFAULT_ALPHABET.charCodeAt(septet)] = septet;
  for (const [septet, character] of EXTENSION) table[character.charCodeAt(0)] = (ESCAPE << 8) | septet;
  table[ESCAPE] = NONE;
  return table;
}

/** How many septets a character takes, an escape included; 0: the alphabet lacks it. */
export function septetsOf(character: string): 0 | 1 | 2 {
  const septets = character.length === 1 ? (SEPTETS[character.charCodeAt(0)] ?? NONE) : NONE;
  if (septets === NONE) return 0;
  return septets > 0x7f ? 2 : 1;
}

/** The septets of `text`, or null when it has a character that the alphabet lacks. */
export function encodeGsm(text: string): Buffer | null {
  const septets = Buffer.allocUnsafe(text.length * 2);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const septet = SEPTETS[text.charCodeAt(i)] ?? NONE;
    if (septet === NONE) return null;
    if (septet > 0x7f) septets[length++] = ESCAPE;
    septets[length++] = septet & 0x7f;
  }
  return septets.subarray(0, length);
}

/**
 * The text of unpacked septets. As TS 23.038 §6.2.1.1 asks, an escape before a septet that the extension table lacks is
 * left out, and one at the end is a space. An octet above 0x7f is no septet and becomes U+FFFD.
 */
export function decodeGsm(septets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < septets.length; i++) {
    const septet = septets[i] as number;
    if (septet !== ESCAPE) {
      text += DEFAULT_ALPHABET[septet] ?? '\ufffd';
      continue;
    }
    const next = septets[i + 1];
    if (next === undefined || next === ESCAPE) text += ' ';
    const extension = next === undefined ? undefined : EXTENSION.get(next);
    if (extension === undefined) continue;
    text += extension;
    i++;
  }
  return text;
}

/** Whether an octet sequence that is cut at `end` would tear an escape from its septet. */
export function tearsEscape(septets: Uint8Array, end: number): boolean {
  return septets[end - 1] === ESCAPE;
}
