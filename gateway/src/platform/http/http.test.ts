import { expect } from 'chai';
import { startTestGateway, type TestGateway } from '../../test-gateway.ts';
import { StorageError } from '../storage/index.ts';
import { AppError, problemOf } from './index.ts';

describe('HTTP ground', () => {
  let test: TestGateway;

  before(async () => {
    test = await startTestGateway({ CIVICLINE_DEMO: 'true' });
  });
  after(() => test.stop());

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${test.url}${path}`, { headers, redirect: 'manual' });

  it('answers what is not there with a problem', async () => {
    const response = await get('/v1/nothing');
    expect(response.status).to.equal(404);
    expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/);
    expect(await response.json()).to.include({ status: 404, code: 'NOT_FOUND' });
    expect((await get('/v1/call-requests/%E0%A4%A/events')).status).to.equal(400);
  });

  it('answers people who open it in a browser with a page in their language, and programs with a problem', async () => {
    const browser = {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
      'accept-language': 'fr-BE,fr;q=0.9',
    };
    const page = await get('/nope', browser);
    expect([page.status, page.headers.get('content-type'), page.headers.get('vary')]).to.deep.equal([
      404,
      'text/html; charset=utf-8',
      'Accept',
    ]);
    expect(page.headers.get('content-security-policy')).to.include("default-src 'none'").and.not.include('unsafe');
    expect(await page.text())
      .to.include('<html lang="fr">')
      .and.include('Cette page n’existe pas')
      .and.include('NOT_FOUND');
    const malformed = await get('/v1/call-requests/%E0%A4%A/events', browser);
    expect([malformed.status, await malformed.text()].join()).to.match(/^400,.*PATH_MALFORMED/s);
    for (const accept of ['*/*', 'application/json', 'application/json, text/plain, */*', 'text/event-stream', ''])
      expect((await get('/nope', { accept })).headers.get('content-type'), accept).to.match(/problem\+json/);
    const posted = await fetch(`${test.url}/nope`, { method: 'POST', headers: browser });
    expect(posted.headers.get('content-type')).to.match(/problem\+json/);
  });

  it('keeps its own faults to itself', () => {
    expect(problemOf(new Error('password in the database'))).to.deep.equal({
      type: 'about:blank',
      title: 'Something went wrong in the gateway. It has been logged.',
      status: 500,
      code: 'INTERNAL',
    });
    expect(problemOf(new AppError(409, 'X', 'title', { detail: 'why' }))).to.include({ status: 409, detail: 'why' });
  });

  it('says that a request may be repeated when it was the database that failed', () => {
    const away = new StorageError('STORAGE_UNAVAILABLE', 'the connection was lost.');
    expect(problemOf(away)).to.include({ status: 503, code: 'STORAGE_UNAVAILABLE' });
    expect(problemOf(new StorageError('STORAGE_REFUSED', 'no such table: x'))).to.include({ status: 500 });
  });

  it('allows nothing by policy but what a page needs', async () => {
    const api = await get('/health');
    expect(api.headers.get('content-security-policy')).to.match(/^default-src 'none'/);
    expect(api.headers.get('x-content-type-options')).to.equal('nosniff');
    expect(api.headers.get('x-frame-options')).to.equal('DENY');
    for (const page of ['/docs', '/console/', '/demo/']) {
      const policy = (await get(page)).headers.get('content-security-policy') ?? '';
      expect(policy, page).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
      expect(policy, page).not.to.include('unsafe');
    }
    expect((await get('/console/')).headers.get('content-security-policy')).to.include(test.url.replace('http', 'ws'));
    expect((await get('/widget/civicline.js')).headers.get('cross-origin-resource-policy')).to.equal('cross-origin');
  });

  it('documents every operation, in a form for programs and one for people', async () => {
    const document = (await (await get('/docs/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(document.openapi).to.equal('3.1.0');
    expect(document.paths).to.include.keys('/v1/call-requests', '/v1/session');
    expect(document.paths['/v1/call-requests']?.post?.responses).to.include.keys('201', '429');
    const html = await (await get('/docs')).text();
    for (const path of Object.keys(document.paths)) expect(html).to.include(path);
    expect(html).not.to.match(/<script(?![^>]*src=)|\son\w+=/);
  });

  it('tells whether it is up and ready, and measures', async () => {
    expect(await (await get('/health')).json()).to.deep.equal({ status: 'up' });
    expect(await (await get('/ready')).json()).to.have.property('ready', true);
    const metrics = await (await get('/metrics')).text();
    expect(metrics).to.include('civicline_http_request_seconds_count{method="GET",route="/health",status="200"}');
  });

  it('refuses octets that are not UTF-8, in every JSON body and in the query', async () => {
    const document = (await (await get('/docs/openapi.json')).json()) as {
      paths: Record<string, Record<string, { requestBody?: { content: object } }>>;
    };
    const taking = Object.entries(document.paths)
      .filter(([, { post }]) => 'application/json' in (post?.requestBody?.content ?? {}))
      // It reads its body as a stream, once it knows the sender; see its own tests.
      .filter(([path]) => path !== '/v1/messages/batch')
      .map(([path]) => path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000'));
    expect(taking).to.include.members(['/v1/call-requests', '/v1/telephony/calls']);
    const post = (path: string, body: Buffer, type = 'application/json') =>
      fetch(`${test.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) });
    const problem = async (response: Response) => {
      const { status, code } = (await response.json()) as { status: number; code: string };
      return [response.status, status, code];
    };
    for (const path of taking) {
      for (const octets of ['{"reference":"\xff"}', '{"\xc3(":1}', '"\xed\xa0\x80"', '\xff']) {
        const refused = await problem(await post(path, Buffer.from(octets, 'latin1')));
        expect(refused, path).to.deep.equal([400, 400, 'JSON_MALFORMED']);
      }
      const utf16 = await post(path, Buffer.from('{}', 'utf16le'), 'application/json; charset=utf-16le');
      expect(await problem(utf16), path).to.deep.equal([415, 415, 'CHARSET_UNSUPPORTED']);
    }
    const marked = await post('/v1/call-requests', Buffer.from('\ufeff{}'));
    expect(await problem(marked)).to.deep.equal([400, 400, 'INPUT_INVALID']);
  });

  it('gives each request an id, and takes over one that is a UUID', async () => {
    const id = '01900000-0000-7000-8000-000000000000';
    expect((await get('/health', { 'x-request-id': id })).headers.get('x-request-id')).to.equal(id);
    const own = (await get('/health', { 'x-request-id': 'Jan Jansen' })).headers.get('x-request-id');
    expect(own).to.match(/^[0-9a-f-]{36}$/);
  });

  it('logs the route, never path, query, headers or body', async () => {
    await fetch(`${test.url}/v1/call-requests/path-secret/dial-code?query-secret`, {
      method: 'POST',
      headers: { authorization: 'Bearer header-secret', 'content-type': 'application/json' },
      body: '{"body":"body-secret"}',
    });
    const log = test.lines.join('');
    expect(log).to.include('/v1/call-requests/:id/dial-code');
    expect(log).not.to.include('secret');
  });

  it('ends open streams when it stops, and then answers no more', async () => {
    const created = (await (
      await fetch(`${test.url}/v1/call-requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ organisation: 'voorbeeldstad', purpose: 'verhuizing' }),
      })
    ).json()) as { id: string; token: string };
    const stream = await get(`/v1/call-requests/${created.id}/events`, { authorization: `Bearer ${created.token}` });
    const text = stream.text();
    await test.restart();
    expect(await text).to.match(/^data: .*awaiting-disclosure.*\n\n$/);
    expect((await get('/health')).status).to.equal(200);
  });
});
