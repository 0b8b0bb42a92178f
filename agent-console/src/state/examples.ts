/** Plain snapshots and calls for the unit tests; each test says only what matters to it. */
import type { CallView, Snapshot } from '@civicline/protocol';

export function call(given: Partial<CallView> & { id: string }): CallView {
  return {
    state: 'queued',
    verification: {
      kind: 'verified',
      disclosedAt: '2025-03-01T09:58:00Z',
      binding: 'app-dialled',
      numberAgrees: null,
      contested: false,
    },
    organisation: { id: 'voorbeeldstad', name: { nl: 'Gemeente Voorbeeldstad' } },
    purpose: { id: 'verhuizing', title: { nl: 'Verhuizing doorgeven', en: 'Report a move' } },
    queueId: 'burgerzaken',
    callingNumber: '+31612345678',
    arrivedAt: '2025-03-01T09:59:00Z',
    queuedAt: '2025-03-01T09:59:00Z',
    connectedAt: null,
    attributes: [],
    links: [],
    agentId: null,
    offeredTo: null,
    transferredBy: null,
    cutOffFrom: null,
    device: null,
    held: false,
    muted: false,
    source: { kind: 'asterisk' },
    note: '',
    wrapUpEndsAt: null,
    ...given,
  };
}

export function snapshot(given: Partial<Snapshot> = {}): Snapshot {
  return {
    sequence: 0,
    self: {
      id: 'me',
      name: 'Demo agent A',
      organisation: { id: 'voorbeeldstad', name: { nl: 'Gemeente Voorbeeldstad' } },
      roles: ['agent'],
      presence: 'ready',
      presenceReason: '',
      device: 'sip-phone',
      registered: { browser: false, 'sip-phone': true },
    },
    queues: [],
    calls: [],
    colleagues: [],
    transferQueues: [],
    telephonyAvailable: true,
    now: '2025-03-01T10:00:00Z',
    ...given,
  };
}
