import type { ComponentChildren } from 'preact';
import { formatTime } from '../i18n/format.ts';
import { type Texts, useWords } from '../i18n/index.ts';
import { KNOWN_PROBLEMS, NOT_REACHABLE_REASONS } from '../i18n/texts.ts';
import { type ConsoleData, ownCalls } from '../state/console-state.ts';
import type { Console } from '../state/use-console.ts';
import { type Banner, bannerOf } from './banner.ts';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import { SignInAgain, useSessionEndsSoon } from './session-end.tsx';

export interface DeskNoticesProps {
  console: Console;
  data: ConsoleData;
  /** RFC 3339 */
  signedInUntil: string;
  /** Code of the last refusal. */
  problem: string | null;
  onDismiss: () => void;
  onReady: () => void;
  onSipPhone: () => void;
}

/** What stands in the way of answering, one thing at a time, with a way out. Read out where it appears. */
export function DeskNotices(props: DeskNoticesProps) {
  const { console: desk, data, problem } = props;
  const banner = bannerOf({
    refused: problem !== null,
    online: desk.state.connection === 'online',
    telephonyAvailable: data.telephonyAvailable,
    self: data.self,
    telephone: desk.telephone,
    sessionEndsSoon: useSessionEndsSoon(props.signedInUntil),
  });
  return (
    <div class="notices">
      <div role="alert">{banner === 'refusal' && <BannerNotice {...props} banner={banner} />}</div>
      <div role="status">{banner !== null && banner !== 'refusal' && <BannerNotice {...props} banner={banner} />}</div>
    </div>
  );
}

interface Shown {
  kind: 'info' | 'warning' | 'problem';
  title?: string;
  text: string;
  actions?: ComponentChildren;
}

function BannerNotice({ banner, ...props }: DeskNoticesProps & { banner: Banner }) {
  const { t, language } = useWords();
  const { console: desk, data, onReady, onSipPhone } = props;
  const busy = ownCalls(data).length > 0;
  const voiceHere = desk.telephone.softphone.session === 'active';
  const useSipPhone = <Button onClick={onSipPhone}>{t.device.useSipPhone}</Button>;
  const askAgain = (
    <>
      <Button onClick={desk.askMicrophone}>{t.retry}</Button>
      {useSipPhone}
    </>
  );
  const shown: Record<Banner, Shown> = {
    refusal: {
      kind: 'problem',
      title: t.problems.heading,
      text: explanation(props.problem ?? '', t),
      actions: <Button onClick={props.onDismiss}>{t.dismiss}</Button>,
    },
    offline: {
      kind: 'warning',
      title: t.connection.offlineTitle,
      text: voiceHere ? `${t.connection.offlineText} ${t.connection.offlineVoice}` : t.connection.offlineText,
    },
    'sound-blocked': {
      kind: 'warning',
      text: t.device.soundBlocked,
      actions: <Button onClick={desk.playSound}>{t.device.allowSound}</Button>,
    },
    telephony: { kind: 'warning', title: t.connection.telephonyTitle, text: t.connection.telephonyText },
    'microphone-asked': { kind: 'info', text: t.device.microphoneAsked },
    'microphone-refused': { kind: 'warning', text: t.device.microphoneRefused, actions: askAgain },
    'microphone-missing': { kind: 'warning', text: t.device.microphoneMissing, actions: askAgain },
    'softphone-failed': { kind: 'warning', text: t.device.softphoneFailed, actions: useSipPhone },
    'not-reachable': {
      kind: 'warning',
      text: t.presence.notReachable[
        NOT_REACHABLE_REASONS.find((reason) => reason === data.self.presenceReason) ?? 'other'
      ],
      actions: <Button onClick={onReady}>{t.presence.setReady}</Button>,
    },
    'session-end': {
      kind: 'warning',
      title: t.sessionEnd.title(formatTime(props.signedInUntil, language)),
      text: busy ? t.sessionEnd.afterCall : t.sessionEnd.now,
      actions: busy ? null : <SignInAgain />,
    },
    'no-sip-phone': { kind: 'info', text: t.device.noSipPhone },
    'other-tab': { kind: 'info', text: t.device.softphoneInOtherTab },
  };
  const { text, ...notice } = shown[banner];
  return <Notice {...notice}>{text}</Notice>;
}

function explanation(code: string, t: Texts): string {
  const known = KNOWN_PROBLEMS.find((item) => item === code);
  return known ? t.problems.byCode[known] : t.problems.unknown(code);
}
