/** Examples for the API page, made from the very JSON Schemas that it shows, so that they cannot grow old. Pure. */

/** As much of JSON Schema 2020-12 as the API's schemas use. */
export interface JsonSchema {
  $ref?: string;
  type?: string;
  const?: unknown;
  default?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  propertyNames?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  format?: string;
  pattern?: string;
  minimum?: number;
}

const MOMENT = '2026-11-30T09:00:00Z';
const NUMBER = '+31600000001';
const ID = '0198a2b0-7c1d-7000-8000-000000000001';

/** What stands in a field of that name, where the schema itself does not say: invented people and places. */
const BY_NAME: Record<string, unknown> = {
  organisation: 'voorbeeldstad',
  purpose: 'verhuizing',
  number: '+31850000001',
  calledNumber: '+31850000001',
  forwardNumber: '+31850000009',
  callingNumber: NUMBER,
  code: '12345678',
  telUrl: 'tel:+31850000001,12345678',
  token: '3f1c…',
  secret: 'whsec_…',
  password: '…',
  publicKey: '…',
  authorization: '…',
  keyId: 'sms-2026-11',
  sealed: 'AAECAwQFBgcICQoLDA0ODw',
  reference: 'afspraak-2026-0042',
  channel: 'sms',
  waitSeconds: 600,
  url: 'https://aanvragen.voorbeeldstad.example/civicline-events',
  extension: '101',
  agentId: 'agent-a',
  user: 'phone-agent-a',
  nl: 'Verhuizing doorgeven',
  en: 'Report a move',
  limit: 600,
  remaining: 598,
  windowSeconds: 60,
  segments: 1,
  sequence: 3,
  status: 200,
  specversion: '1.0',
  datacontenttype: 'application/json',
  colour: '#0b6e6e',
  logo: '/v1/organisations/voorbeeldstad/logo',
};

/** Of several values, the ones that a reader meets first. */
const USUAL = new Set<unknown>(['sms', 'individual', 'normal', 'nl', 'minute']);

/** What a schema lets stand where nothing more is known about it. */
const BY_FORMAT: Record<string, string> = {
  uuid: ID,
  'date-time': MOMENT,
  uri: 'https://example.org/',
  date: '2026-11-30',
};

const DEEPEST = 8;

/** One value that fits the schema; `definitions` are those that `$ref` may name, by their pointer. */
export function exampleOf(
  schema: JsonSchema,
  definitions: Record<string, JsonSchema> = {},
  name = '',
  depth = 0,
): unknown {
  const [example] = schema.examples ?? [];
  if (example !== undefined) return example;
  if (schema.$ref !== undefined) return exampleOf(definitions[schema.$ref] ?? {}, definitions, name, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum.find((value) => USUAL.has(value)) ?? schema.enum[0];
  const [alternative] = schema.anyOf ?? schema.oneOf ?? [];
  if (alternative) return exampleOf(alternative, definitions, name, depth + 1);
  if (depth > DEEPEST) return null;
  switch (schema.type) {
    case 'object':
      return objectOf(schema, definitions, depth);
    case 'array':
      return [exampleOf(schema.items ?? {}, definitions, name.replace(/s$/, ''), depth + 1)];
    case 'string':
      return stringOf(schema, name);
    case 'integer':
    case 'number':
      return typeof BY_NAME[name] === 'number' ? BY_NAME[name] : (schema.default ?? Math.max(1, schema.minimum ?? 1));
    case 'boolean':
      return schema.default ?? true;
    case 'null':
      return null;
    default:
      return schema.pattern === undefined ? (BY_NAME[name] ?? '…') : stringOf(schema, name);
  }
}

function objectOf(schema: JsonSchema, definitions: Record<string, JsonSchema>, depth: number): unknown {
  const { properties, propertyNames, additionalProperties } = schema;
  if (properties) {
    const entries = Object.entries(properties).map(([key, value]) => [
      key,
      exampleOf(value, definitions, key, depth + 1),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof additionalProperties !== 'object') return {};
  const keys = propertyNames?.enum;
  const key = String(keys?.find((value) => USUAL.has(value)) ?? keys?.[0] ?? 'name');
  return { [key]: exampleOf(additionalProperties, definitions, key, depth + 1) };
}

function stringOf({ format, pattern, default: usual }: JsonSchema, name: string): unknown {
  const named = BY_NAME[name];
  const fits = (value: unknown): boolean =>
    typeof value === 'string' && (pattern === undefined || new RegExp(pattern, 'u').test(value));
  if (usual !== undefined) return usual;
  if (fits(named)) return named;
  if (format !== undefined) return BY_FORMAT[format] ?? '…';
  if (/(At|Since|^at|^time)$/.test(name)) return MOMENT;
  if (/^id$|Id$/.test(name)) return ID;
  return ['…', 'abc', '12345678'].find(fits) ?? '…';
}
