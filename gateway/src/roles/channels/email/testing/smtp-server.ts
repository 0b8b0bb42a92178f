/**
 * A real SMTP server (npm smtp-server) in a process of its own, so that it can be killed at any moment. It does as it is
 * told over IPC, and tells what it received.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { SMTPServer } from 'smtp-server';

export type Reply = 'ok' | 'hang' | { code: number; message: string };

/** What to do at each point of the dialogue. */
export interface Behaviour {
  connect: Reply;
  mailFrom: Reply;
  rcptTo: Reply;
  /** After the content's final dot. `take`: the mail counts as received before the answer. */
  content: Reply | 'take-and-hang';
}

export interface StartOptions {
  port: number;
  tls: 'none' | 'starttls' | 'tls';
  /** PEM files; absent: the package's own certificate, which nobody trusts. */
  certificate?: { key: string; cert: string };
  behaviour: Behaviour;
}

export type Told =
  | { type: 'listening'; port: number }
  | { type: 'at'; point: keyof Behaviour }
  | { type: 'mail'; from: string; to: string[]; content: string };

const options = JSON.parse(process.argv[2] ?? '{}') as StartOptions;
let behaviour = options.behaviour;
const tell = (told: Told) => process.send?.(told);

type Callback = (error?: Error | null) => void;

function answer(point: keyof Behaviour, callback: Callback, received?: () => void): void {
  const reply = behaviour[point];
  if (reply === 'ok' || reply === 'take-and-hang') received?.();
  tell({ type: 'at', point });
  if (reply === 'hang' || reply === 'take-and-hang') return;
  if (reply === 'ok') callback();
  else callback(Object.assign(new Error(reply.message), { responseCode: reply.code }));
}

const server = new SMTPServer({
  secure: options.tls === 'tls',
  ...(options.certificate
    ? { key: readFileSync(options.certificate.key), cert: readFileSync(options.certificate.cert) }
    : {}),
  hideSTARTTLS: options.tls !== 'starttls',
  authOptional: true,
  disableReverseLookup: true,
  logger: false,
  onConnect: (_session, callback) => answer('connect', callback),
  onMailFrom: (_address, _session, callback) => answer('mailFrom', callback),
  onRcptTo: (_address, _session, callback) => answer('rcptTo', callback),
  onData(stream, session, callback) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () =>
      answer('content', callback, () => {
        const { mailFrom, rcptTo } = session.envelope;
        tell({
          type: 'mail',
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          content: Buffer.concat(chunks).toString(),
        });
      }),
    );
  },
});
server.on('error', () => undefined);
server.listen(options.port, '127.0.0.1', () => {
  const address = server.server.address();
  tell({ type: 'listening', port: typeof address === 'object' && address ? address.port : 0 });
});
process.on('message', (next: Behaviour) => {
  behaviour = next;
  tell({ type: 'at', point: 'connect' });
});
process.on('disconnect', () => process.exit(0));
