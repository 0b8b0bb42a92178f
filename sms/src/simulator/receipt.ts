import { type Behaviour, type ReceiptState, STATE_NUMBER } from './behaviour.ts';
import type { DeliverSm } from './pdu.ts';

export interface Receipt {
  id: number;
  from: string;
  to: string;
  state: ReceiptState;
  /** UTC milliseconds */
  submittedAt: number;
  doneAt: number;
}

const RECEIPT = 0x04;

/** The id as a submit's answer gives it. */
export function issuedId(id: number, notation: Behaviour['messageIds']): string {
  return id.toString(notation === 'decimal' ? 10 : 16).toUpperCase();
}

/** A receipt as SMPP 3.4 Appendix B writes it, from the person's phone back to the sender. */
export function receiptPdu(receipt: Receipt, { receipts, messageIds }: Behaviour): DeliverSm {
  const id = issuedId(receipt.id, receipts.ids === 'as-issued' ? messageIds : receipts.ids);
  const delivered = receipt.state === 'DELIVRD';
  const text =
    `id:${id} sub:001 dlvrd:${delivered ? '001' : '000'} submit date:${minute(receipt.submittedAt)} ` +
    `done date:${minute(receipt.doneAt)} stat:${receipt.state} err:${delivered ? '000' : '001'} text:`;
  const pdu = {
    from: receipt.to,
    to: receipt.from,
    esmClass: RECEIPT,
    dataCoding: 0,
    userData: receipts.form === 'parameters' ? '' : text,
  };
  return receipts.form === 'text' ? pdu : { ...pdu, receipt: { id, state: STATE_NUMBER[receipt.state] } };
}

let lastMinute = 0;
let lastMinuteText = '';

/** YYMMDDhhmm in UTC; receipts of one minute are many. */
function minute(time: number): string {
  const current = Math.floor(time / 60_000);
  if (current !== lastMinute) {
    lastMinuteText = new Date(time).toISOString().replace(/\D/g, '').slice(2, 12);
    lastMinute = current;
  }
  return lastMinuteText;
}
