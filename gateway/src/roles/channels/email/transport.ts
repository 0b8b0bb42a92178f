/**
 * One SMTP server, reached by nodemailer's pool. What counts is whether a mail may have gone out: the pool must never
 * repeat one by itself, and an error after the server has asked for the content, without its answer, leaves that open
 * (RFC 5321, 4.2.5).
 */
import { createTransport } from 'nodemailer';
import { type Phase, reasonOfReply } from './status.ts';

export interface SmtpSettings {
  host: string;
  port: number;
  /** `tls` from the start (465), or by STARTTLS (587), which then must succeed; `none` is for a server on this machine. */
  security: 'tls' | 'starttls' | 'none';
  user?: string;
  password?: string;
  /** Certificates to trust in place of the system's, PEM. */
  ca?: string;
  /** How many mails are under way at once. */
  connections: number;
  /** How long the server may be silent, milliseconds. RFC 5321 asks for ten minutes after the content. */
  silenceMs: number;
  /** How long one mail may take in all: against a server that answers, but never to the end. Milliseconds. */
  sendMs: number;
}

export interface Mail {
  /** `Name <address>`, apart. */
  from: { name: string; address: string };
  to: string;
  subject: string;
  text: string;
  /** With angle brackets. */
  messageId: string;
  /** Where bounces go. */
  returnPath: string;
  /** The envelope id of delivery status notifications (RFC 3461). */
  envelopeId: string;
}

export type SendResult =
  | { kind: 'accepted' }
  | { kind: 'refused'; reason: string }
  /** Not this mail now, such as by greylisting. */
  | { kind: 'put-off' }
  /** No mail now: no connection, or none that we are let use. `why`: codes, for the log. */
  | { kind: 'unavailable'; why: string }
  /** Before the server asked for the content. */
  | { kind: 'withdrawn' }
  /** The answer to the content was lost. */
  | { kind: 'unknown' };

export interface MailTransport {
  /** Never rejects. `withdrawn`: it is not to leave; counts until the server asks for the content. */
  send(mail: Mail, withdrawn: AbortSignal): Promise<SendResult>;
  /** Ends the connections; mails under way become `unknown` or `unavailable`. */
  close(): void;
}

/** Ours are closed before servers close them. */
const IDLE_MS = 30_000;
const CONNECT_MS = 30_000;

export function createMailTransport(settings: SmtpSettings): MailTransport {
  const { host, port, security, user, password, ca, connections, silenceMs, sendMs } = settings;
  const transporter = createTransport({
    pool: true,
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    maxConnections: connections,
    maxRequeues: 0,
    idleTimeout: IDLE_MS,
    connectionTimeout: Math.min(CONNECT_MS, silenceMs),
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    // What it would log are addresses and contents.
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  /** Per Message-ID, whether the server has asked for the content. */
  const contentWanted = new Map<string, () => boolean>();
  transporter.use('stream', ({ data, message }, done) => {
    const createReadStream = message.createReadStream.bind(message);
    message.createReadStream = (options) => {
      const stream = createReadStream(options);
      // It is read as soon as the server has answered 354 to DATA, and not before.
      contentWanted.set(String(data.messageId), () => stream.readableDidRead);
      return stream;
    };
    done();
  });

  return {
    async send(mail, withdrawn) {
      const isWanted = () => contentWanted.get(mail.messageId)?.() ?? false;
      const stop = new AbortController();
      const withdraw = () => {
        if (!isWanted()) stop.abort();
      };
      if (withdrawn.aborted) return { kind: 'withdrawn' };
      withdrawn.addEventListener('abort', withdraw);
      // Not AbortSignal.timeout: of a signal made of several, garbage collection may take it away.
      const patience = setTimeout(() => stop.abort(), sendMs);
      try {
        const { rejected } = await transporter.sendMail({ ...messageOf(mail), signal: stop.signal });
        return rejected.length > 0 ? { kind: 'refused', reason: 'MAIL_REFUSED' } : { kind: 'accepted' };
      } catch (error) {
        if (withdrawn.aborted && !isWanted()) return { kind: 'withdrawn' };
        return resultOf(Object(error) as SmtpError, isWanted());
      } finally {
        clearTimeout(patience);
        withdrawn.removeEventListener('abort', withdraw);
        contentWanted.delete(mail.messageId);
      }
    },
    close: () => transporter.close({ force: true }),
  };
}

function messageOf({ from, to, subject, text, messageId, returnPath, envelopeId }: Mail) {
  return {
    from,
    // As an object: never parsed as a list.
    to: { name: '', address: to },
    subject,
    text,
    messageId,
    envelope: { from: returnPath, to },
    dsn: { id: envelopeId, return: 'headers' as const, notify: ['failure' as const, 'delay' as const] },
    // Nobody's holiday notice shall answer (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

interface SmtpError {
  code?: string;
  command?: string;
  responseCode?: number;
  response?: string;
}

/** Exported for its tests. `contentWanted`: the server had asked for the content. */
export function resultOf(error: SmtpError, contentWanted: boolean): SendResult {
  const { code = 'none', command = 'none', responseCode, response = '' } = error;
  const unavailable = { kind: 'unavailable', why: `${code} ${command} ${responseCode ?? ''}`.trim() } as const;
  if (responseCode === undefined) {
    if (contentWanted) return { kind: 'unknown' };
    if (code === 'EENVELOPE') return { kind: 'refused', reason: 'ADDRESS_UNKNOWN' };
    if (code === 'EMESSAGE') return { kind: 'refused', reason: 'CONTENT_TOO_LARGE' };
    return unavailable;
  }
  const phase = phaseOf(command);
  // 421: the server closes; it has not taken what it has not answered for.
  if (phase === 'session' || responseCode === 421 || responseCode === 503) return unavailable;
  if (responseCode < 500) return { kind: 'put-off' };
  const reason = reasonOfReply(responseCode, response, phase);
  // What it says about our own address is no addressee's fault.
  if (phase === 'sender' && reason !== 'CONTENT_TOO_LARGE') return unavailable;
  return { kind: 'refused', reason };
}

function phaseOf(command: string): Phase {
  if (command === 'MAIL FROM') return 'sender';
  if (command === 'RCPT TO') return 'recipient';
  return command === 'DATA' ? 'content' : 'session';
}
