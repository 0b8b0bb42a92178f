import type { Identification, Redemption, RedemptionInput } from '../identification.ts';
import { BSN, NAME } from './organisations.ts';

/** Stand-in for call requests: every code is good once, except those that begin with 0. */
export function standInIdentification(): Identification & {
  reports: { requestId: string; state: string }[];
  /** What was asked of it, in order. */
  asked: RedemptionInput[];
} {
  const asked: RedemptionInput[] = [];
  const usedBy = new Map<string, string>();
  const reports: { requestId: string; state: string }[] = [];
  return {
    reports,
    asked,
    async redeem(input): Promise<Redemption> {
      asked.push(input);
      const { code, callId } = input;
      if (code === '') return { outcome: 'rejected', reason: 'no-code', mayRetry: false };
      if (code.startsWith('0')) return { outcome: 'rejected', reason: 'code-unknown', mayRetry: true };
      const owner = usedBy.get(code) ?? callId;
      usedBy.set(code, owner);
      if (owner !== callId) return { outcome: 'rejected', reason: 'code-used', mayRetry: true, usedBy: owner };
      return {
        outcome: 'verified',
        requestId: `request-${[...usedBy.keys()].indexOf(code) + 1}`,
        purposeId: 'verhuizing',
        language: 'fr',
        disclosedAt: 1_700_000_000_000,
        binding: 'app-dialled',
        numberAgrees: null,
        attributes: [
          { id: NAME, value: 'W. de Vries' },
          { id: BSN, value: code },
        ],
      };
    },
    async report(requestId, state) {
      reports.push({ requestId, state });
    },
    async endForgotten(isLive) {
      for (const [index, callId] of [...usedBy.values()].entries()) {
        if (!isLive(callId)) reports.push({ requestId: `request-${index + 1}`, state: 'ended' });
      }
    },
  };
}
