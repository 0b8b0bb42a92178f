import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { choicePage, gonePage, languageOf, type Person, STYLE } from './page.ts';
import { createProvider } from './provider.ts';

export interface DevelopmentSignInOptions {
  /** 0: any free one. */
  port: number;
  clientId: string;
  clientSecret: string;
  redirectUris: readonly string[];
  people: readonly Person[];
}

export interface DevelopmentSignIn {
  /** Such as http://127.0.0.1:3001 */
  issuer: string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAX_BODY = 10_000;

/** Starts the OpenID provider for development. It trusts everybody, therefore it listens on the loopback address only. */
export async function startDevelopmentSignIn(options: DevelopmentSignInOptions): Promise<DevelopmentSignIn> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, HOST, resolve);
  });
  const issuer = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  const provider = await createProvider({ ...options, issuer });
  const oidc = provider.callback();
  const formAction = ["'self'", ...options.redirectUris.map((uri) => new URL(uri).origin)].join(' ');

  server.on('request', (request, response) => {
    const target = URL.canParse(request.url ?? '/', issuer) ? new URL(request.url ?? '/', issuer) : null;
    if (target === null) return void response.writeHead(400).end();
    const { pathname } = target;
    if (pathname === '/style.css') return void response.setHeader('Content-Type', 'text/css').end(STYLE);
    // In a demonstration one browser plays several agents: every sign-in begins without a session and asks who it is.
    request.headers.cookie = withoutSession(request.headers.cookie ?? '');
    if (!pathname.startsWith('/people/')) return void oidc(request, response);
    response.setHeader(
      'Content-Security-Policy',
      // Browsers apply form-action to the redirects after a form as well.
      `default-src 'none'; style-src 'self'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    );
    response.setHeader('Cache-Control', 'no-store');
    choose(provider, options, request, response).catch(() => {
      response.statusCode = 400;
      sendPage(response, gonePage(languageOf(request.headers['accept-language'])));
    });
  });

  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function choose(
  provider: Provider,
  { people }: DevelopmentSignInOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    sendPage(response, choicePage(languageOf(request.headers['accept-language']), people, String(params.client_id)));
    return;
  }
  const chosen = new URLSearchParams(await readBody(request)).get('person');
  const person = people.find(({ sub }) => sub === chosen);
  if (!person) throw new Error('Nobody was chosen.');
  await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
}

function withoutSession(cookies: string): string {
  return cookies
    .split(/; */)
    .filter((cookie) => !cookie.startsWith('_session'))
    .join('; ');
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_BODY) throw new Error('The form is too large.');
  }
  return body;
}

function sendPage(response: ServerResponse, html: string): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8').end(html);
}
