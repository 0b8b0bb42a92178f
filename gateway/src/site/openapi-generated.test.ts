import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import { expect } from 'chai';
import fc from 'fast-check';
import { main } from '../admin/main.ts';
import type { OpenApiDocument, OpenApiOperation } from '../platform/http/index.ts';
import { expectDescribedBy, generated, type JsonSchema } from '../platform/http/testing/index.ts';
import { SCOPES } from '../roles/smis/senders/index.ts';
import { startTestGateway, type TestGateway } from '../test-gateway.ts';

/** A carrier that is not there: messages are taken and wait. */
const ROUTES = `routes:
  - name: nowhere
    kind: smpp
    host: 127.0.0.1
    port: 9
    systemId: civicline
    passwordFile: password
    prefixes: [{ prefix: '+', price: 0.05 }]
`;

/** Mistakes that no schema can say, by where they are. */
const BEYOND_SCHEMAS = /^\/(strategy(\/\d+\/channel)?|parts(\/\w+)?|expiresAt|before|after|url)?$/;

interface Operation {
  name: string;
  method: string;
  path: string;
  operation: OpenApiOperation;
}

describe('OpenAPI document and gateway agree', () => {
  let folder: string;
  let test: TestGateway;
  let document: OpenApiDocument;
  let key: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'civicline-generated-'));
    writeFileSync(join(folder, 'routes.yaml'), ROUTES);
    writeFileSync(join(folder, 'password'), 'none');
    const { keyId, privateKey } = generateSealingKeysSync();
    const storage = {
      DATABASE_URL: `file:${join(folder, 'data')}`,
      CIVICLINE_DATA_KEY: randomBytes(32).toString('base64'),
    };
    test = await startTestGateway({
      ...storage,
      CIVICLINE_SMS_ROUTES: join(folder, 'routes.yaml'),
      CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId, privateKey }]),
    });
    document = (await (await fetch(`${test.url}/docs/openapi.json`)).json()) as OpenApiDocument;
    key = await addSender(storage);
  });
  after(async () => {
    await test.stop();
    rmSync(folder, { recursive: true });
  });

  async function addSender(environment: Record<string, string>): Promise<string> {
    let out = '';
    const stdout = { write: (text: string) => (out += text) };
    const scopes = SCOPES.flatMap((scope) => ['--scope', scope]);
    await main(['senders', 'add', 'generated', ...scopes, '--json'], {
      environment,
      output: { stdout, stderr: stdout },
    });
    return (JSON.parse(out) as { apiKey: string }).apiKey;
  }

  /** Those that a sender, or anybody, may use, and that answer with a whole body. */
  const operations = (): Operation[] =>
    Object.entries(document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, method, path, operation })),
      )
      .filter(({ operation: { security } }) => security.length === 0 || security.some((one) => 'sender' in one));

  interface Asked {
    parameters: Record<string, unknown>;
    type: string;
    body: unknown;
  }

  /** All that the document allows to ask of an operation. */
  function requestsOf({ operation }: Operation): fc.Arbitrary<Asked> {
    const parameters = Object.fromEntries(
      operation.parameters.map((one) => [`${one.in} ${one.name}`, generated(one.schema as JsonSchema)]),
    );
    const requiredKeys = operation.parameters.filter(({ required }) => required).map((one) => `${one.in} ${one.name}`);
    const types = Object.entries(operation.requestBody?.content ?? {});
    const bodies = types.map(([type, { schema }]) => fc.tuple(fc.constant(type), generated(schema as JsonSchema)));
    const none = operation.requestBody?.required ? [] : [fc.constant(['', undefined] as [string, unknown])];
    return fc
      .tuple(fc.record(parameters, { requiredKeys }), fc.oneof(...bodies, ...none))
      .map(([parameters, [type, body]]) => ({ parameters, type, body }));
  }

  function ask({ method, path }: Operation, { parameters, type, body }: Asked): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, connection: 'close' };
    const query = new URLSearchParams();
    let place = path;
    for (const [name, value] of Object.entries(parameters)) {
      const [where, field = ''] = name.split(' ');
      const text = String(value);
      if (where === 'path') place = place.replace(`{${field}}`, () => encodeURIComponent(text) || '%20');
      else if (where === 'query') query.set(field, text);
      else headers[field] = text;
    }
    if (type !== '') headers['content-type'] = type;
    const init = { method: method.toUpperCase(), headers };
    const text = type === 'application/json' ? JSON.stringify(body) : String(body);
    return fetch(
      `${test.url}${place}${query.size > 0 ? `?${query}` : ''}`,
      type === '' ? init : { ...init, body: text },
    );
  }

  it('on every request that the document allows, and on every answer', async () => {
    for (const one of operations()) {
      const property = fc.asyncProperty(requestsOf(one), async (asked) => {
        const response = await ask(one, asked);
        const answer = await expectDescribedBy(document, one.method, response);
        const { status } = response;
        expect(status, one.name).to.be.below(500).and.not.oneOf([401, 403, 405, 415]);
        if (status !== 400) return;
        const { code, errors = [] } = answer as { code: string; errors?: { path: string }[] };
        expect(code, one.name).to.be.oneOf(['INPUT_INVALID', 'CURSOR_INVALID', 'WEBHOOK_URL_REFUSED']);
        for (const { path } of errors) expect(path, one.name).to.match(BEYOND_SCHEMAS);
      });
      await fc.assert(property, { numRuns: 15 });
    }
  });

  it('on what must be there', async () => {
    for (const one of operations()) {
      const [asked] = fc.sample(
        requestsOf(one).filter(({ type }) => type !== 'application/x-ndjson'),
        1,
      );
      if (!asked) throw new Error('nothing was generated');
      for (const { in: where, name, required } of one.operation.parameters) {
        if (where !== 'header' || !required) continue;
        const { [`${where} ${name}`]: _, ...parameters } = asked.parameters;
        expect((await ask(one, { ...asked, parameters })).status, `${one.name} without ${name}`).to.equal(400);
      }
      const { requestBody } = one.operation;
      const without = await ask(one, { ...asked, type: '', body: undefined });
      if (requestBody) expect(without.status >= 400 && without.status !== 404, one.name).to.equal(requestBody.required);
    }
  });

  it('in patterns that fuzzers of other languages understand', () => {
    const patterns = new Set<string>();
    JSON.stringify(document, (name, value) => {
      if (name === 'pattern') patterns.add(value);
      return value;
    });
    expect(patterns.size).to.be.greaterThan(3);
    for (const pattern of patterns) {
      expect(pattern, 'no classes by name, no looking around').not.to.match(/\\[pP]\{|\(\?[=!<]/);
      for (const text of fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), 20)) {
        expect(text).to.match(new RegExp(pattern, 'u'));
      }
    }
  });
});
