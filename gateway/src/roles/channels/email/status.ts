/** What an SMTP answer or a delivery status notification says about a mail, as one of our stable codes. */

/** Where in the SMTP dialogue an answer came. */
export type Phase = 'session' | 'sender' | 'recipient' | 'content';

/** Enhanced status codes (RFC 3463; 5.1.10: RFC 7505; 5.7.x: any policy), without their class. */
const REASONS: Record<string, string> = {
  '1.0': 'ADDRESS_UNKNOWN',
  '1.1': 'ADDRESS_UNKNOWN',
  '1.2': 'ADDRESS_UNKNOWN',
  '1.3': 'ADDRESS_UNKNOWN',
  '1.4': 'ADDRESS_UNKNOWN',
  '1.6': 'ADDRESS_UNKNOWN',
  '1.10': 'ADDRESS_UNKNOWN',
  '2.1': 'MAILBOX_DISABLED',
  '2.2': 'MAILBOX_FULL',
  '2.3': 'CONTENT_TOO_LARGE',
  '3.4': 'CONTENT_TOO_LARGE',
  '4.1': 'SERVER_UNREACHABLE',
  '4.4': 'SERVER_UNREACHABLE',
  '4.7': 'SERVER_UNREACHABLE',
};

const ENHANCED = /(?:^|[^\d.])[245]\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)/;

/** Of a permanent refusal (RFC 5321, 4.2.3): `text` is the server's answer. */
export function reasonOfReply(code: number, text: string, phase: Phase): string {
  const enhanced = reasonOfStatus(text.replace(/^\d{3}[ -]/, ''));
  if (enhanced) return enhanced;
  if (code === 552) return phase === 'recipient' ? 'MAILBOX_FULL' : 'CONTENT_TOO_LARGE';
  if (phase === 'recipient' && [550, 551, 553].includes(code)) return 'ADDRESS_UNKNOWN';
  return 'MAIL_REFUSED';
}

/** Of the first enhanced status code in the text; null: there is none. */
export function reasonOfStatus(text: string): string | null {
  const [found, subject = '', detail = ''] = ENHANCED.exec(text) ?? [];
  if (found === undefined) return null;
  if (subject === '7') return 'MAIL_REFUSED_BY_POLICY';
  return REASONS[`${subject}.${detail}`] ?? 'MAIL_REFUSED';
}
