/** For tests: holds answers against the very document that describes them. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type OpenApiDocument, type OpenApiOperation, openApiDocument } from '../openapi.ts';
import type { Operation } from '../operation.ts';

/**
 * Throws unless the OpenAPI document of `operations` describes this answer: its path, its status, its type, its body.
 * Resolves with the body, parsed when it is JSON. The response can still be read.
 */
export function expectDescribed(
  operations: readonly Operation[],
  method: string,
  response: Response,
): Promise<unknown> {
  return expectDescribedBy(documentOf(operations), method, response);
}

/** The same for a document as a gateway serves it. */
export async function expectDescribedBy(
  document: OpenApiDocument,
  method: string,
  response: Response,
): Promise<unknown> {
  const ajv = compiled(document);
  const { status } = response;
  const asked = `${method.toUpperCase()} ${new URL(response.url).pathname}`;
  const path = pathOf(document, method, response.url);
  if (path === null) throw new Error(`${asked} is not described.`);
  const responses: OpenApiOperation['responses'] = document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
  const described = responses[status] ? String(status) : 'default';
  if (described === 'default' && status < 400) throw new Error(`${asked}: the answer ${status} is not described.`);
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const text = await response.clone().text();
  const content = responses[described]?.content;
  if (!content) {
    if (text === '') return undefined;
    throw new Error(`${asked}: the answer ${status} is described without a body.`);
  }
  if (!content[type])
    throw new Error(`${asked}: the answer ${status} is described as ${Object.keys(content)}, not ${type}.`);
  if (!type.endsWith('/json') && !type.endsWith('+json')) return text;
  const body: unknown = JSON.parse(text);
  const place = ['paths', path, method.toLowerCase(), 'responses', described, 'content', type, 'schema'];
  const check = ajv.getSchema(`${DOCUMENT}#${place.map((part) => `/${escaped(part)}`).join('')}`);
  if (!check) throw new Error(`${asked}: the answer ${status} has no schema.`);
  if (!check(body))
    throw new Error(`${asked}: the answer ${status} is not as described: ${ajv.errorsText(check.errors)}`);
  return body;
}

const documents = new WeakMap<readonly Operation[], OpenApiDocument>();

/** Once per array of operations. */
function documentOf(operations: readonly Operation[]): OpenApiDocument {
  const document = documents.get(operations) ?? openApiDocument(operations, '0');
  documents.set(operations, document);
  return document;
}

const known = new WeakMap<OpenApiDocument, Ajv2020>();

/** Once per document. */
function compiled(document: OpenApiDocument): Ajv2020 {
  const before = known.get(document);
  if (before) return before;
  // Not strict: the document as a whole is no schema, only what the pointers below lead to.
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, DOCUMENT);
  known.set(document, ajv);
  return ajv;
}

const DOCUMENT = 'openapi';

/** A part of a JSON Pointer within a URL's fragment (RFC 6901 §6). */
function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The described path that a URL is an instance of; one without parameters comes first. */
function pathOf(document: OpenApiDocument, method: string, url: string): string | null {
  const { pathname } = new URL(url);
  const paths = Object.keys(document.paths).filter((path) => document.paths[path]?.[method.toLowerCase()]);
  const fits = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname);
  return paths.find((path) => path === pathname) ?? paths.find(fits) ?? null;
}
