/** A client of the proxy that sends what it is told: paths, as browsers and `fetch` would tidy them, stay as they are. */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { WebSocket } from 'ws';
import { DOMAIN, type RunningProxy } from './proxy.ts';
import type { Asked } from './stand-in.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Question {
  path: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

export interface Client {
  /** HTTP/1.1 over TLS. */
  ask(question: Question): Promise<Answer>;
  /** HTTP/2. */
  ask2(question: Question): Promise<Answer>;
  /** HTTP/1.1 without TLS. */
  askPlainly(question: Question): Promise<Answer>;
  /** What comes first of an answer that does not end. */
  beginning(question: Question): Promise<string>;
  /** Opens a WebSocket, and says `words` once it was told what was asked. */
  talk(path: string, protocol: string, headers: Record<string, string>, words: string): Promise<Talk>;
  close(): void;
}

export interface Talk {
  asked: Asked;
  protocol: string;
  heard: string;
}

/** A keep-alive client of one proxy; `close` it before the proxy ends. */
export function createClient({ https, http, ca }: RunningProxy): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const tls = { ca, servername: DOMAIN };
  const session = connectHttp2(`https://127.0.0.1:${https}`, tls);

  const options = ({ path, method = 'GET', headers }: Question) => {
    return { host: '127.0.0.1', path, method, headers: { host: DOMAIN, ...headers } };
  };
  const encrypted = (question: Question) => httpsRequest({ ...options(question), ...tls, port: https, agent });

  return {
    ask: (question) => collected(encrypted(question), question.body),
    askPlainly: (question) => collected(httpRequest({ ...options(question), port: http }), question.body),
    ask2: (question) => askOn(session, question),
    beginning: (question) => beginningOf(encrypted(question)),
    talk: (path, protocol, headers, words) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`wss://127.0.0.1:${https}${path}`, [protocol], {
          ...tls,
          headers: { host: DOMAIN, ...headers },
        });
        socket.once('error', reject);
        socket.once('message', (told) => {
          socket.once('message', (heard) => {
            resolve({
              asked: JSON.parse(told.toString()) as Asked,
              protocol: socket.protocol,
              heard: heard.toString(),
            });
            socket.terminate();
          });
          socket.send(words);
        });
      }),
    close() {
      agent.destroy();
      session.destroy();
    },
  };
}

async function collected(request: ClientRequest, body = ''): Promise<Answer> {
  request.end(body);
  // `once` rejects when there is an error instead.
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status = 0, headers } = response;
  return { status, headers, body: await text(response) };
}

async function beginningOf(request: ClientRequest): Promise<string> {
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const plain = response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response;
  const [piece] = (await once(plain, 'data')) as [Buffer];
  response.destroy();
  return piece.toString();
}

async function askOn(session: ClientHttp2Session, { path, method = 'GET', headers, body }: Question): Promise<Answer> {
  const names = { ':authority': DOMAIN, ':path': path, ':method': method };
  const stream = session.request({ ...headers, ...names }, { endStream: false });
  stream.end(body);
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  return { status: answered[':status'], headers: answered, body: await text(stream) };
}
