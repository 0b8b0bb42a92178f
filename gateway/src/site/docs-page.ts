import type { OpenApiDocument, OpenApiOperation } from '../platform/http/index.ts';
import { type Html, html, page } from '../platform/http/index.ts';
import { type Demo, sendHead, sendSection } from './docs-send.ts';

/**
 * The API documentation as one plain page, rendered here: it is read without a script, in every browser and screen
 * reader. Where messages can be sent there is a form for it.
 */
export function docsPage(document: OpenApiDocument, logCodes: Record<string, string>, demo: Demo | null): string {
  const sends = document.paths['/v1/messages'] !== undefined;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, op]) => ({ path, method: method.toUpperCase(), op })),
  );
  return page(
    'en',
    'API documentation',
    html`<p>${prose(document.info.description)}</p>
<p>Version ${document.info.version}. For programs: <a href="/docs/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${sends ? sendSection(demo) : ''}
<nav aria-label="Operations"><ul>${document.tags.map(
      ({ name }) => html`<li><a href="#${anchor(name)}">${name}</a></li>`,
    )}<li><a href="#log-codes">Codes in the log</a></li></ul></nav>
${document.tags.map(
  ({ name }) => html`<section aria-labelledby="${anchor(name)}"><h2 id="${anchor(name)}">${name}</h2>
${operations.filter(({ op }) => op.tags.includes(name)).map(({ path, method, op }) => operationSection(path, method, op))}
</section>`,
)}
<section aria-labelledby="log-codes"><h2 id="log-codes">Codes in the log</h2>
<table><thead><tr><th scope="col">Code</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(logCodes).map(
      ([code, meaning]) => html`<tr><th scope="row"><code>${code}</code></th><td>${meaning}</td></tr>`,
    )}</tbody></table></section>`,
    sends ? sendHead : html``,
  );
}

function operationSection(path: string, method: string, op: OpenApiOperation): Html {
  const security = op.security.flatMap((scheme) => Object.keys(scheme));
  return html`<article aria-labelledby="${anchor(`${method} ${path}`)}">
<h3 id="${anchor(`${method} ${path}`)}"><code>${method} ${path}</code></h3>
<p>${prose(op.summary)}</p>
${op.description ? html`<p>${prose(op.description)}</p>` : ''}
<p>${security.length > 0 ? html`Needs: ${security.join(', ')}` : 'Open to everybody.'}</p>
${op.parameters.length > 0 ? parameterTable(op) : ''}
${op.requestBody ? schemaBlock(html`Body`, Object.values(op.requestBody.content)[0]?.schema) : ''}
${Object.entries(op.responses).map(([status, { description, content }]) =>
  schemaBlock(prose(`${status}: ${description}`), Object.values(content ?? {})[0]?.schema),
)}
</article>`;
}

function parameterTable(op: OpenApiOperation): Html {
  return html`<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Required</th><th scope="col">Meaning</th></tr></thead>
<tbody>${op.parameters.map(
    (parameter) =>
      html`<tr><th scope="row"><code>${parameter.name}</code></th><td>${parameter.in}</td><td>${parameter.required ? 'yes' : 'no'}</td><td>${prose(parameter.description ?? '')}</td></tr>`,
  )}</tbody></table>`;
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
