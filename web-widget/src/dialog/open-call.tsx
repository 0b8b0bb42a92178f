/**
 * Opens the dialog for one call, at most one on a page. A call that is under way is shown again rather than started
 * again: closing the dialog does not end a phone call.
 */
import type { CallRequestState } from '@civicline/protocol';
import { userAgent } from '@privacybydesign/yivi-client';
import { render } from 'preact';
import { isFinal, isUnderWay, type Step } from '../call/flow.ts';
import { createGatewayApi } from '../call/gateway-api.ts';
import { type CallOptions, startCall } from '../call/session.ts';
import { textsFor } from '../texts/texts.ts';
import { CallDialog } from './call-dialog.tsx';

export interface OpenOptions extends CallOptions {
  /** Origin of the gateway. */
  gateway: string;
}

/** How far the call was when the dialog was closed; `closed`: outside opening hours, `problem`: it could not start. */
export type Outcome = Exclude<CallRequestState, 'awaiting-disclosure'> | 'closed' | 'problem';

interface OpenCall {
  key: string;
  /** Opens the dialog, again if need be; resolves when it is closed. */
  show(): Promise<Outcome>;
  /** Closes and forgets it; cancels what has not been disclosed. */
  dismiss(): void;
}

let current: OpenCall | null = null;

/** Resolves when the dialog is closed. `root` is an open shadow root in which the dialog is drawn. */
export function openCall(root: ShadowRoot, options: OpenOptions): Promise<Outcome> {
  const key = JSON.stringify([options.gateway, options.organisation, options.purpose, options.language]);
  if (current?.key !== key) {
    current?.dismiss();
    current = createCall(key, root, options);
  }
  return current.show();
}

/** Ends the call that is drawn in `root`, when the page takes its element away. */
export function dismissCallIn(root: ShadowRoot): void {
  if (root.querySelector('.civicline-dialog')) current?.dismiss();
}

function createCall(key: string, root: ShadowRoot, options: OpenOptions): OpenCall {
  const place = document.createElement('div');
  place.className = 'civicline-dialog';
  root.append(place);
  const texts = textsFor(options.language);
  const device = userAgent();
  let visible = false;
  let forgotten = false;
  let closed: PromiseWithResolvers<Outcome> = withResolvers();

  const session = startCall(createGatewayApi(options.gateway), options, (flow) => {
    if (!visible && isFinal(flow)) forget();
    else draw();
  });
  const actions = { ...session, close: () => place.querySelector('dialog')?.close() };
  const context = { texts, language: options.language, device, hasOwnNumber: holdsText(root.host), actions };

  function draw(): void {
    if (!visible || forgotten) return;
    render(<CallDialog flow={session.flow()} context={context} onClosed={onClosed} />, place);
  }

  function onClosed(): void {
    visible = false;
    const { flow } = session;
    closed.resolve(outcomeOf(flow().step));
    if (isUnderWay(flow())) render(null, place);
    else forget();
  }

  function forget(): void {
    if (forgotten) return;
    forgotten = true;
    session.end();
    window.removeEventListener('online', onNetwork);
    window.removeEventListener('offline', onNetwork);
    document.removeEventListener('visibilitychange', onVisible);
    render(null, place);
    place.remove();
    if (current === call) current = null;
  }

  const onNetwork = (event: Event): void => {
    const { step, problem } = session.flow();
    if (event.type === 'online' && step === 'problem' && problem?.kind === 'offline') session.startAgain();
    else session.wake();
  };
  /** A phone freezes pages in the background, and with them their connections. */
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') session.wake();
  };
  window.addEventListener('online', onNetwork);
  window.addEventListener('offline', onNetwork);
  document.addEventListener('visibilitychange', onVisible);

  const call: OpenCall = {
    key,
    show: () => {
      if (!visible) {
        visible = true;
        closed = withResolvers();
        draw();
      }
      return closed.promise;
    },
    dismiss: () => {
      closed.resolve(outcomeOf(session.flow().step));
      forget();
    },
  };
  return call;
}

function outcomeOf(step: Step): Outcome {
  return step === 'preparing' || step === 'identify' ? 'cancelled' : step;
}

/** Whether the default slot has anything to say. */
function holdsText(host: Element): boolean {
  return [...host.childNodes].some((node) => node.textContent?.trim() && !(node instanceof Element && node.slot));
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
