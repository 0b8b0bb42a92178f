import { problemSchema } from '@civicline/protocol';
import { z } from 'zod';
import type { Answer, Operation } from './operation.ts';

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: object;
}

export interface OpenApiOperation {
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

/** An OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12 made from the very schemas that check the input. */
export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const op of operations) paths[op.path] = { ...paths[op.path], [op.method]: describe(op) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Civicline',
      version,
      description:
        'Identity-verified calls and sealed messages. Errors are problem+json (RFC 9457) with a stable `code`; times are RFC 3339; telephone numbers are E.164.',
    },
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { securitySchemes: schemesOf(operations), schemas: { Problem: jsonSchema(problemSchema, 'output') } },
  };
}

function schemesOf(operations: readonly Operation[]): Record<string, object> {
  const used = operations.flatMap(({ security }) => (security === 'none' ? [] : [[security.name, security.scheme]]));
  return Object.fromEntries(used);
}

function describe(op: Operation): OpenApiOperation {
  const inPath = [...op.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inHeader = (op.headers ?? []).map(({ pattern, ...header }) => ({
    ...header,
    in: 'header',
    schema: { type: 'string', ...(pattern === undefined ? {} : { pattern }) },
  }));
  return {
    tags: [op.tag],
    summary: op.summary,
    ...(op.description ? { description: op.description } : {}),
    security: op.security === 'none' ? [] : [{ [op.security.name]: [] }],
    parameters: [...inPath, ...inHeader, ...queryParameters(op.query)],
    ...(op.body ? { requestBody: describeBody(op.body, op.otherBodyTypes) } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(op.answers).map(([status, answer]) => [status, describeAnswer(Number(status), answer)]),
      ),
      default: { description: 'Anything else.', content: PROBLEM },
    },
  };
}

/** How every error is answered. */
const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

function describeBody(body: z.ZodType, otherTypes: readonly string[] = []) {
  const required = !body.safeParse(undefined).success;
  return { required, content: { ...json(jsonSchema(body, 'input')), ...inText(otherTypes) } };
}

/** Types that are no JSON document as a whole, such as JSON lines. */
function inText(types: readonly string[]) {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]));
}

function describeAnswer(status: number, answer: Answer): OpenApiOperation['responses'][string] {
  const { description, schema, type, otherTypes = [] } = answer;
  if (status >= 400 && !schema && !type) return { description, content: PROBLEM };
  if (!schema) return type ? { description, content: { [type]: { schema: {} } } } : { description };
  const content = { [type ?? 'application/json']: { schema: jsonSchema(schema, 'output') }, ...inText(otherTypes) };
  return { description, content };
}

function queryParameters(query: z.ZodType | undefined): OpenApiOperation['parameters'] {
  if (!query) return [];
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(schema.description ? { description: schema.description } : {}),
    schema,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

function json(schema: object) {
  return { 'application/json': { schema } };
}
