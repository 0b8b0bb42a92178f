import type { InboundSms, Receipt, RouterListener } from '@civicline/sms';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import type { CarrierIds } from './carrier-ids.ts';
import type { SmsMetrics } from './metrics.ts';
import { attemptIdIn, keysOf } from './receipts.ts';
import type { Recorder } from './recorder.ts';
import { digestsOf, obey, wishOf } from './suppressions.ts';
import type { SuppressionRow, Tables } from './tables.ts';

const E164 = /^\+[1-9]\d{6,14}$/;

/** Takes what the carriers say: delivery receipts, and people's answers. */
export function createListener(options: {
  database: Database<Tables>;
  recorder: Recorder;
  sealer: Sealer;
  carrierIds: CarrierIds;
  metrics: () => SmsMetrics;
  wake: () => void;
  /** Resolves when nothing more leaves that is suppressed. */
  suppress: (suppression: SuppressionRow) => Promise<void>;
  log: Logger;
  now: () => number;
}): RouterListener {
  const { database, recorder, sealer, carrierIds, metrics, wake, suppress, log, now } = options;

  async function receipt(route: string, { carrierId, state, reason }: Receipt): Promise<void> {
    if (state === 'pending') return;
    const code = state === 'delivered' ? null : (reason ?? 'RECEIPT_UNKNOWN');
    const attemptId = attemptIdIn(carrierId);
    const keys = keysOf(carrierIds, route, carrierId);
    await recorder.receipt({ ...keys, attemptId, state, reason: code, at: now() });
    metrics().receipt(route, code ?? state);
  }

  async function inbound(route: string, { from, text }: InboundSms): Promise<void> {
    const wish = wishOf(text);
    if (wish && !E164.test(from)) {
      log.warn({ code: 'INBOUND_NUMBER_UNREADABLE', route, wish }, 'the number behind a STOP or START cannot be read');
      metrics().inbound(route, 'unreadable');
      return;
    }
    metrics().inbound(route, wish ?? 'other');
    if (!wish) return;
    const suppression = await database.write((sql) => obey(sql, { wish, digests: digestsOf(sealer, from), at: now() }));
    if (suppression) await suppress(suppression);
    log.info({ wish, route }, 'a recipient sent STOP or START');
  }

  return {
    receipt,
    inbound,
    state(route, up) {
      log.info({ route, up }, 'SMS route');
      if (up) wake();
    },
  };
}
