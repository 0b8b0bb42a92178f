import type { CallView, Reply } from '@civicline/protocol';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { formatPhoneNumber } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import type { SendRequest } from '../state/connection.ts';
import { type CallAction, CallControls } from './call-controls.tsx';
import { CallerName, CallFacts, CallLinks, CallSubject, CallTags, type QueueNames } from './call-facts.tsx';
import { CallStatus } from './call-status.tsx';
import { InfoIcon } from './icons.tsx';
import { NoteField } from './note-field.tsx';
import { useNote } from './use-note.ts';
import { VerificationMark } from './verification-mark.tsx';
import { WrapUp } from './wrap-up.tsx';

export interface CallPanelProps {
  call: CallView;
  selfId: string;
  device: 'browser' | 'sip-phone';
  queues: QueueNames;
  online: boolean;
  /** The call's voice is in this page. */
  voiceHere: boolean;
  /** Hung up in this page while the gateway is away. */
  hungUp: boolean;
  /** Sends a request and shows a refusal. */
  request: SendRequest;
  saveNote: (note: string) => Promise<Reply>;
  onTransfer: () => void;
}

/** The agent's own call, from the answer to the end of wrap-up. */
export function CallPanel(props: CallPanelProps) {
  const { call, selfId, device, queues, online, hungUp, request, saveNote, onTransfer } = props;
  const { t } = useWords();
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const note = useNote(call, saveNote, online);
  useLayoutEffect(() => heading.current?.focus(), []);

  const act = (action: CallAction) => {
    if (action === 'transfer') onTransfer();
    else void request(action, { callId: call.id });
  };
  const finish = () => void request('finish-wrap-up', { callId: call.id, note: note.draft });
  const wrappingUp = call.state === 'wrapping-up';

  return (
    <section class={`call call--${call.state}`} aria-labelledby={`${id}-title`} data-call={call.id}>
      <CallStatus call={call} device={device} hungUp={hungUp} />
      <header class="call-head">
        <div class="call-who">
          <h2 id={`${id}-title`} ref={heading} tabIndex={-1}>
            <span class="sr-only">{t.call.heading}: </span>
            <CallerName call={call} />
          </h2>
          <CallSubject call={call} />
          <CallTags call={call} selfId={selfId} />
        </div>
        <VerificationMark verification={call.verification} />
      </header>
      {wrappingUp ? (
        <WrapUp call={call} online={online} onFinish={finish} />
      ) : (
        !hungUp && <CallControls call={call} online={online} voiceHere={props.voiceHere} onAction={act} />
      )}
      {call.source.kind === 'exchange' && !wrappingUp && <ExchangeVoice forwardNumber={call.source.forwardNumber} />}
      <div class="call-body">
        <div class="call-facts">
          <CallFacts call={call} queues={queues} level={3} />
          <CallLinks call={call} level={3} />
        </div>
        <NoteField note={note} />
      </div>
    </section>
  );
}

function ExchangeVoice({ forwardNumber }: { forwardNumber: string | null }) {
  const { t } = useWords();
  return (
    <div class="exchange-voice">
      <InfoIcon />
      <p>{t.call.exchangeVoice}</p>
      {forwardNumber === null ? (
        <p class="soft">{t.call.noForwardNumber}</p>
      ) : (
        <p>
          {t.call.forwardNumber} <strong class="number">{formatPhoneNumber(forwardNumber)}</strong>
        </p>
      )}
    </div>
  );
}
