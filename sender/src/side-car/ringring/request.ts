/** The body of a call: JSON or XML, property names without regard to case. */
import { RESULT, Refusal } from './codes.ts';
import { readFlatXml } from './xml.ts';

export interface Call {
  /** The property's value; undefined when it is absent, null or empty. */
  field(name: string): string | undefined;
  /** Like {@link Call.field}, but empty text is kept. */
  text(name: string): string | undefined;
  xml: boolean;
}

/** Throws {@link Refusal}. Unknown properties are ignored, because the vendor's own clients send some. */
export function readCall(body: Uint8Array): Call {
  const text = utf8(body);
  const xml = text
    .trimStart()
    .replace(/^\ufeff/, '')
    .startsWith('<');
  const fields = xml ? readFlatXml(text) : readJson(text);
  if (!fields) throw new Refusal(RESULT.bodyMalformed);
  return callOf(fields, xml);
}

/** For the vendor's Node.js client, which asks for a status by GET. */
export function readQuery(query: URLSearchParams): Call {
  return callOf([...query], false);
}

function callOf(fields: readonly [string, string][], xml: boolean): Call {
  const values = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string) => values.get(name.toLowerCase());
  return { xml, text, field: (name) => text(name)?.trim() || undefined };
}

function readJson(text: string): [string, string][] | null {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields: [string, string][] = [];
  for (const [name, item] of Object.entries(value)) {
    if (item === null) continue;
    if (typeof item === 'object') return null;
    fields.push([name, String(item)]);
  }
  return fields;
}

function utf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Refusal(RESULT.bodyMalformed);
  }
}
