/** A municipality's page with a strict Content-Security-Policy that embeds the widget, on an origin of its own. */
import type { Language } from '@civicline/protocol';
import { type Server, serve } from './server.ts';

export interface Municipality {
  server: Server;
  /** URL of the page in a language; other attributes of the element as wanted. */
  page(language: Language, attributes?: Record<string, string>): string;
  close(): Promise<void>;
}

/** `script` is the built widget, served from a third origin as a gateway would, with CORS for nothing but the API. */
export async function createMunicipality(script: string, gateway: string, yivi: string): Promise<Municipality> {
  const pageScript = `
    addEventListener('securitypolicyviolation', (event) => {
      document.documentElement.dataset.violation = event.violatedDirective + ' ' + event.blockedURI;
    });
    document.querySelector('#own-button').addEventListener('click', async () => {
      const input = { organisation: 'voorbeeldstad', purpose: 'verhuizing', gateway: '${gateway}' };
      document.documentElement.dataset.outcome = await Civicline.call(input);
    });`;
  const themeSheet = `
    body { font-family: sans-serif; margin: 1rem; }
    .themed { --utrecht-button-primary-action-background-color: rgb(120, 20, 60); }`;

  const server = await serve((request, response, path) => {
    if (path === '/civicline.js')
      return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    if (path === '/page.js') return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(pageScript);
    if (path === '/page.css') return void response.writeHead(200, { 'Content-Type': 'text/css' }).end(themeSheet);
    if (path !== '/') return void response.writeHead(404).end();
    const url = new URL(request.url ?? '/', server.origin);
    const policy = [
      "default-src 'none'",
      `script-src ${server.origin}`,
      `style-src ${server.origin}`,
      `connect-src ${gateway} ${yivi}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ].join('; ');
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy });
    response.end(pageHtml(url.searchParams, gateway));
  });

  return {
    server,
    page: (language, attributes = {}) => `${server.origin}/?${new URLSearchParams({ lang: language, ...attributes })}`,
    close: () => server.close(),
  };
}

function pageHtml(wanted: URLSearchParams, gateway: string): string {
  const language = wanted.get('lang') ?? 'nl';
  const purpose = wanted.get('purpose') ?? 'verhuizing';
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Voorbeeldstad</title>
<link rel="stylesheet" href="/page.css">
<main>
  <h1>Voorbeeldstad</h1>
  <civicline-call organisation="voorbeeldstad" purpose="${purpose}" gateway="${gateway}">085 000 00 01</civicline-call>
  <p><button id="own-button">Own button</button></p>
  <p class="themed"><civicline-call organisation="voorbeeldstad" purpose="verhuizing" gateway="${gateway}" lang="fr-BE"><span slot="label">Thème</span></civicline-call></p>
</main>
<script src="/civicline.js"></script>
<script src="/page.js"></script>
</html>`;
}
