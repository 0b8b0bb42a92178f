/**
 * One description per operation of the API: the same object mounts the route, checks the input and writes the
 * documentation, so that the three cannot disagree.
 */
import type { Problem } from '@civicline/protocol';
import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { jsonBody } from './json.ts';

/** How callers of an operation prove who they are. Each role brings its own. */
export interface SecurityScheme {
  /** Under which the documentation lists it. */
  name: string;
  /** A Security Scheme Object of OpenAPI. */
  scheme: object;
}

export interface Answer {
  description: string;
  schema?: z.ZodType;
  /** Default `application/json`. */
  type?: string;
  /** Other media types that the request's Accept header may ask for. */
  otherTypes?: readonly string[];
}

export interface Header {
  name: string;
  description: string;
  required: boolean;
  /** Of its value, as JSON Schema writes it. */
  pattern?: string;
}

export interface Operation<Body extends z.ZodType = z.ZodType, Query extends z.ZodType = z.ZodType> {
  method: 'get' | 'post' | 'delete';
  /** In OpenAPI's notation: `/v1/call-requests/{id}`. */
  path: string;
  /** Heading under which the documentation lists it. */
  tag: string;
  summary: string;
  description?: string;
  /** `none`: open to everybody. */
  security: SecurityScheme | 'none';
  headers?: Header[];
  query?: Query;
  /** JSON of at most 64 kB. Absent: the handler reads the body itself, as it comes. */
  body?: Body;
  /** Media types besides `application/json` in which the body may come; the route reads them itself. */
  otherBodyTypes?: readonly string[];
  answers: Record<number, Answer>;
}

export interface Input<Body, Query> {
  request: Request;
  body: Body;
  query: Query;
  /** A part of the path, as the path names it. */
  param(name: string): string;
}

/** Types the description by its schemas. */
export function operation<Body extends z.ZodType = z.ZodUndefined, Query extends z.ZodType = z.ZodUndefined>(
  description: Operation<Body, Query>,
): Operation<Body, Query> {
  return description;
}

/** A number in a query, in decimal digits alone; `schema` says which. */
export function inDigits<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text), schema);
}

/**
 * Mounts an operation: the body is read, `guards` run, then the input is checked (400 with a JSON Pointer per mistake),
 * then `handle` runs; what it throws goes to the error mapping.
 */
export function mount<Body extends z.ZodType, Query extends z.ZodType>(
  router: Router,
  op: Operation<Body, Query>,
  guards: RequestHandler[],
  handle: (input: Input<z.output<Body>, z.output<Query>>, response: Response) => Promise<void> | void,
): void {
  const path = op.path.replaceAll(/\{(\w+)\}/g, ':$1');
  const readBody = op.body ? [jsonBody('64kb')] : [];
  router[op.method](path, ...readBody, ...guards, async (request, response) => {
    const body = op.body ? parse(op.body, bodyOf(request), 'body') : undefined;
    const query = op.query ? parse(op.query, request.query, 'query') : undefined;
    const param = (name: string) => partOfPath(request, name);
    await handle({ request, body, query, param } as Input<z.output<Body>, z.output<Query>>, response);
  });
}

/** What cannot be written down names nothing that there is; PostgreSQL would refuse to look for NUL. */
function partOfPath({ params }: Request, name: string): string {
  const part = String(params[name] ?? '');
  if (/[\p{Cc}\p{Cs}]/u.test(part)) throw new AppError(404, 'NOT_FOUND', 'There is nothing here.');
  return part;
}

/** However much is wrong: an answer is not to grow with the nonsense that it is for. */
const MOST_MISTAKES = 20;
const LONGEST_PATH = 100;

/** Checks `value`; throws a 400 that says what is wrong where (RFC 6901 pointers), up to a limit. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: 'body' | 'query',
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(400, 'INPUT_INVALID', `The ${where} is not as expected.`, {
    errors: parsed.error.issues.slice(0, MOST_MISTAKES).flatMap(mistakesOf).slice(0, MOST_MISTAKES),
  });
}

function mistakesOf(issue: z.core.$ZodIssue): NonNullable<Problem['errors']> {
  if (issue.code !== 'unrecognized_keys') return [{ path: pointer(issue.path), message: issue.message }];
  const keys = issue.keys.slice(0, MOST_MISTAKES);
  return keys.map((key) => ({ path: pointer([...issue.path, key]), message: 'is not known here' }));
}

function pointer(path: PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return parts.join('').slice(0, LONGEST_PATH);
}

function bodyOf(request: Request): unknown {
  if (request.body !== undefined) return request.body;
  // The JSON parser leaves other types alone.
  if (request.headers['content-type'] && !request.is('json')) {
    throw new AppError(415, 'TYPE_UNSUPPORTED', 'The body must be application/json.');
  }
  return undefined;
}
