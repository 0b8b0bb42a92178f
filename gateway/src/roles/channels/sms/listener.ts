import type { InboundSms, Receipt, RouterListener } from '@civicline/sms';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import { printable } from './departures.ts';
import type { SmsMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import { digestsOf, obey, wishOf } from './suppressions.ts';
import type { Tables } from './tables.ts';

/** Takes what the carriers say: delivery receipts, and people's answers. */
export function createListener(options: {
  database: Database<Tables>;
  recorder: Recorder;
  sealer: Sealer;
  metrics: () => SmsMetrics;
  wake: () => void;
  log: Logger;
  now: () => number;
}): RouterListener {
  const { database, recorder, sealer, metrics, wake, log, now } = options;

  async function receipt(route: string, { carrierId, state, reason }: Receipt): Promise<void> {
    if (state === 'pending') return;
    const code = state === 'delivered' ? null : (reason ?? 'RECEIPT_UNKNOWN');
    await recorder.receipt({ route, carrierId: printable(carrierId), state, reason: code, at: now() });
    metrics().receipt(route, code ?? state);
  }

  async function inbound(_route: string, { from, text }: InboundSms): Promise<void> {
    const wish = wishOf(text);
    if (!wish) return;
    await database.write((sql) => obey(sql, { wish, digests: digestsOf(sealer, from), at: now() }));
    log.info({ wish }, 'a recipient has spoken');
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
