/** Exchanges what a caller keyed for an identity, and finds the queue that follows from it. */
import type { Logger } from '../../../platform/http/index.ts';
import type { Identification, Redemption } from '../identification.ts';
import type { Admissions } from './admission.ts';
import { type Asterisks, isUncertain } from './asterisks.ts';
import type { Call } from './call.ts';
import type { LiveCalls } from './live-calls.ts';

export interface Identify {
  /** `code` null: the one that the dialplan left on the channel. The outcome becomes an event of the call. */
  redeem(call: Call, callingNumber: string | null, code: string | null): Promise<void>;
  /**
   * Under which number the wrong codes of this call count although its caller withholds it. Kept in memory for as long as
   * the call arrives: after a restart in between, they count for the call and the organisation only.
   */
  countUnder(callId: string, withheldNumber: string | null): void;
}

/** Set by the dialplan before Stasis. */
const CODE_VARIABLE = 'CIVICLINE_CODE';
const READ_AGAIN_MS = 1_000;

export function createIdentify(options: {
  live: LiveCalls;
  identification: Identification;
  admissions: Admissions;
  asterisks: Asterisks;
  measured: { redeemed(outcome: string): void };
  log: Logger;
}): Identify {
  const { live, identification, admissions, asterisks, measured, log } = options;
  const withheldNumbers = new Map<string, string>();
  live.onChange(({ after }) => {
    if (after.state !== 'arriving') withheldNumbers.delete(after.id);
  });

  /** null: Asterisk has not said. */
  async function codeOnChannel({ source }: Call): Promise<string | null> {
    const ari = source.kind === 'asterisk' ? asterisks.get(source.asteriskId)?.ari : undefined;
    if (source.kind !== 'asterisk' || !ari) return '';
    try {
      return (await ari.channels.getChannelVar({ channelId: source.channelId, variable: CODE_VARIABLE })).value;
    } catch (error) {
      // Else the variable or the channel is gone: a caller without a code, or none at all.
      return isUncertain(error) ? null : '';
    }
  }

  async function askIdentification(call: Call, callingNumber: string | null, code: string): Promise<Redemption> {
    try {
      const { organisationId, id: callId } = call;
      const countedNumber = callingNumber ?? withheldNumbers.get(callId) ?? null;
      return await identification.redeem({ organisationId, code, callId, callingNumber, countedNumber });
    } catch (error) {
      // Better served as somebody unknown than not at all.
      log.error({ error, callId: call.id }, 'a code could not be redeemed');
      return { outcome: 'rejected', reason: code === '' ? 'no-code' : 'code-unknown', mayRetry: false };
    }
  }

  return {
    countUnder(callId, withheldNumber) {
      if (withheldNumber !== null) withheldNumbers.set(callId, withheldNumber);
    },
    async redeem(call, callingNumber, code) {
      const keyed = code ?? (await codeOnChannel(call));
      if (keyed === null) {
        setTimeout(() => live.post(call.id, { type: 'code-unread', at: Date.now() }), READ_AGAIN_MS).unref();
        return;
      }
      const redemption = await askIdentification(call, callingNumber, keyed);
      const at = Date.now();
      if (redemption.outcome === 'verified') {
        measured.redeemed('verified');
        const { outcome, ...identity } = redemption;
        // Looked at when it counts: two callers may not take the last place in a queue.
        const event = () =>
          ({ type: 'redeemed', ...identity, admission: admissions.of(call, identity.purposeId), at }) as const;
        return live.post(call.id, event);
      }
      measured.redeemed(redemption.reason);
      const { reason, mayRetry, usedBy } = redemption;
      if (usedBy !== undefined && live.get(usedBy)) {
        log.error({ code: 'CALL_CODE_CONTESTED', callId: usedBy }, 'two callers keyed the same code');
        live.post(usedBy, { type: 'contested', at });
      }
      live.post(call.id, () => ({ type: 'rejected', reason, mayRetry, admission: admissions.of(call, null), at }));
    },
  };
}
