import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { startTestGateway, type TestGateway } from '../../test-gateway.ts';
import type { OpenApiDocument } from './openapi.ts';

describe('OpenAPI document', () => {
  let test: TestGateway;
  let document: OpenApiDocument;

  before(async () => {
    test = await startTestGateway();
    document = (await (await fetch(`${test.url}/docs/openapi.json`)).json()) as OpenApiDocument;
  });
  after(() => test.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, name: `${method} ${path}`, operation })),
    );

  it('is one, by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document) as never);
    expect(valid, JSON.stringify(errors)).to.equal(true);
    expect(validator.version).to.equal('3.1');
    validator.resolveRefs();
  });

  it('names the parameters of each path, and no two paths that match the same', () => {
    for (const { path, name, operation } of operations()) {
      const inPath = operation.parameters
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name);
      expect(inPath, name).to.deep.equal([...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
      const all = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(all).size, name).to.equal(all.length);
    }
    const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'));
    expect(new Set(shapes).size).to.equal(shapes.length);
  });

  it('says of each operation what it does, who may use it, and what a success looks like', () => {
    const { securitySchemes } = document.components as { securitySchemes: object };
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).to.match(/^[A-Z]/);
      expect(
        document.tags.map((tag) => tag.name),
        name,
      ).to.include.members(operation.tags);
      expect(Object.keys(securitySchemes), name).to.include.members(operation.security.flatMap(Object.keys));
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => /^[23]/.test(status)),
        name,
      ).to.equal(true);
      expect(statuses, name).to.include('default');
      for (const { description } of Object.values(operation.responses)) expect(description, name).to.match(/\S/);
    }
  });
});
