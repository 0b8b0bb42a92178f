/**
 * Reads a delivery status notification: the mail of type multipart/report (RFC 6522) by which a mail server tells what
 * became of ours (RFC 3464). Only what names our attempt and its status is taken; addresses are not.
 */
import { reasonOfStatus } from './status.ts';

export type Report = {
  attemptId: string;
} & ({ kind: 'failed'; reason: string } | { kind: 'delivered' } | { kind: 'delayed' });

/** Nobody nests deeper who means well. */
const DEEPEST = 5;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

type Headers = Map<string, string>;

interface Part {
  headers: Headers;
  body: string;
}

/** `mail`: headers and body as received. null: not a report about a mail of ours, such as a holiday notice. */
export function readReport(mail: string): Report | null {
  const message = partOf(mail.replaceAll(/\r\n?/g, '\n'));
  const parts = leavesOf(message, DEEPEST);
  const status = parts.find(({ headers }) =>
    /^message\/(global-)?delivery-status\b/i.test(headers.get('content-type') ?? ''),
  );
  if (!status) return null;
  const [perMessage = '', ...perRecipient] = status.body.split(/\n[ \t]*\n+/).filter((group) => group.trim() !== '');
  const attemptId = attemptOf(message, headersOf(perMessage), parts);
  if (attemptId === null) return null;
  // One mail, one addressee: further groups are about the aliases behind the address.
  const recipients = perRecipient.map(headersOf);
  const failed = recipients.find((fields) => actionOf(fields) === 'failed');
  if (failed) return { attemptId, kind: 'failed', reason: reasonOf(failed) };
  if (recipients.some((fields) => actionOf(fields) === 'delivered')) return { attemptId, kind: 'delivered' };
  return { attemptId, kind: 'delayed' };
}

/** The keyword alone: servers write why behind it, with or without the parentheses of a comment. */
function actionOf(fields: Headers): string {
  const [keyword = ''] = /^[a-z]*/.exec(withoutComments(fields.get('action') ?? '').toLowerCase()) ?? [];
  return keyword;
}

/** Comments may stand anywhere in a structured field, and within each other (RFC 5322 §3.2.2, RFC 3464 §2.1). */
function withoutComments(field: string): string {
  let text = '';
  let depth = 0;
  for (const [token] of field.matchAll(/\\.|[()]|[^\\()]+|\\/gs)) {
    if (token === '(') depth++;
    else if (token === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) text += token;
  }
  return text.trim();
}

/** The remote server's own words say more than a status of a general kind, such as 5.0.0. */
function reasonOf(fields: Headers): string {
  const status = withoutComments(fields.get('status') ?? '');
  const isGeneral = /^5\.0\.0\b/.test(status);
  const found = isGeneral ? reasonOfStatus(fields.get('diagnostic-code') ?? '') : reasonOfStatus(status);
  return found ?? 'MAIL_REFUSED';
}

/** From the envelope id (RFC 3461), the return path, or the Message-ID of the mail that comes back. */
function attemptOf(message: Part, perMessage: Headers, parts: Part[]): string | null {
  const returned = parts.filter(({ headers }) =>
    /^(text|message)\/(global|rfc822)/i.test(headers.get('content-type') ?? ''),
  );
  const places: [string, RegExp][] = [
    [perMessage.get('original-envelope-id') ?? '', new RegExp(`^\\s*(${UUID})\\s*$`, 'i')],
    [message.headers.get('to') ?? '', new RegExp(`\\+(${UUID})@`, 'i')],
    ...returned.map(({ body }): [string, RegExp] => [
      headersOf(body).get('message-id') ?? '',
      new RegExp(`^\\s*<(${UUID})@`, 'i'),
    ]),
  ];
  for (const [text, pattern] of places) {
    const [, id] = pattern.exec(withoutComments(text)) ?? [];
    if (id !== undefined) return id.toLowerCase();
  }
  return null;
}

function leavesOf(part: Part, depth: number): Part[] {
  const type = part.headers.get('content-type') ?? '';
  if (!/^multipart\//i.test(type) || depth === 0) return [part];
  const [, quoted, bare] = /\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return [part];
  return partsBetween(part.body, `--${boundary}`).flatMap((text) => leavesOf(partOf(text), depth - 1));
}

function partsBetween(body: string, delimiter: string): string[] {
  const parts: string[] = [];
  let lines: string[] | null = null;
  for (const line of body.split('\n')) {
    const isDelimiter = line.startsWith(delimiter) && /^(--)?[ \t]*$/.test(line.slice(delimiter.length));
    if (!isDelimiter) {
      lines?.push(line);
      continue;
    }
    if (lines) parts.push(lines.join('\n'));
    if (line.startsWith(`${delimiter}--`)) return parts;
    lines = [];
  }
  if (lines) parts.push(lines.join('\n'));
  return parts;
}

function partOf(text: string): Part {
  const end = text.startsWith('\n') ? 0 : text.indexOf('\n\n');
  if (end < 0) return { headers: headersOf(text), body: '' };
  return { headers: headersOf(text.slice(0, end)), body: text.slice(end).replace(/^\n\n?/, '') };
}

/** The fields up to the first empty line, unfolded; of repeated ones the first. */
function headersOf(text: string): Headers {
  const [block = ''] = text.split('\n\n', 1);
  const headers: Headers = new Map();
  for (const line of block.replaceAll(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}
