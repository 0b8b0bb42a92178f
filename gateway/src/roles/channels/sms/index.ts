export { createSmsChannel, type SmsChannel, type SmsChannelOptions } from './channel.ts';
export { type LedgerRow, ledger, ledgerCsv, ledgerTable } from './ledger.ts';
export { ledgerPlot } from './ledger-plot.ts';
export { smsRole } from './role.ts';
export type { SmsSettings } from './settings.ts';
