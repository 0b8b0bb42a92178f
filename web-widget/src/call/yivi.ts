/**
 * The Yivi side of the disclosure: `yivi-client` talks to the Yivi server, this plugin for `yivi-core` tells the dialog
 * what to show. The session was started by the gateway; the attributes never come to the browser (`result: false`).
 *
 * `yivi-core` gives up after two failed polls, which a phone that changes networks has in no time. The session itself
 * lives on, so it is taken up again once the Yivi server answers.
 */
import type { CallRequestCreated } from '@civicline/protocol';
import { userAgent, YiviClient } from '@privacybydesign/yivi-client';
import {
  type StateChangeEvent,
  YiviCore,
  type YiviOptions,
  type YiviPluginConstructor,
  type YiviState,
} from '@privacybydesign/yivi-core';
import type { Identification } from './flow.ts';
import { isObject } from './problem.ts';

const POLL_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

type YiviSession = Pick<CallRequestCreated, 'sessionPtr'> & {
  frontendRequest: NonNullable<CallRequestCreated['frontendRequest']>;
};

export interface YiviListener {
  onIdentification(identification: Identification): void;
  onEnded(how: 'cancelled' | 'expired'): void;
  /** true when the Yivi server stops answering, false when the session is taken up again. */
  onLost(lost: boolean): void;
  /** The session cannot even be shown. */
  onUnusable(): void;
}

export interface YiviFollower {
  enterPairingCode(digits: string): void;
  /** The app is on another device than this one. */
  showQr(): void;
  /** The app is on this device after all. */
  showLink(): void;
  stop(): void;
}

type Core = { core: YiviCore; select(transition: string, payload?: unknown): void };

export function followYivi(session: YiviSession, listener: YiviListener): YiviFollower {
  let stopped = false;
  let shown = false;
  let current = start();

  function start(): Core {
    let select: Core['select'] = () => {};
    const plugin = rendererPlugin(
      (event) => {
        if (!stopped) onStateChange(event);
      },
      (selectTransition) => {
        select = selectTransition;
      },
    );
    const core = new YiviCore(optionsFor(session));
    core.use(plugin);
    core.use(YiviClient);
    // Every end also comes as a state change.
    core.start().catch(() => {});
    return { core, select };
  }

  function onStateChange(event: StateChangeEvent): void {
    const identification = identificationFor(event);
    if (identification !== null) {
      shown = true;
      listener.onIdentification(identification);
    } else if (event.newState === 'Cancelled') {
      listener.onEnded('cancelled');
    } else if (event.newState === 'TimedOut') {
      listener.onEnded('expired');
    } else if (event.newState === 'Error' || event.newState === 'BrowserNotSupported') {
      if (shown) takeUpAgain();
      else listener.onUnusable();
    }
  }

  async function takeUpAgain(): Promise<void> {
    listener.onLost(true);
    for (let pause = POLL_MS; !stopped; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (stopped) return;
      const answer = await sessionStatus(session);
      if (stopped || answer === 'unreachable') continue;
      if (answer === 'unknown') return listener.onEnded('expired');
      listener.onLost(false);
      current = start();
      return;
    }
  }

  return {
    enterPairingCode: (digits) => current.select('codeEntered', { enteredPairingCode: digits }),
    showQr: () => current.select('chooseQR'),
    showLink: () => current.select('checkUserAgent'),
    stop: () => {
      stopped = true;
      current.core.abort();
    },
  };
}

/** How the app gets a session that `yivi-client` does not follow: by a scan, or by a link on the app's own device. */
export function sessionLinks(sessionPtr: YiviSession['sessionPtr']): { url: string; link: string | null } {
  const app = 'https://open.yivi.app/-/session#';
  const elsewhere = encodeURIComponent(JSON.stringify({ ...sessionPtr, continueOnSecondDevice: true }));
  const here = encodeURIComponent(JSON.stringify(sessionPtr));
  const links = {
    Android: `intent://qr/json/${here}#Intent;package=org.irmacard.cardemu;scheme=irma;end`,
    iOS: `${app}${here}`,
    Desktop: null,
    nodejs: null,
  };
  return { url: `${app}${elsewhere}`, link: links[userAgent()] };
}

function optionsFor({ sessionPtr, frontendRequest }: YiviSession): YiviOptions {
  return {
    session: {
      start: false,
      mapping: { sessionPtr: () => sessionPtr, sessionToken: () => undefined, frontendRequest: () => frontendRequest },
      result: false,
    },
    state: {
      // The Yivi server wants a header that an EventSource cannot send.
      serverSentEvents: false,
      polling: { endpoint: 'status', interval: POLL_MS, startState: 'INITIALIZED' },
      // The gateway cancels. By default the client would also do so after a failed poll. Its types lack this value.
      cancel: false as unknown as { url: () => string },
    },
  };
}

function rendererPlugin(
  onStateChange: (event: StateChangeEvent) => void,
  onReady: (select: Core['select']) => void,
): YiviPluginConstructor {
  return class Renderer {
    constructor({ stateMachine }: ConstructorParameters<YiviPluginConstructor>[0]) {
      onReady((transition, payload) => {
        stateMachine
          .selectTransition(({ validTransitions }) =>
            validTransitions.includes(transition) ? { transition, payload } : false,
          )
          .catch(() => {});
      });
    }

    stateChange(event: StateChangeEvent): void {
      onStateChange(event);
    }
  };
}

interface ShownPayload {
  qr?: string;
  mobile?: string;
  showBackButton?: boolean;
}

/** null for the states in which the dialog keeps showing what it shows. */
function identificationFor({ newState, transition, payload }: StateChangeEvent): Identification | null {
  const { qr = '', mobile = '', showBackButton = false } = (payload ?? {}) as ShownPayload;
  const identifications: Partial<Record<YiviState, Identification>> = {
    ShowingQRCode: { kind: 'qr', url: qr, canGoBack: showBackButton },
    ShowingYiviButton: { kind: 'link', url: mobile },
    EnterPairingCode: { kind: 'pairing', rejected: transition === 'pairingRejected' },
    ContinueOn2ndDevice: { kind: 'in-app' },
    ContinueInYiviApp: { kind: 'in-app' },
    PreparingResult: { kind: 'checking' },
  };
  return identifications[newState] ?? null;
}

async function sessionStatus({
  sessionPtr,
  frontendRequest,
}: YiviSession): Promise<'known' | 'unknown' | 'unreachable'> {
  const headers = { Authorization: frontendRequest.authorization };
  const response = await fetch(`${sessionPtr.u}/frontend/status`, { headers, cache: 'no-store' }).catch(() => null);
  if (response?.ok) return 'known';
  // A proxy before the Yivi server refuses too, but not in its words.
  const refusal: unknown = await response?.json().catch(() => null);
  return isObject(refusal) && refusal.error === 'SESSION_UNKNOWN' ? 'unknown' : 'unreachable';
}
