/**
 * Call requests: a citizen's way from the website to a code that proves who calls. The only role that sees codes, the
 * IRMA server and the widget.
 */
import type { Express } from 'express';
import type { EventStreams, Logger, Metrics } from '../../../platform/http/index.ts';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import type { IrmaClient } from '../../directory/irma/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { Identification } from '../identification.ts';
import type { CallsSettings } from '../settings.ts';
import { createDisclosures, type Disclosures } from './disclosures.ts';
import { GUESS_LIMITS, type GuessLimits } from './guesses.ts';
import { createRedemption } from './redemption.ts';
import { mountRequests } from './routes.ts';
import { createStatuses } from './statuses.ts';
import { type CallRequest, createRequestStore, migrations } from './store.ts';
import { createUpkeep, type Upkeep } from './upkeep.ts';

export { GUESS_LIMITS, type GuessLimits } from './guesses.ts';
export { requestLogCodes, requestOperations } from './routes.ts';
export { requestKeyedColumns } from './store.ts';

export interface CallRequests {
  identification: Identification;
  disclosures: Disclosures;
  upkeep: Upkeep;
  mount(http: Express): void;
}

export interface CallRequestOptions {
  config: Pick<CallsSettings, 'publicUrl' | 'codeMinutes' | 'callRequestsPerMinute' | 'irma'>;
  database: Database;
  sealer: Sealer;
  organisations: Organisations;
  irma: IrmaClient;
  streams: EventStreams;
  limits?: GuessLimits;
  log: Logger;
  metrics: Metrics;
  now: () => number;
}

export async function createCallRequests(options: CallRequestOptions): Promise<CallRequests> {
  const { config, database, sealer, organisations, irma, streams, limits = GUESS_LIMITS, log, metrics, now } = options;
  await database.migrate('call-requests', migrations);
  const store = createRequestStore(database);
  const statuses = createStatuses();
  const onChange = (request: CallRequest) => {
    log.info({ callRequestId: request.id, state: request.state }, 'call request');
    statuses.publish(request);
  };
  const disclosures = createDisclosures({
    store,
    sealer,
    irma,
    callbackUrl: config.irma.callbackUrl,
    codeMs: config.codeMinutes * 60_000,
    onChange,
    log,
    metrics,
    now,
  });
  const reconcile = (request: CallRequest) =>
    // Away: what is known now decides.
    disclosures.reconcile(request).catch((error: unknown) => log.warn({ error }, 'the IRMA server does not answer'));
  const redeem = createRedemption({ store, sealer, limits, reconcile, onChange, log, metrics, now });
  const triesMs = Math.max(limits.numberWindowMs, limits.organisationWindowMs);

  return {
    identification: {
      redeem,
      async report(requestId, state) {
        // The redemption itself has brought it there.
        if (state === 'calling') return;
        const changed = await store.advance(requestId, state, now());
        if (changed) onChange(changed);
      },
      async endForgotten(isLive) {
        for (const { id, redeemed_by: callId } of await store.inCall()) {
          if (callId === null || isLive(callId)) continue;
          const changed = await store.advance(id, 'ended', now());
          if (changed) onChange(changed);
        }
      },
    },
    disclosures,
    upkeep: createUpkeep({ store, disclosures, statuses, onChange, triesMs, log, now }),
    mount: (http) =>
      mountRequests(http, {
        organisations,
        store,
        sealer,
        disclosures,
        statuses,
        streams,
        publicUrl: config.publicUrl,
        perMinute: config.callRequestsPerMinute,
        now,
      }),
  };
}
