/** What the dialog's middle shows for each state of the flow. */
import type { Language } from '@civicline/protocol';
import type { ComponentChildren, JSX } from 'preact';
import type { CallingPhone, Flow, Identification } from '../call/flow.ts';
import type { StateText, Texts } from '../texts/texts.ts';
import type { IconName } from './icons.tsx';
import { OtherPhoneDetails, OtherPhoneLink, OtherPhoneRefused } from './other-phone.tsx';
import { PairedQr } from './paired-qr.tsx';
import { PairingCode } from './pairing-code.tsx';
import { QrImage } from './qr-image.tsx';
import { dayAndTime } from './times.ts';

/** The device on which the page is open, as `yivi-client` tells it. */
export type Device = 'Desktop' | 'Android' | 'iOS' | 'nodejs';

export interface Actions {
  startAgain(): void;
  callFrom(phone: CallingPhone): void;
  askForOtherPhone(): void;
  enterPairingCode(digits: string): void;
  showQr(): void;
  showLink(): void;
  close(): void;
}

export interface ViewContext {
  texts: Texts;
  language: Language;
  device: Device;
  /** The page has put a plain number inside the element, as it should. */
  hasOwnNumber: boolean;
  actions: Actions;
}

export interface StateView {
  /** Another name means another screen: focus goes to its heading when it would be lost. */
  name: string;
  text: StateText;
  icon: IconName | 'spinner' | null;
  tone: 'plain' | 'good' | 'bad';
  /** Which of the three stages is under way; null when none is. */
  stage: 0 | 1 | 2 | null;
  details?: JSX.Element;
  /** Explain Yivi here. */
  help?: boolean;
}

export function viewOf(flow: Flow, context: ViewContext): StateView {
  const { texts, actions } = context;
  const again = <Again texts={texts} actions={actions} />;
  const close = <CloseButton texts={texts} actions={actions} />;
  switch (flow.step) {
    case 'preparing':
      return { name: 'preparing', text: texts.preparing, icon: 'spinner', tone: 'plain', stage: 0 };
    case 'identify':
      return { ...identificationView(flow, context), stage: 0 };
    case 'disclosed':
      return disclosedView(flow, context);
    case 'calling':
      return { name: 'calling', text: texts.calling, icon: 'phone', tone: 'good', stage: 1 };
    case 'queued':
      return { name: 'queued', text: texts.queued, icon: 'clock', tone: 'good', stage: 1 };
    case 'connected':
      return { name: 'connected', text: texts.connected, icon: 'talk', tone: 'good', stage: 2 };
    case 'ended':
      return { name: 'ended', text: texts.ended, icon: 'check', tone: 'good', stage: 2, details: close };
    case 'closed':
      return { name: 'closed', ...closedView(flow, context), stage: null };
    case 'problem':
      return { name: 'problem', ...problemView(flow, context), stage: null };
    case 'cancelled':
      return { name: 'cancelled', text: texts.cancelled, icon: 'cross', tone: 'plain', stage: null, details: again };
    case 'expired':
      return { name: 'expired', text: texts.expired, icon: 'clock', tone: 'plain', stage: null, details: again };
    case 'failed':
      return { name: 'failed', text: texts.failed, icon: 'warning', tone: 'bad', stage: null, details: again };
  }
}

function identificationView({ identification, purpose }: Flow, context: ViewContext): Omit<StateView, 'stage'> {
  const { texts, actions } = context;
  const name = `identify-${identification.kind}`;
  const stop = (
    <button type="button" class="text-button" onClick={actions.close}>
      {texts.stop}
    </button>
  );
  const otherPhone = purpose?.otherPhone ? <OtherPhoneLink context={context} /> : null;
  switch (identification.kind) {
    case 'preparing':
      return { name: 'preparing', text: texts.preparing, icon: 'spinner', tone: 'plain' };
    case 'qr':
      return {
        name,
        text: texts.qr,
        icon: null,
        tone: 'plain',
        help: true,
        details: <Qr {...{ identification, context }}>{otherPhone}</Qr>,
      };
    case 'link':
      return {
        name,
        text: texts.link,
        icon: null,
        tone: 'plain',
        help: true,
        details: (
          <div class="actions">
            <a class="button primary wide" part="primary-button" href={identification.url}>
              {texts.link.open}
            </a>
            <button type="button" class="text-button" onClick={actions.showQr}>
              {texts.link.otherDevice}
            </button>
            {otherPhone}
          </div>
        ),
      };
    case 'pairing':
      return {
        name,
        text: texts.pairing,
        icon: 'app',
        tone: 'plain',
        details: (
          <>
            <PairingCode
              texts={texts.pairing}
              rejected={identification.rejected}
              onEntered={actions.enterPairingCode}
            />
            {stop}
          </>
        ),
      };
    case 'paired-qr':
      return {
        name,
        text: identification.link === null ? texts.pairedQr : texts.pairedApp,
        icon: null,
        tone: 'plain',
        help: true,
        details: <PairedQr {...{ identification, context }} />,
      };
    case 'in-app':
      return { name, text: texts.inApp, icon: 'app', tone: 'plain', details: stop };
    case 'checking':
      return { name, text: texts.checking, icon: 'spinner', tone: 'plain' };
  }
}

