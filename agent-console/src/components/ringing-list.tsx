import type { CallView, QueueView, RemovalReason, SelfView } from '@civicline/protocol';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { AnswerIcon, InfoIcon } from './icons.tsx';
import { RingingCard } from './ringing-card.tsx';

export interface RingingListProps {
  calls: readonly CallView[];
  self: SelfView;
  queues: readonly QueueView[];
  answering: ReadonlySet<string>;
  obstacle: (call: CallView) => string | null;
  removal: { callId: string; reason: RemovalReason } | null;
  onAnswer: (callId: string) => void;
}

/** The waiting calls, longest waiting first. */
export function RingingList(props: RingingListProps) {
  const { t } = useWords();
  const { calls, self, removal } = props;
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const keepFocus = useFocusAfterRemoval(calls, heading);
  return (
    <section class="ringing" aria-labelledby={id} onFocusIn={keepFocus}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {t.calls.waitingHeading}
        {calls.length > 0 && <span class="count">{calls.length}</span>}
      </h2>
      {removal && (
        <p class="removal" aria-hidden="true">
          <InfoIcon />
          {t.calls.removed[removal.reason]}
        </p>
      )}
      {calls.length === 0 ? (
        <Empty ready={self.presence === 'ready'} />
      ) : (
        <ul class="cards">
          {calls.map((call, index) => (
            <RingingCard
              key={call.id}
              call={call}
              selfId={self.id}
              queues={props.queues}
              answering={props.answering.has(call.id)}
              obstacle={props.obstacle(call)}
              shortcut={index === 0}
              onAnswer={() => props.onAnswer(call.id)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function Empty({ ready }: { ready: boolean }) {
  const { t } = useWords();
  return (
    <div class="empty">
      <AnswerIcon />
      <p class="empty-title">{t.calls.emptyTitle}</p>
      <p>{ready ? t.calls.emptyReady : t.calls.emptyNotReady}</p>
    </div>
  );
}

/** When the card under the focus goes, the focus moves to the heading instead of getting lost. */
function useFocusAfterRemoval(calls: readonly CallView[], heading: { current: HTMLHeadingElement | null }) {
  const focused = useRef<string | null>(null);
  useLayoutEffect(() => {
    const gone = focused.current !== null && !calls.some((call) => call.id === focused.current);
    if (!gone) return;
    focused.current = null;
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (lost) heading.current?.focus();
  }, [calls, heading]);
  return (event: FocusEvent) => {
    const card = event.target instanceof Element ? event.target.closest('[data-call]') : null;
    focused.current = card?.getAttribute('data-call') ?? null;
  };
}
