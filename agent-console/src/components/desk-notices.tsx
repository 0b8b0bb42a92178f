import { NO_PHONE } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';
import { KNOWN_PROBLEMS, NOT_REACHABLE_REASONS } from '../i18n/texts.ts';
import { type ConsoleData, ownCalls } from '../state/console-state.ts';
import type { Console } from '../state/use-console.ts';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import { SessionEndNotice } from './session-end-notice.tsx';

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

/** What stands in the way of answering, each with a way out. Read out where it appears. */
export function DeskNotices(props: DeskNoticesProps) {
  const { console: desk, data, problem, onDismiss, onReady, onSipPhone } = props;
  const { t } = useWords();
  const { self } = data;
  const offline = desk.state.connection !== 'online';
  const voiceHere = desk.telephone.softphone.session === 'active';
  // Of what ends by itself, the telephone's own notice says how.
  const isSetAside = self.presence === 'not-reachable' && self.presenceReason !== NO_PHONE;
  return (
    <div class="notices">
      <div role="alert">
        {problem !== null && (
          <Notice kind="problem" title={t.problems.heading} actions={<Button onClick={onDismiss}>{t.dismiss}</Button>}>
            <Explanation code={problem} />
          </Notice>
        )}
      </div>
      <div role="status" aria-atomic="false">
        {offline && (
          <Notice kind="warning" title={t.connection.offlineTitle}>
            {t.connection.offlineText} {voiceHere && t.connection.offlineVoice}
          </Notice>
        )}
        {!offline && !data.telephonyAvailable && (
          <Notice kind="warning" title={t.connection.telephonyTitle}>
            {t.connection.telephonyText}
          </Notice>
        )}
        {!offline && isSetAside && (
          <Notice kind="warning" actions={<Button onClick={onReady}>{t.presence.setReady}</Button>}>
            {t.presence.notReachable[NOT_REACHABLE_REASONS.find((reason) => reason === self.presenceReason) ?? 'other']}
          </Notice>
        )}
        {self.device === 'browser' && <PageTelephoneNotice console={desk} onSipPhone={onSipPhone} />}
        {!offline && data.telephonyAvailable && self.device === 'sip-phone' && !self.registered['sip-phone'] && (
          <Notice kind="info">{t.device.noSipPhone}</Notice>
        )}
        <SessionEndNotice expiresAt={props.signedInUntil} busy={ownCalls(data).length > 0} />
      </div>
    </div>
  );
}

function Explanation({ code }: { code: string }) {
  const { t } = useWords();
  const known = KNOWN_PROBLEMS.find((item) => item === code);
  return <>{known ? t.problems.byCode[known] : t.problems.unknown(code)}</>;
}

function PageTelephoneNotice({ console: desk, onSipPhone }: { console: Console; onSipPhone: () => void }) {
  const { t } = useWords();
  const { mine, microphone, softphone } = desk.telephone;
  if (!mine) return null;
  const actions = (
    <>
      <Button onClick={desk.askMicrophone}>{t.retry}</Button>
      <Button onClick={onSipPhone}>{t.device.useSipPhone}</Button>
    </>
  );
  if (softphone.soundBlocked) {
    return (
      <Notice kind="warning" actions={<Button onClick={desk.playSound}>{t.device.allowSound}</Button>}>
        {t.device.soundBlocked}
      </Notice>
    );
  }
  if (microphone === 'asked') return <Notice kind="info">{t.device.microphoneAsked}</Notice>;
  if (microphone === 'refused' || microphone === 'missing') {
    const words = microphone === 'refused' ? t.device.microphoneRefused : t.device.microphoneMissing;
    return (
      <Notice kind="warning" actions={actions}>
        {words}
      </Notice>
    );
  }
  if (softphone.registration !== 'failed') return null;
  return (
    <Notice kind="warning" actions={<Button onClick={onSipPhone}>{t.device.useSipPhone}</Button>}>
      {t.device.softphoneFailed}
    </Notice>
  );
}
