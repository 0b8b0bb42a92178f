import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSealingKeys } from '@civicline/protocol/sealing';
import { expect } from 'chai';
import { z } from 'zod';
import type { OpenApiDocument } from '../platform/http/index.ts';
import { startTestGateway, type TestGateway } from '../test-gateway.ts';
import { exampleOf, type JsonSchema } from './docs-example.ts';

describe('the examples of the API page', () => {
  let folder: string;
  let test: TestGateway;
  let document: OpenApiDocument;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-examples-'));
    const routes = join(folder, 'sms-routes.yaml');
    await writeFile(join(folder, 'password'), 'any');
    await writeFile(
      routes,
      'routes: [{ name: none, kind: smpp, host: 127.0.0.1, port: 9, systemId: a, passwordFile: password, prefixes: [{ prefix: "+", price: 0 }] }]',
    );
    const { keyId, privateKey } = await generateSealingKeys();
    test = await startTestGateway({
      CIVICLINE_SMS_ROUTES: routes,
      CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId, privateKey }]),
    });
    document = (await (await fetch(`${test.url}/docs/openapi.json`)).json()) as OpenApiDocument;
  });
  after(async () => {
    await test?.stop();
    await rm(folder, { recursive: true });
  });

  it('fit the schemas that they stand beside, every one', () => {
    const { schemas } = document.components as { schemas: Record<string, JsonSchema> };
    const definitions = Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [`#/components/schemas/${name}`, schema]),
    );
    let examples = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { requestBody, responses }] of Object.entries(methods)) {
        const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)];
        for (const { schema } of contents.flatMap((content) => Object.values(content ?? {}))) {
          const whole = JSON.stringify({ ...schema, $defs: schemas })
            .replaceAll('#/components/schemas/', '#/$defs/')
            // Zod leaves out the flag that JSON Schema asks for (2020-12, 6.4): there a class has no property escapes.
            .replaceAll('\\\\p{Cc}\\\\p{Cs}', '\\\\u0000-\\\\u001f');
          const checked = z.fromJSONSchema(JSON.parse(whole)).safeParse(exampleOf(schema, definitions));
          expect(checked.error?.issues ?? [], `${method} ${path}`).to.deep.equal([]);
          examples++;
        }
      }
    }
    expect(examples).to.be.above(40);
  });

  it('are on the page, one request for each operation', async () => {
    const page = await (await fetch(`${test.url}/docs`)).text();
    const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
    expect(page.match(/<h4>Example of a request<\/h4>/g)).to.have.length(operations.length);
    expect(page).to.include('POST /v1/messages\nAuthorization: Bearer …\nIdempotency-Key: ');
  });
});
