import type { CallView, QueueView, RemovalReason, SelfView } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';
import type { Today } from '../state/today.ts';
import { AnswerIcon, InfoIcon } from './icons.tsx';
import { RingingRow } from './ringing-row.tsx';
import { TodayFigures } from './today-figures.tsx';

export const WAITING_HEADING = 'waiting-heading';

export interface RingingListProps {
  calls: readonly CallView[];
  self: SelfView;
  queues: readonly QueueView[];
  today: Today;
  answering: ReadonlySet<string>;
  obstacle: (call: CallView) => string | null;
  /** In a call or its wrap-up: the gateway shows no other calls meanwhile. */
  busy: boolean;
  removal: { callId: string; reason: RemovalReason } | null;
  onAnswer: (callId: string) => void;
}

/** The waiting calls, longest waiting first; in a call no more than how many there are. */
export function RingingList(props: RingingListProps) {
  const { t } = useWords();
  const { calls, self, removal } = props;
  if (props.busy) return <WaitingCount count={Math.max(calls.length, waitingIn(props.queues))} />;
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
        <Empty ready={self.presence === 'ready'} waiting={waitingIn(props.queues)} today={props.today} />
      ) : (
        <ul class="rows">
          {calls.map((call, index) => (
            <RingingRow
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

function WaitingCount({ count }: { count: number }) {
  const { t } = useWords();
  return (
    <section class="ringing ringing--count" aria-labelledby={WAITING_HEADING}>
      <h2 id={WAITING_HEADING} tabIndex={-1}>
        {t.calls.waitingHeading}
        <span class={count > 0 ? 'count' : 'count count--none'}>{count}</span>
      </h2>
      <p class="soft">{t.calls.emptyBusy}</p>
    </section>
  );
}

/** Nothing to answer: because nobody waits, or because this agent is not shown who does. */
function Empty({ ready, waiting, today }: { ready: boolean; waiting: number; today: Today }) {
  const { t } = useWords();
  return (
    <div class="empty">
      <AnswerIcon />
      <p class="empty-title">{ready ? t.calls.emptyTitle : t.queues.waiting(waiting)}</p>
      <p>{ready ? t.calls.emptyReady : t.calls.emptyNotReady}</p>
      <TodayFigures today={today} />
    </div>
  );
}

function waitingIn(queues: readonly QueueView[]): number {
  return queues.reduce((sum, { waiting }) => sum + waiting, 0);
}
