/** As much XML as RingRing's API has: elements with text or elements, no attributes of meaning. */

export type XmlValue = string | number | { [name: string]: XmlValue | XmlValue[] };

/** A document; the items of a list become elements named by `itemName`. */
export function writeXml(root: string, value: XmlValue, itemName: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>${element(root, value, itemName)}`;
}

function element(name: string, value: XmlValue | XmlValue[], itemName: string): string {
  const inside = Array.isArray(value)
    ? value.map((item) => element(itemName, item, itemName)).join('')
    : typeof value === 'object'
      ? Object.entries(value)
          .map(([key, item]) => element(key, item, itemName))
          .join('')
      : escaped(String(value));
  return `<${name}>${inside}</${name}>`;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

function escaped(text: string): string {
  // Characters that XML 1.0 cannot hold at all, in no notation.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const possible = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
  return possible.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * The children of the root element, by name; each holds text only. null: not such a document. Document types are refused,
 * and with them entities of one's own.
 */
export function readFlatXml(document: string): [name: string, value: string][] | null {
  const text = document.replace(/^\ufeff/, '');
  const fields: [string, string][] = [];
  const open: string[] = [];
  let rooted = false;
  let value = '';
  let at = 0;

  const close = (name: string): boolean => {
    if (open.pop() !== name) return false;
    if (open.length === 1) fields.push([name, value]);
    return true;
  };

  while (at < text.length) {
    const piece = pieceAt(text, at);
    if (!piece) return null;
    at = piece.end;
    if ('text' in piece) {
      if (open.length === 2) value += piece.text;
      else if (piece.text.trim() !== '') return null;
    } else if ('opens' in piece) {
      if (open.length === 2 || (open.length === 0 && rooted)) return null;
      rooted = true;
      value = '';
      open.push(piece.opens);
      if (piece.empty && !close(piece.opens)) return null;
    } else if ('closes' in piece && !close(piece.closes)) return null;
  }
  return rooted && open.length === 0 ? fields : null;
}

type Piece = { end: number } & (
  | { text: string }
  | { opens: string; empty: boolean }
  | { closes: string }
  | { ignored: true }
);

/** What begins at `at`; every piece is looked at once, however it is made up. */
function pieceAt(text: string, at: number): Piece | null {
  if (text[at] !== '<') {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    const plain = unescaped(text.slice(at, end));
    return plain === null ? null : { end, text: plain };
  }
  if (text.startsWith('<![CDATA[', at)) {
    const end = text.indexOf(']]>', at);
    return end < 0 ? null : { end: end + 3, text: text.slice(at + 9, end) };
  }
  if (text.startsWith('<!--', at)) return ignored(text.indexOf('-->', at + 4), 3);
  if (text.startsWith('<?', at)) return ignored(text.indexOf('?>', at), 2);
  const end = text.indexOf('>', at) + 1;
  if (end === 0) return null;
  const [, slash, name, empty] = /^<(\/?)([A-Za-z_][\w.-]{0,60})(?:\s[^<]*?)?(\/?)>$/.exec(text.slice(at, end)) ?? [];
  if (name === undefined) return null;
  return slash ? { end, closes: name } : { end, opens: name, empty: empty === '/' };
}

function ignored(found: number, length: number): Piece | null {
  return found < 0 ? null : { end: found + length, ignored: true };
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** null: an entity that XML does not know by itself. */
function unescaped(raw: string): string | null {
  let known = true;
  const text = raw.replace(/&(?:#(x?)([0-9a-fA-F]{1,6});|(\w{1,8});)?/g, (_match, hex, digits, name) => {
    const code = digits === undefined ? 0 : Number.parseInt(digits, hex ? 16 : 10);
    if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    const character = name === undefined ? undefined : ENTITIES[name];
    known &&= character !== undefined;
    return character ?? '';
  });
  return known ? text : null;
}
