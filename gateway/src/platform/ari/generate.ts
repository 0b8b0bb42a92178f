/**
 * Writes `generated/` from Asterisk's own api-docs:
 *
 *   npm run generate:ari -w gateway -- http://civicline:PASSWORD@127.0.0.1:8088     a running Asterisk
 *   npm run generate:ari -w gateway -- /usr/share/asterisk/rest-api 22.10.1         an installed one, and its version
 */
import { writeFile } from 'node:fs/promises';
import { readApiDocs, readVersion } from './api-docs.ts';
import { generate } from './generator.ts';

const [source, version] = process.argv.slice(2);
const running = source?.startsWith('http') ?? false;
if (!source || !(running || version)) {
  console.error('Say where the api-docs are: the URL of a running Asterisk, or a directory and the version it is of.');
  process.exit(2);
}
const files = generate(await readApiDocs(source), version ?? (await readVersion(source)));
for (const [name, text] of Object.entries(files)) {
  await writeFile(new URL(`generated/${name}`, import.meta.url), text);
}
