/** Signs an agent in through the OpenID flow, choosing a person on the page of the development sign-in. */
import { CookieJar } from 'tough-cookie';

const MOST_REDIRECTS = 10;

/**
 * Signs in as the person whom the development sign-in knows under that name.
 *
 * @returns the value of the Cookie header for the gateway
 * @throws Error when the gateway does not accept that person
 */
export async function signIn(gatewayUrl: string, person: string): Promise<string> {
  const jar = new CookieJar();
  const choice = await visit(jar, `${gatewayUrl}/sign-in?return=/console/`);
  const body = new URLSearchParams({ person });
  await visit(jar, choice.url, { method: 'POST', body });
  const cookie = await jar.getCookieString(gatewayUrl);
  const session = await fetch(`${gatewayUrl}/v1/session`, { headers: { cookie } });
  if (!session.ok) throw new Error(`The gateway does not let this person in (${session.status}).`);
  return cookie;
}

/** Follows redirects with the cookies that each host has set, as a browser does. */
async function visit(jar: CookieJar, url: string, init: RequestInit = {}): Promise<{ url: string; status: number }> {
  let at = url;
  let request = init;
  for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
    const headers = { cookie: await jar.getCookieString(at) };
    const response = await fetch(at, { ...request, headers, redirect: 'manual' }).catch(() => {
      throw new Error(`Nobody answers at ${new URL(at).origin}. Start Civicline with: npm start`);
    });
    await response.body?.cancel();
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, at);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null)
      return { url: at, status: response.status };
    at = new URL(location, at).href;
    request = {};
  }
  throw new Error('The sign-in leads round in circles.');
}
