import type { OpenApiDocument, OpenApiOperation } from '../platform/http/index.ts';
import { type Html, html, page } from '../platform/http/index.ts';
import { exampleOf, type JsonSchema } from './docs-example.ts';
import { type Demo, sendHead, sendSection } from './docs-send.ts';

interface Entry {
  path: string;
  method: string;
  op: OpenApiOperation;
}

/**
 * The API documentation as one plain page, rendered here: it is read without a script, in every browser and screen
 * reader. Its examples come from the schemas. Where messages can be sent there is a form for it.
 */
export function docsPage(document: OpenApiDocument, logCodes: Record<string, string>, demo: Demo | null): string {
  const sends = document.paths['/v1/messages'] !== undefined;
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, op]) => ({ path, method: method.toUpperCase(), op })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    entries: entries.filter(({ op }) => op.tags.includes(name)),
  }));
  const definitions = definitionsOf(document);
  const body = html`<p>${prose(document.info.description)}</p>
<p>Version ${document.info.version}. For programs: <a href="/docs/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${sends ? sendSection(demo) : ''}
${groups.map(
  ({ name, entries }) => html`<section aria-labelledby="${anchor(name)}"><h2 id="${anchor(name)}">${name}</h2>
${entries.map((entry) => operationSection(entry, definitions))}
</section>`,
)}
<section aria-labelledby="errors"><h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code>. Programs look at <code>code</code>; the text may change. <code>errors</code> says where the input is wrong.</p>
${block('An error', JSON.stringify(exampleOf({ $ref: PROBLEM }, definitions), null, 2))}</section>
<section aria-labelledby="log-codes"><h2 id="log-codes">Codes in the log</h2>
<dl>${Object.entries(logCodes).map(
    ([code, meaning]) => html`<div><dt><code>${code}</code></dt><dd>${meaning}</dd></div>`,
  )}</dl></section>`;
  return page('en', 'API documentation', body, {
    name: 'docs',
    head: html`<link rel="stylesheet" href="/docs/docs.css">
${sends ? sendHead : ''}`,
    before: contents(groups, sends),
  });
}

const PROBLEM = '#/components/schemas/Problem';

function definitionsOf({ components }: OpenApiDocument): Record<string, JsonSchema> {
  const { schemas = {} } = components as { schemas?: Record<string, JsonSchema> };
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [`#/components/schemas/${name}`, schema]));
}

/** Stays beside the text on a wide screen; on a small one a link that stays leads back to it. */
function contents(groups: { name: string; entries: Entry[] }[], sends: boolean): Html {
  return html`<nav class="contents" id="contents" aria-labelledby="contents-title" tabindex="-1"><h2 id="contents-title">Contents</h2><ul>
${sends ? html`<li><a href="#send-a-message">Send a message</a></li>` : ''}
${groups.map(
  ({ name, entries }) => html`<li><a href="#${anchor(name)}">${name}</a><ul>${entries.map(
    ({ method, path }) => html`<li><a href="#${anchor(`${method} ${path}`)}"><b>${method}</b> ${path}</a></li>`,
  )}</ul></li>
`,
)}<li><a href="#errors">Errors</a></li><li><a href="#log-codes">Codes in the log</a></li></ul>
</nav>
<nav class="to-contents" aria-label="Back"><a href="#contents">Contents</a></nav>
`;
}

function operationSection({ path, method, op }: Entry, definitions: Record<string, JsonSchema>): Html {
  const security = op.security.flatMap((scheme) => Object.keys(scheme));
  return html`<article aria-labelledby="${anchor(`${method} ${path}`)}">
<h3 id="${anchor(`${method} ${path}`)}"><code>${method} ${path}</code></h3>
<p>${prose(op.summary)}</p>
${op.description ? html`<p>${prose(op.description)}</p>` : ''}
<p>${security.length > 0 ? html`Needs: ${security.join(', ')}` : 'Open to everybody.'}</p>
${op.parameters.length > 0 ? parameterList(op) : ''}
${block('Example of a request', requestExample({ path, method, op }, definitions))}
${answerExample(op, definitions)}
${op.requestBody ? schemaBlock(html`Schema of the body`, Object.values(op.requestBody.content)[0]?.schema) : ''}
${Object.entries(op.responses).map(([status, { description, content }]) =>
  schemaBlock(prose(`${status}: ${description}`), Object.values(content ?? {})[0]?.schema),
)}
</article>`;
}

/** A request as it goes over the wire. */
export function requestExample({ path, method, op }: Entry, definitions: Record<string, JsonSchema>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(exampleOf({ type: 'string' }, definitions, name)),
  );
  const headers = op.parameters.filter((parameter) => parameter.in === 'header' && parameter.required);
  const [type, { schema } = {}] = Object.entries(op.requestBody?.content ?? {})[0] ?? [];
  const lines = [
    `${method} ${filled}`,
    ...authorization(op),
    ...headers.map(({ name }) => `${name}: ${exampleOf({ type: 'string', format: 'uuid' }, definitions)}`),
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
  ];
  return schema === undefined ? lines.join('\n') : `${lines.join('\n')}\n\n${json(schema, definitions)}`;
}

function authorization({ security }: OpenApiOperation): string[] {
  const [name] = security.flatMap((scheme) => Object.keys(scheme));
  if (name === undefined) return [];
  return [name === 'agent-session' ? 'Cookie: civicline-session=…' : 'Authorization: Bearer …'];
}

/** The answer when all went well, if it has a body that a schema describes. */
function answerExample(op: OpenApiOperation, definitions: Record<string, JsonSchema>): Html {
  const [status, answer] = Object.entries(op.responses).find(([status]) => status.startsWith('2')) ?? [];
  const [type, { schema } = {}] = Object.entries(answer?.content ?? {})[0] ?? [];
  if (status === undefined || schema === undefined || Object.keys(schema).length === 0) return html``;
  const isStream = type === 'text/event-stream';
  const example = isStream
    ? `data: ${JSON.stringify(exampleOf(schema as JsonSchema, definitions))}`
    : json(schema, definitions);
  return block(`Example of an answer, ${status}`, example);
}

function json(schema: object, definitions: Record<string, JsonSchema>): string {
  return JSON.stringify(exampleOf(schema as JsonSchema, definitions), null, 2);
}

function block(title: string, text: string): Html {
  return html`<h4>${title}</h4><pre tabindex="0">${text}</pre>`;
}

function parameterList(op: OpenApiOperation): Html {
  return html`<h4>Parameters</h4><dl>${op.parameters.map(
    (parameter) =>
      html`<div><dt><code>${parameter.name}</code> in the ${parameter.in}${parameter.required ? ', required' : ''}</dt><dd>${prose(parameter.description ?? '')}</dd></div>`,
  )}</dl>`;
}

function schemaBlock(title: Html, schema: object | undefined): Html {
  if (!schema || Object.keys(schema).length === 0) return html`<p>${title}</p>`;
  return html`<details><summary>${title}</summary><pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre></details>`;
}

/** As it stands in the OpenAPI document, where `code` is between backticks. */
function prose(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

function anchor(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
