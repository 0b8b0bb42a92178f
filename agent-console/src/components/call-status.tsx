import type { CallView, Device } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';
import { Elapsed } from './clock.tsx';
import { AnswerIcon, DoneIcon, HoldIcon, MicrophoneOffIcon } from './icons.tsx';

/** In which state the agent's call is, in words, with how long it has lasted. */
export function CallStatus({ call, device, hungUp }: { call: CallView; device: Device; hungUp: boolean }) {
  const { t } = useWords();
  if (hungUp) {
    return (
      <p class="status status--wrap-up">
        <DoneIcon /> <strong>{t.call.hungUpHere}</strong> <span>{t.call.hungUpHereText}</span>
      </p>
    );
  }
  switch (call.state) {
    case 'wrapping-up':
      return (
        <p class="status status--wrap-up">
          <DoneIcon /> <strong>{t.call.wrapUp}</strong>
        </p>
      );
    case 'connected':
      return (
        <p class={`status ${call.held ? 'status--held' : 'status--connected'}`}>
          {call.held ? <HoldIcon /> : <AnswerIcon />} <strong>{call.held ? t.call.onHold : t.call.connected}</strong>
          {call.muted && (
            <span class="status-muted">
              <MicrophoneOffIcon /> {t.call.microphoneOff}
            </span>
          )}
          <span class="status-time">
            <span class="sr-only">{t.call.duration} </span>
            <Elapsed since={call.connectedAt ?? call.queuedAt} />
          </span>
        </p>
      );
    case 'interrupted':
      return (
        <p class="status status--connecting">
          <HoldIcon /> <strong>{t.call.interrupted}</strong> <span>{t.call.interruptedText}</span>
        </p>
      );
    default:
      return (
        <p class="status status--connecting">
          <AnswerIcon /> <strong>{t.call.connecting}</strong>
          <span>{device === 'browser' ? t.call.connectingBrowser : t.call.connectingPhone}</span>
        </p>
      );
  }
}
