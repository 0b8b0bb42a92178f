/** What the vendor tells by itself or when it is polled: states of messages, and messages of people. */
import { type CountryCode, e164Of } from '../numbers.ts';
import type { InboundSms, Receipt } from '../route.ts';

export type Told = { kind: 'receipt'; receipt: Receipt } | { kind: 'inbound'; sms: InboundSms };

/**
 * Reads one record, whose property names may be in any case; null when it is neither. Status records repeat number and
 * text: neither is taken over. A receipt goes by our Reference, which is known also when the answer with the MessageId
 * was lost. `country`: whose national numbers the vendor writes.
 */
export function readRecord(record: unknown, country?: CountryCode): Told | null {
  if (typeof record !== 'object' || record === null) return null;
  const fields = new Map(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string) => {
    const value = fields.get(name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  if (fields.has('statuscode')) {
    const carrierId = text('reference') || text('messageid');
    return carrierId ? { kind: 'receipt', receipt: { carrierId, ...stateOf(text('statuscode')) } } : null;
  }
  const from = text('from');
  if (!fields.has('message') || !from) return null;
  return { kind: 'inbound', sms: { from: asE164(from, country), to: text('to'), text: text('message') } };
}

function stateOf(statusCode: string): Omit<Receipt, 'carrierId'> {
  const code = /^\d{1,3}$/.test(statusCode) ? Number(statusCode) : Number.NaN;
  if (code === 200 || code === 201) return { state: 'delivered' };
  if (code >= 300 && code < 400) return { state: 'failed', reason: 'RECEIPT_UNDELIVERABLE' };
  if (code >= 400 && code < 500) return { state: 'failed', reason: 'RECEIPT_UNKNOWN' };
  if (code >= 800 && code < 900) return { state: 'failed', reason: 'RECEIPT_REJECTED' };
  return { state: 'pending' };
}

/** The vendor leaves the plus sign out. */
function asE164(number: string, country: CountryCode | undefined): string {
  return e164Of({ address: number, ton: 1, npi: 1 }, country) ?? number;
}