interface QrProps {
  identification: Identification & { kind: 'qr' };
  context: ViewContext;
  children: ComponentChildren;
}

function Qr({ identification, context, children }: QrProps): JSX.Element {
  const { texts, actions } = context;
  return (
    <div class="scan">
      <QrImage text={identification.url} label={texts.qr.image} />
      <ol>
        {texts.qr.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {identification.canGoBack && (
        <button type="button" class="text-button" onClick={actions.showLink}>
          {texts.link.thisDevice}
        </button>
      )}
      {children}
    </div>
  );
}

function disclosedView(flow: Flow, context: ViewContext): StateView {
  const { texts, device } = context;
  if (flow.phone === 'other') return otherPhoneView(flow, context);
  const { heading, lead, leadHere } = texts.disclosed;
  return {
    name: 'disclosed',
    text: { heading, lead: device === 'Desktop' ? lead : leadHere },
    icon: 'check',
    tone: 'good',
    stage: 1,
  };
}

function otherPhoneView(flow: Flow, context: ViewContext): StateView {
  const { texts } = context;
  if (flow.otherPhone.kind === 'shown') {
    return {
      name: 'other-phone',
      text: { heading: texts.otherPhone.heading, lead: texts.otherPhone.personal },
      icon: null,
      tone: 'plain',
      stage: 1,
      details: <OtherPhoneDetails dialCode={flow.otherPhone.dialCode} context={context} />,
    };
  }
  return {
    name: 'disclosed-other-phone',
    text: { heading: texts.otherPhone.heading, lead: texts.otherPhone.asking },
    icon: flow.otherPhone.kind === 'refused' ? 'warning' : 'spinner',
    tone: 'plain',
    stage: 1,
    details: <OtherPhoneRefused otherPhone={flow.otherPhone} context={context} />,
  };
}

function closedView(flow: Flow, { texts, language }: ViewContext): Omit<StateView, 'name' | 'stage'> {
  const { heading, lead, opens, opensUnknown } = texts.closed;
  const opensAt = flow.purpose?.opensAt;
  const when = opensAt === undefined ? opensUnknown : opens(dayAndTime(opensAt, language));
  return { text: { heading, lead: `${lead} ${when}` }, icon: 'clock', tone: 'plain' };
}

function problemView(flow: Flow, { texts, actions }: ViewContext): Omit<StateView, 'name' | 'stage'> {
  const problem = flow.problem ?? { kind: 'other' };
  return {
    text: { heading: texts.problemHeading, lead: texts.problems[problem.kind] },
    icon: 'warning',
    tone: 'bad',
    details: (
      <>
        <Again texts={texts} actions={actions} />
        {problem.code && (
          <p class="problem-code">
            {texts.problemCode}: <code>{problem.code}</code>
          </p>
        )}
      </>
    ),
  };
}

function Again({ texts, actions }: { texts: Texts; actions: Actions }): JSX.Element {
  return (
    <div class="actions">
      <button type="button" class="button primary" part="primary-button" onClick={actions.startAgain}>
        {texts.again}
      </button>
    </div>
  );
}

function CloseButton({ texts, actions }: { texts: Texts; actions: Actions }): JSX.Element {
  return (
    <div class="actions">
      <button type="button" class="button primary" part="primary-button" onClick={actions.close}>
        {texts.close}
      </button>
    </div>
  );
}
