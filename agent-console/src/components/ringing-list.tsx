import type { CallView, QueueView, RemovalReason, SelfView } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';
import { AnswerIcon, InfoIcon } from './icons.tsx';
import { RingingCard } from './ringing-card.tsx';

export const WAITING_HEADING = 'waiting-heading';

export interface RingingListProps {
  calls: readonly CallView[];
  self: SelfView;
  queues: readonly QueueView[];
  answering: ReadonlySet<string>;
  obstacle: (call: CallView) => string | null;
  /** In a call or its wrap-up: the gateway shows no other calls meanwhile. */
  busy: boolean;
  removal: { callId: string; reason: RemovalReason } | null;
  onAnswer: (callId: string) => void;
}

/** The waiting calls, longest waiting first. */
export function RingingList(props: RingingListProps) {
  const { t } = useWords();
  const { calls, self, removal } = props;
  return (
    <section class="ringing" aria-labelledby={WAITING_HEADING}>
      <h2 id={WAITING_HEADING} tabIndex={-1}>
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
        <Empty ready={self.presence === 'ready'} busy={props.busy} waiting={waitingIn(props.queues)} />
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

/** Nothing to answer: because nobody waits, or because this agent is not shown who does. */
function Empty({ ready, busy, waiting }: { ready: boolean; busy: boolean; waiting: number }) {
  const { t } = useWords();
  const title = ready && !busy ? t.calls.emptyTitle : t.queues.waiting(waiting);
  if (busy) {
    return (
      <p class="empty empty--small">
        <strong>{title}</strong> {t.calls.emptyBusy}
      </p>
    );
  }
  return (
    <div class="empty">
      <AnswerIcon />
      <p class="empty-title">{title}</p>
      <p>{ready ? t.calls.emptyReady : t.calls.emptyNotReady}</p>
    </div>
  );
}

function waitingIn(queues: readonly QueueView[]): number {
  return queues.reduce((sum, { waiting }) => sum + waiting, 0);
}
