/**
 * What the citizen's dialog shows, as a pure function of what happened. Effects are in `session.ts`.
 *
 *   preparing ─► identify ─► disclosed ─► calling ─► queued ─► connected ─► ended
 *     │             │            └► expired
 *     │             └► cancelled | expired | failed
 *     └► closed | problem ◄── identify
 *
 * Everything up to `identify` is undone when the dialog is closed; from `disclosed` on the call goes its own way and the
 * dialog only watches. The gateway's numbered statuses rule: a repeated or late one changes nothing.
 */
import type { CallRequestState, CallRequestStatus, DialCode, PurposeView } from '@civicline/protocol';
import type { Problem } from './problem.ts';

export type Step = 'preparing' | 'identify' | 'closed' | 'problem' | Exclude<CallRequestState, 'awaiting-disclosure'>;

/** How the citizen gets the session into the Yivi app, and how far the app is. */
export type Identification =
  | { kind: 'preparing' }
  /** For a phone's camera; `canGoBack` when the app on this device was offered first. */
  | { kind: 'qr'; url: string; canGoBack: boolean }
  /** Opens the app on this device. */
  | { kind: 'link'; url: string }
  /** The app shows four digits that have to be typed here; `rejected` when the last ones were wrong. */
  | { kind: 'pairing'; rejected: boolean }
  /**
   * For calling from another phone: scanned, or opened here, and paired by the gateway, which asks for the digits that the
   * app shows. `link` opens the app on this device; null on a desktop.
   */
  | { kind: 'paired-qr'; url: string; link: string | null; digits: 'wanted' | 'checking' | 'rejected' }
  | { kind: 'in-app' }
  /** The app is done, the gateway has not yet said so. */
  | { kind: 'checking' };

/** Number and code for another phone; `hidden` as well where the app's own phone calls. */
export type OtherPhone =
  | { kind: 'hidden' }
  | { kind: 'asking' }
  | { kind: 'shown'; dialCode: DialCode }
  | { kind: 'refused'; problem: Problem };

/** The phone that calls: the one with the app, which keys the code by itself, or another one. */
export type CallingPhone = 'app' | 'other';

export interface Flow {
  readonly step: Step;
  readonly phone: CallingPhone;
  /** null until the gateway has told it; stays when the citizen starts again. */
  readonly purpose: PurposeView | null;
  readonly identification: Identification;
  readonly otherPhone: OtherPhone;
  /** Which connections are broken at the moment; both come back by themselves. */
  readonly lost: { readonly gateway: boolean; readonly yivi: boolean };
  /** Only in `problem`. */
  readonly problem: Problem | null;
  /** Of the newest status that was taken over. */
  readonly sequence: number;
}

export type FlowEvent =
  | { type: 'purpose-loaded'; purpose: PurposeView }
  | { type: 'request-created' }
  | { type: 'identification'; identification: Identification }
  | { type: 'yivi-ended'; how: 'cancelled' | 'expired' }
  | { type: 'status'; status: CallRequestStatus }
  | { type: 'connection'; to: 'gateway' | 'yivi'; lost: boolean }
  | { type: 'other-phone'; otherPhone: OtherPhone }
  | { type: 'problem'; problem: Problem };

/** The beginning, also of a new attempt, which then shows the purpose it already knows. */
export function begin(purpose: PurposeView | null = null, phone: CallingPhone = 'app'): Flow {
  return {
    step: 'preparing',
    phone,
    purpose,
    identification: { kind: 'preparing' },
    otherPhone: { kind: 'hidden' },
    lost: { gateway: false, yivi: false },
    problem: null,
    sequence: -1,
  };
}

/** The flow after an event; the very same object when the event changes nothing. */
export function advance(flow: Flow, event: FlowEvent): Flow {
  switch (event.type) {
    case 'purpose-loaded':
      if (flow.step !== 'preparing') return flow;
      return { ...flow, purpose: event.purpose, step: event.purpose.open ? 'preparing' : 'closed' };
    case 'request-created':
      return flow.step === 'preparing' ? { ...flow, step: 'identify' } : flow;
    case 'identification':
      return flow.step === 'identify' ? { ...flow, identification: event.identification } : flow;
    case 'yivi-ended':
      return flow.step === 'identify' ? { ...flow, step: event.how, lost: begin().lost } : flow;
    case 'status':
      return afterStatus(flow, event.status);
    case 'connection':
      if (!isWatching(flow) || flow.lost[event.to] === event.lost) return flow;
      return { ...flow, lost: { ...flow.lost, [event.to]: event.lost } };
    case 'other-phone':
      return flow.step === 'disclosed' ? { ...flow, otherPhone: event.otherPhone } : flow;
    case 'problem':
      if (isFinal(flow)) return flow;
      return { ...flow, step: 'problem', problem: event.problem, lost: begin().lost, otherPhone: begin().otherPhone };
  }
}

function afterStatus(flow: Flow, status: CallRequestStatus): Flow {
  if (status.sequence <= flow.sequence || flow.step === 'ended') return flow;
  const told = { ...flow, sequence: status.sequence };
  if (status.state === 'awaiting-disclosure') return told;
  const step = status.state;
  const lost = { gateway: false, yivi: false };
  // A code that is used or void must not stay on the screen.
  const otherPhone = step === 'disclosed' ? flow.otherPhone : ({ kind: 'hidden' } as const);
  return { ...told, step, lost, otherPhone };
}

const FINAL: readonly Step[] = ['closed', 'problem', 'ended', 'cancelled', 'expired', 'failed'];
const UNDER_WAY: readonly Step[] = ['disclosed', 'calling', 'queued', 'connected'];

/** Nothing more will happen by itself. */
export function isFinal(flow: Flow): boolean {
  return FINAL.includes(flow.step);
}

/** Disclosed and not yet over: closing the dialog leaves the call alone, and it can be looked at again. */
export function isUnderWay(flow: Flow): boolean {
  return UNDER_WAY.includes(flow.step);
}

/** Whether closing the dialog cancels the request: not once the app has disclosed. */
export function isCancelledByClosing(flow: Flow): boolean {
  return flow.step === 'preparing' || (flow.step === 'identify' && flow.identification.kind !== 'checking');
}

/** There is a request whose statuses are awaited. */
function isWatching(flow: Flow): boolean {
  return flow.step === 'identify' || isUnderWay(flow);
}
