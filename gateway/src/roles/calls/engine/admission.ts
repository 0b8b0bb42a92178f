/** Which queue a call belongs to, and whether that queue takes it now. */
import { isOpen, type Organisations } from '../../directory/organisations/index.ts';
import type { Admission, Call, QueueRules } from './call.ts';

export interface Admissions {
  /** The queue's rules; undefined when the organisation has no such queue. */
  rules(organisationId: string, queueId: string): QueueRules | undefined;
  isOpen(organisationId: string, queueId: string): boolean;
  /** For a caller with this purpose, or with none: then the queue of the number that was called. */
  of(call: Call, purposeId: string | null): Admission;
}

export function createAdmissions(
  organisations: Organisations,
  waitingIn: (organisationId: string, queueId: string) => number,
): Admissions {
  function queueOf(call: Call, purposeId: string | null): string | undefined {
    const purpose = purposeId === null ? undefined : organisations.purpose(call.organisationId, purposeId)?.purpose;
    return purpose?.queue ?? organisations.byNumber(call.calledNumber)?.number.queue;
  }

  function rules(organisationId: string, queueId: string): QueueRules | undefined {
    const queue = organisations.queue(organisationId, queueId);
    return (
      queue && {
        queueId,
        maxWaitMs: queue.maxWaitSeconds * 1_000,
        ringMs: queue.ringSeconds * 1_000,
        wrapUpMs: queue.wrapUpSeconds * 1_000,
      }
    );
  }

  function isQueueOpen(organisationId: string, queueId: string): boolean {
    const hours = organisations.queue(organisationId, queueId)?.openingHours;
    return hours === undefined || isOpen(hours, Date.now());
  }

  return {
    rules,
    isOpen: isQueueOpen,
    of(call, purposeId) {
      const queueId = queueOf(call, purposeId);
      const found = queueId === undefined ? undefined : rules(call.organisationId, queueId);
      if (!found || !isQueueOpen(call.organisationId, found.queueId)) return { kind: 'closed' };
      const capacity = organisations.queue(call.organisationId, found.queueId)?.capacity ?? 0;
      if (waitingIn(call.organisationId, found.queueId) >= capacity) return { kind: 'full' };
      return { kind: 'admitted', rules: found };
    },
  };
}
