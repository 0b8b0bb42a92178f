/**
 * Asterisk's description of its own REST interface: `rest-api/api-docs/*.json`, which is Swagger 1.1/1.2 (not OpenAPI).
 * Read from a directory (an installation's `rest-api`, or the folder above its `api-docs`) or from a running Asterisk.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ApiParameter {
  name: string;
  paramType: 'path' | 'query' | 'body';
  dataType: string;
  required?: boolean;
  allowMultiple?: boolean;
  allowableValues?: { valueType: 'LIST' | 'RANGE'; values?: string[] };
}

export interface ApiOperation {
  httpMethod: string;
  nickname: string;
  responseClass: string;
  /** Present on the one operation that opens the WebSocket itself. */
  upgrade?: string;
  parameters?: ApiParameter[];
  errorResponses?: { code: number }[];
}

export interface ApiModel {
  subTypes?: string[];
  properties: Record<string, { type: string; required?: boolean; allowableValues?: { values?: string[] } }>;
}

export interface ApiResource {
  /** File name without `.json`, such as `channels`. */
  name: string;
  apis: { path: string; operations: ApiOperation[] }[];
  models?: Record<string, ApiModel>;
}

/** Fetches one file of the description: `resources.json`, `channels.json`, … */
type ReadFile = (name: string) => Promise<string>;

/**
 * All resources that Asterisk names in its `resources.json`, in that order.
 *
 * @param source directory that holds the `*.json` files, or has them in `api-docs/`; or the base URL of a running
 *   Asterisk's HTTP server with ARI credentials, such as `http://civicline:secret@127.0.0.1:8088`
 */
export async function readApiDocs(source: string): Promise<ApiResource[]> {
  const read = /^https?:/.test(source) ? fromAsterisk(source) : await fromDirectory(source);
  const listing = JSON.parse(await read('resources.json')) as { apis: { path: string }[] };
  const names = listing.apis.map(({ path }) => path.replace(/^.*\/([^/.]+)\.\{format\}$/, '$1'));
  return Promise.all(names.map(async (name) => ({ ...JSON.parse(await read(`${name}.json`)), name }) as ApiResource));
}

/** The version of a running Asterisk, such as `22.10.1`, without what a distributor appended to it. */
export async function readVersion(url: string): Promise<string> {
  const info = JSON.parse(await get(url, '/ari/asterisk/info?only=system')) as { system: { version: string } };
  return info.system.version.replace(/[~+-].*$/, '');
}

function fromAsterisk(url: string): ReadFile {
  return (name) => get(url, `/ari/api-docs/${name}`);
}

async function get(url: string, path: string): Promise<string> {
  const { origin, username, password } = new URL(url);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const response = await fetch(new URL(path, origin), { headers: { authorization: `Basic ${credentials}` } });
  if (!response.ok) throw new Error(`Asterisk answered ${response.status} for ${path}`);
  return response.text();
}

/** In Asterisk's source tree `resources.json` stands beside the folder `api-docs`; installed, all stand in one. */
async function fromDirectory(directory: string): Promise<ReadFile> {
  const nested = await stat(join(directory, 'api-docs')).catch(() => null);
  return (name) => {
    const folder = nested && name !== 'resources.json' ? join(directory, 'api-docs') : directory;
    return readFile(join(folder, name), 'utf8');
  };
}
