import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { type Mistake, parseSettings, settingsText } from '@civicline/settings-file';
import { isHere, type RouteDocument, type RoutesDocument, routesFileSchema } from './schemas.ts';

/** Lists every mistake of the routes file as `file:line:column: field: what is wrong`; never a secret. */
export class RoutesError extends Error {
  readonly code = 'ROUTES_INVALID';
}

/** A route with its secrets in place. */
export type RouteSettings = RouteDocument & {
  /** Password or key. */
  secret: string;
  webhook: string | null;
  /** PEM. */
  ca: string | null;
};

export interface RoutesFile {
  routes: RouteSettings[];
}

/** SMPP 3.4 §5.2.2 allows 8; carriers give out longer ones. As many as the codec writes. */
const SMPP_PASSWORD = /^[\x20-\x7e]{0,64}$/;

/** Where secrets are found. */
export interface SecretSources {
  environment: NodeJS.ProcessEnv;
  /** Files are named from here. */
  folder: string;
}

/** Reads and checks the routes file. Throws {@link RoutesError}. */
export function readRoutesFile(file: string, environment: NodeJS.ProcessEnv = process.env): RoutesFile {
  return parseRoutes(settingsText(file, RoutesError), file, { environment, folder: dirname(file) });
}

/** As {@link readRoutesFile}, for a text that is already there; `file` is only named in errors. */
export function parseRoutes(text: string, file: string, sources: SecretSources): RoutesFile {
  const { content, refuse } = parseSettings(text, { file, schema: routesFileSchema, Failure: RoutesError });
  const mistakes = crossCheck(content);
  const routes = content.routes.map((route, i) => withSecrets(route, ['routes', i], sources, mistakes));
  refuse(mistakes);
  return { routes };
}

/** The names of routes that send numbers and texts to another machine without encryption. */
export function routesInClear({ routes }: RoutesFile): string[] {
  return routes.flatMap((route) => (route.kind === 'smpp' && !route.tls && !isHere(route.host) ? [route.name] : []));
}

/** Names given twice; secrets that are missing or there twice. */
function crossCheck({ routes }: RoutesDocument): Mistake[] {
  const names = new Set<string>();
  return routes.flatMap((route, i): Mistake[] => {
    const mistakes: Mistake[] = [];
    if (names.has(route.name)) {
      mistakes.push({ path: ['routes', i, 'name'], message: `"${route.name}" is there already` });
    }
    names.add(route.name);
    const prefixes = route.prefixes.map(({ prefix }) => prefix);
    for (const [j, prefix] of prefixes.entries()) {
      if (prefixes.indexOf(prefix) < j) {
        mistakes.push({ path: ['routes', i, 'prefixes', j, 'prefix'], message: `"${prefix}" is there already` });
      }
    }
    return mistakes;
  });
}

function withSecrets(
  route: RouteDocument,
  path: PropertyKey[],
  sources: SecretSources,
  mistakes: Mistake[],
): RouteSettings {
  const attempt = (field: string, read: () => string): string => {
    try {
      return read();
    } catch (error) {
      mistakes.push({ path: [...path, field], message: (error as Error).message });
      return '';
    }
  };
  const secret = (field: string, reference: string | undefined, file: string | undefined): string => {
    if ((reference === undefined) === (file === undefined)) {
      mistakes.push({ path: [...path, field], message: `needs either ${field} or ${field}File` });
      return '';
    }
    return reference === undefined
      ? attempt(`${field}File`, () => fromFile(file as string, sources.folder).trim())
      : attempt(field, () => fromEnvironment(reference, sources.environment));
  };
  if (route.kind === 'smpp') {
    const caFile = route.tls?.caFile;
    const password = secret('password', route.password, route.passwordFile);
    if (!SMPP_PASSWORD.test(password)) {
      mistakes.push({
        path: [...path, 'password'],
        message: 'the password must be at most 64 ASCII characters',
      });
    }
    return {
      ...route,
      secret: password,
      webhook: null,
      ca: caFile === undefined ? null : attempt('tls', () => fromFile(caFile, sources.folder)),
    };
  }
  const { webhookSecret } = route;
  return {
    ...route,
    secret: secret('apiKey', route.apiKey, route.apiKeyFile),
    webhook:
      webhookSecret === undefined
        ? null
        : attempt('webhookSecret', () => longEnough(fromEnvironment(webhookSecret, sources.environment))),
    ca: null,
  };
}

/** It is all that tells the vendor's calls from anybody's, and it stands in an address. */
function longEnough(secret: string): string {
  if (!/^[\w-]{32,}$/.test(secret)) throw new Error('must be 32 letters, digits, hyphens and underscores or more');
  return secret;
}

function fromEnvironment(reference: string, environment: NodeJS.ProcessEnv): string {
  const name = reference.slice(2, -1);
  const value = environment[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

function fromFile(file: string, folder: string): string {
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch (error) {
    throw new Error(`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
