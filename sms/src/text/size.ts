import { septetsOf } from './gsm.ts';
import { type ReferenceBits, ROOM } from './room.ts';

/** What an SMS will cost: every segment is billed as one SMS. */
export interface TextSize {
  encoding: 'gsm' | 'ucs2';
  segments: number;
  /** Unicode code points. */
  characters: number;
}

/** What dividing `text` would give, without doing it; runs in browsers, too. */
export function sizeOfText(text: string, reference: ReferenceBits = 8): TextSize {
  let isGsm = true;
  let units = 0;
  let characters = 0;
  for (const character of text) {
    const septets = septetsOf(character);
    if (septets === 0) isGsm = false;
    units += septets;
    characters++;
  }
  const encoding = isGsm ? 'gsm' : 'ucs2';
  const octets = isGsm ? units : text.length * 2;
  const segments = octets <= ROOM[encoding].one ? 1 : countParts(text, encoding, ROOM[encoding].part[reference]);
  return { encoding, segments, characters };
}

/** A character that needs two units never stands in two parts. */
function countParts(text: string, encoding: 'gsm' | 'ucs2', room: number): number {
  let parts = 1;
  let used = 0;
  for (const character of text) {
    const octets = encoding === 'gsm' ? septetsOf(character) : character.length * 2;
    if (used + octets > room) {
      parts++;
      used = 0;
    }
    used += octets;
  }
  return parts;
}
