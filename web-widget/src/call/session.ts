/**
 * One citizen's attempt to call, from the click to the end of the call: asks the gateway, follows its statuses and the
 * Yivi session, and keeps the {@link Flow}. What the dialog shows is a function of the flow alone.
 */
import type { CallRequestCreated, Language } from '@civicline/protocol';
import { advance, begin, type CallingPhone, type Flow, type FlowEvent, isCancelledByClosing, isFinal } from './flow.ts';
import type { GatewayApi } from './gateway-api.ts';
import { GatewayError, type Problem } from './problem.ts';
import { followStatus, type StatusStream } from './status-stream.ts';
import { followYivi, sessionLinks, type YiviFollower } from './yivi.ts';

export interface CallOptions {
  organisation: string;
  purpose: string;
  language: Language;
}

export interface CallSession {
  flow(): Flow;
  /** After an end: the same call from the start. */
  startAgain(): void;
  /** While it is shown how to begin: the same call from another phone, or from the app's own again. */
  callFrom(phone: CallingPhone): void;
  /** Asks again for number and code, which come by themselves once the app has disclosed. */
  askForOtherPhone(): void;
  enterPairingCode(digits: string): void;
  showQr(): void;
  showLink(): void;
  /** The page or the network is back: look at once. */
  wake(): void;
  /** Ends the watching; cancels the request unless the app has disclosed. */
  end(): void;
}

export function startCall(api: GatewayApi, options: CallOptions, onChange: (flow: Flow) => void): CallSession {
  let flow = begin();
  let attempt = startAttempt(api, options, flow.phone, apply);

  function apply(event: FlowEvent): void {
    const next = advance(flow, event);
    if (next === flow) return;
    flow = next;
    if (isFinal(flow)) attempt.stop();
    else if (flow.step !== 'preparing' && flow.step !== 'identify') attempt.yivi()?.stop();
    onChange(flow);
    if (event.type === 'status' && flow.step === 'disclosed' && flow.phone === 'other') void askForOtherPhone();
  }

  function beginAgain(phone: CallingPhone): void {
    flow = begin(flow.purpose, phone);
    attempt = startAttempt(api, options, phone, apply);
    onChange(flow);
  }

  async function askForOtherPhone(): Promise<void> {
    if (flow.otherPhone.kind === 'asking' || flow.otherPhone.kind === 'shown') return;
    apply({ type: 'other-phone', otherPhone: { kind: 'asking' } });
    const { stopped, dialCode } = attempt;
    const answer = await dialCode().then(
      (told) => ({ kind: 'shown', dialCode: told }) as const,
      (error) => ({ kind: 'refused', problem: problemIn(error) }) as const,
    );
    if (!stopped()) apply({ type: 'other-phone', otherPhone: answer });
  }

  return {
    flow: () => flow,
    startAgain: () => {
      if (isFinal(flow)) beginAgain(flow.phone);
    },
    callFrom: (phone) => {
      if (flow.step !== 'identify' || flow.phone === phone) return;
      attempt.stop();
      attempt.cancel();
      beginAgain(phone);
    },
    askForOtherPhone: () => void askForOtherPhone(),
    enterPairingCode: (digits) => attempt.enterPairingCode(digits),
    showQr: () => attempt.yivi()?.showQr(),
    showLink: () => attempt.yivi()?.showLink(),
    wake: () => attempt.wake(),
    end: () => {
      const cancels = isCancelledByClosing(flow);
      attempt.stop();
      if (cancels) attempt.cancel();
    },
  };
}

interface Attempt {
  enterPairingCode(digits: string): void;
  yivi(): YiviFollower | null;
  dialCode(): ReturnType<GatewayApi['dialCode']>;
  stopped(): boolean;
  wake(): void;
  stop(): void;
  cancel(): void;
}

function startAttempt(
  api: GatewayApi,
  options: CallOptions,
  phone: CallingPhone,
  apply: (event: FlowEvent) => void,
): Attempt {
  let stopped = false;
  let cancelled = false;
  let request: CallRequestCreated | null = null;
  let statuses: StatusStream | null = null;
  let yivi: YiviFollower | null = null;

  /** What arrives late, after the dialog was closed or started again, is dropped. */
  const tell = (event: FlowEvent): void => {
    if (!stopped) apply(event);
  };
  const tellProblem = (problem: Problem): void => tell({ type: 'problem', problem });

  const run = async (): Promise<void> => {
    const { organisation, purpose, language } = options;
    const view = await api.purpose(organisation, purpose);
    if (stopped) return;
    tell({ type: 'purpose-loaded', purpose: view });
    if (!view.open) return;
    const created = await api.createCallRequest({ organisation, purpose, language, otherPhone: phone === 'other' });
    // Closed while the gateway was creating it: there is something to cancel only now.
    if (cancelled) return api.cancel(created);
    request = created;
    tell({ type: 'request-created' });
    statuses = followStatus({
      connect: (signal) => api.events(created, signal),
      onStatus: (status) => tell({ type: 'status', status }),
      onLost: (lost) => tell({ type: 'connection', to: 'gateway', lost }),
      onRefused: tellProblem,
    });
    if (created.frontendRequest === null) return tellDigits('wanted');
    yivi = followYivi(
      { sessionPtr: created.sessionPtr, frontendRequest: created.frontendRequest },
      {
        onIdentification: (identification) => tell({ type: 'identification', identification }),
        onEnded: (how) => tell({ type: 'yivi-ended', how }),
        onLost: (lost) => tell({ type: 'connection', to: 'yivi', lost }),
        onUnusable: () => {
          tellProblem({ kind: 'unavailable', code: 'YIVI_UNREACHABLE' });
          api.cancel(created);
        },
      },
    );
  };
  run().catch((error) => tellProblem(problemIn(error)));

  /** Where the gateway pairs, it is also the only one that says how far the app is. */
  function tellDigits(digits: 'wanted' | 'checking' | 'rejected'): void {
    if (!request) return;
    tell({
      type: 'identification',
      identification: { kind: 'paired-qr', ...sessionLinks(request.sessionPtr), digits },
    });
  }

  async function pair(digits: string): Promise<void> {
    if (!request) return;
    tellDigits('checking');
    try {
      if (await api.pair(request, digits)) tell({ type: 'identification', identification: { kind: 'in-app' } });
      else tellDigits('rejected');
    } catch (error) {
      tellProblem(problemIn(error));
    }
  }

  return {
    enterPairingCode: (digits) => {
      if (yivi) yivi.enterPairingCode(digits);
      else void pair(digits);
    },
    yivi: () => yivi,
    dialCode: () =>
      request ? api.dialCode(request) : Promise.reject(new GatewayError({ kind: 'gone', code: 'NO_REQUEST' })),
    stopped: () => stopped,
    wake: () => statuses?.wake(),
    stop: () => {
      stopped = true;
      statuses?.stop();
      yivi?.stop();
    },
    cancel: () => {
      cancelled = true;
      if (request) api.cancel(request);
    },
  };
}

function problemIn(error: unknown): Problem {
  return error instanceof GatewayError ? error.problem : { kind: 'other' };
}
