import { expect } from 'chai';
import { createIrmaClient, type DisclosureRequest, type IrmaClient } from './client.ts';
import { IrmaError } from './errors.ts';
import { type StandInServer, startStandInServer } from './testing/stand-in-server.ts';

const TOKEN = 'zWXmCuFPlTe2wRfKSjqQ';
const KEY = 'the-key-of-this-requestor';
const REQUEST: DisclosureRequest = {
  disclose: [[['civicline-demo.gemeente.personalData.bsn']], [['civicline-demo.contact.email.email'], []]],
  labels: { 0: { nl: 'Wie bent u?', en: 'Who are you?' } },
  clientReturnUrl: 'tel:+31850000001,12345678',
  callbackUrl: 'http://127.0.0.1:3000/internal/irma/1',
  timeoutSeconds: 300,
};
const STARTED = {
  sessionPtr: { u: 'http://127.0.0.1:1/irma/session/abc', irmaqr: 'disclosing' },
  token: TOKEN,
  frontendRequest: { authorization: 'frontend-secret', minProtocolVersion: '1.0', maxProtocolVersion: '1.1' },
};

describe('the IRMA client', () => {
  let server: StandInServer;
  let client: IrmaClient;

  beforeEach(async () => {
    server = await startStandInServer();
    client = createIrmaClient({ url: `${server.url}/`, token: KEY });
  });
  afterEach(() => server.stop());

  const answer = (status: number, body: string) => {
    server.answer = (_request, response) => response.writeHead(status).end(body);
  };
  const serverError = (status: number, error: string) => answer(status, JSON.stringify({ status, error }));
  const failureOf = async (work: Promise<unknown>): Promise<IrmaError> => {
    const error = await work.then(
      () => new Error('it did not fail'),
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(IrmaError);
    return error as IrmaError;
  };

  it('starts a disclosure and hands out what the browser needs, and the secret apart', async () => {
    let headers: Record<string, unknown> = {};
    let body = '';
    server.answer = async (request, response) => {
      headers = request.headers;
      for await (const chunk of request) body += chunk;
      response.end(JSON.stringify(STARTED));
    };
    const { requestorToken, ...forBrowser } = await client.startDisclosure(REQUEST);
    expect(requestorToken).to.equal(TOKEN);
    expect(forBrowser).to.deep.equal({ sessionPtr: STARTED.sessionPtr, frontendRequest: STARTED.frontendRequest });
    expect(headers).to.include({ authorization: KEY, 'content-type': 'application/json' });
    expect(JSON.parse(body)).to.deep.equal({
      timeout: 300,
      callbackUrl: REQUEST.callbackUrl,
      request: {
        '@context': 'https://irma.app/ld/request/disclosure/v2',
        disclose: REQUEST.disclose,
        labels: REQUEST.labels,
        clientReturnUrl: REQUEST.clientReturnUrl,
      },
    });
    expect(server.requests).to.deep.equal(['POST /session']);
  });

  it('asks for status and result, and cancels', async () => {
    answer(200, '"CONNECTED"');
    expect(await client.sessionStatus(TOKEN)).to.equal('CONNECTED');
    answer(
      200,
      JSON.stringify({ token: TOKEN, status: 'DONE', type: 'disclosing', proofStatus: 'VALID', disclosed: [null] }),
    );
    expect((await client.sessionResult(TOKEN)).disclosed).to.deep.equal([[]]);
    answer(204, '');
    await client.cancel(TOKEN);
    expect(server.requests).to.deep.equal([
      `GET /session/${TOKEN}/status`,
      `GET /session/${TOKEN}/result`,
      `DELETE /session/${TOKEN}`,
    ]);
  });

  it('sends nothing on a connection that the server may be ending', async () => {
    answer(200, '"CONNECTED"');
    for (let i = 0; i < 3; i++) await client.sessionStatus(TOKEN);
    expect(server.connections).to.equal(3);
  });

  it('says that the server cannot be reached: no connection, no answer, half an answer, a failure', async () => {
    const impatient = createIrmaClient({ url: server.url, token: KEY, timeoutMs: 100 });
    const cases: Record<string, StandInServer['answer']> = {
      slow: () => {},
      'cut off': (_request, response) => {
        response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy());
      },
      '500': (_request, response) => response.writeHead(500).end('{"status":500,"error":"INTERNAL_ERROR"}'),
      '502 of a proxy': (_request, response) => response.writeHead(502).end('<html>Bad gateway</html>'),
      redirect: (_request, response) => response.writeHead(302, { location: '/x' }).end(),
    };
    for (const [name, misbehave] of Object.entries(cases)) {
      server.answer = misbehave;
      expect((await failureOf(impatient.sessionStatus(TOKEN))).code, name).to.equal('IRMA_UNREACHABLE');
    }
    await server.stop();
    expect((await failureOf(client.sessionStatus(TOKEN))).code).to.equal('IRMA_UNREACHABLE');
  });

  it('does not take garbage for an answer', async () => {
    for (const garbage of [
      '',
      'null',
      '{}',
      '<html></html>',
      '"FINISHED"',
      '{"token":"x y","status":"DONE","type":"disclosing"}',
    ]) {
      answer(200, garbage);
      expect((await failureOf(client.sessionStatus(TOKEN))).code, garbage).to.equal('IRMA_UNREACHABLE');
      expect((await failureOf(client.sessionResult(TOKEN))).code, garbage).to.equal('IRMA_UNREACHABLE');
      expect((await failureOf(client.startDisclosure(REQUEST))).code, garbage).to.equal('IRMA_UNREACHABLE');
    }
  });

  it('tells an unknown session from a refused request', async () => {
    serverError(400, 'SESSION_UNKNOWN');
    expect((await failureOf(client.sessionResult(TOKEN))).code).to.equal('IRMA_SESSION_UNKNOWN');
    expect((await failureOf(client.cancel(TOKEN))).code).to.equal('IRMA_SESSION_UNKNOWN');
    serverError(403, 'UNAUTHORIZED');
    const refused = await failureOf(client.startDisclosure(REQUEST));
    expect(refused).to.include({ code: 'IRMA_REJECTED' });
    expect(refused.message).to.contain('403').and.to.contain('UNAUTHORIZED');
    answer(404, 'page not found');
    expect((await failureOf(client.sessionStatus(TOKEN))).code).to.equal('IRMA_REJECTED');
  });

  it('keeps secrets out of its errors', async () => {
    const secrets = [TOKEN, KEY, '12345678', '/session', 'secret words', 'http:'];
    const errors: IrmaError[] = [];
    answer(400, JSON.stringify({ error: 'INVALID_REQUEST', message: `secret words ${TOKEN} 12345678` }));
    errors.push(await failureOf(client.startDisclosure(REQUEST)), await failureOf(client.sessionResult(TOKEN)));
    answer(400, JSON.stringify({ error: `secret words ${TOKEN}` }));
    errors.push(await failureOf(client.cancel(TOKEN)));
    answer(200, `secret words ${TOKEN}`);
    errors.push(await failureOf(client.sessionResult(TOKEN)));
    await server.stop();
    errors.push(await failureOf(client.startDisclosure(REQUEST)), await failureOf(client.sessionStatus(TOKEN)));
    for (const error of errors) {
      const text = [error.message, error.stack, JSON.stringify(error), String(error.cause)]
        .join(' ')
        .replaceAll('file://', '');
      for (const secret of secrets) expect(text).not.to.contain(secret);
    }
  });
});
