import type { CallView } from '@civicline/protocol';
import { useId, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import {
  CallerName,
  CallFacts,
  CallLinks,
  CallNote,
  CallSubject,
  CallTags,
  QueueName,
  type QueueNames,
} from './call-facts.tsx';
import { callerOf } from './caller.ts';
import { AnswerIcon, ChevronIcon } from './icons.tsx';
import { isTrusted, VerificationMark } from './verification-mark.tsx';
import { WaitingTime } from './waiting-time.tsx';

export interface RingingRowProps {
  call: CallView;
  selfId: string;
  queues: QueueNames;
  /** The button was pressed and the gateway has not decided yet. */
  answering: boolean;
  /** Why it cannot be answered now; null when it can. */
  obstacle: string | null;
  /** Only the first row has the shortcut. */
  shortcut: boolean;
  onAnswer: () => void;
}

/** One waiting call in one line; the rest of what is known on request. */
export function RingingRow({ call, selfId, queues, answering, obstacle, shortcut, onAnswer }: RingingRowProps) {
  const { t } = useWords();
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <li>
      <article
        class={`row row--${isTrusted(call.verification) ? 'verified' : 'not-verified'}`}
        aria-labelledby={`${id}-title`}
        data-call={call.id}
      >
        <div class="row-line">
          <div class="row-who">
            <h3 id={`${id}-title`}>
              <CallerName call={call} />
            </h3>
            <CallSubject call={call} />
            <CallTags call={call} selfId={selfId} />
          </div>
          <VerificationMark verification={call.verification} brief />
          <p class="row-queue">
            <span class="sr-only">{t.calls.queue} </span>
            <QueueName id={call.queueId} queues={queues} />
          </p>
          <WaitingTime since={call.queuedAt} />
          <Button
            kind="ready"
            onClick={onAnswer}
            unavailable={answering || obstacle !== null}
            describedBy={obstacle === null ? `${id}-title` : `${id}-title ${id}-obstacle`}
            shortcut={shortcut ? 'Alt+A' : undefined}
            class="button--answer"
          >
            <AnswerIcon />
            {answering ? t.calls.answering : t.calls.answer}
          </Button>
          <Button
            kind="subtle"
            class="button--icon row-more"
            label={t.calls.details(callerOf(call.attributes).name ?? t.calls.callerUnknown)}
            expanded={open}
            controls={`${id}-details`}
            onClick={() => setOpen(!open)}
          >
            <ChevronIcon />
          </Button>
        </div>
        {obstacle !== null && (
          <p id={`${id}-obstacle`} class="hint row-obstacle">
            {obstacle}
          </p>
        )}
        <div id={`${id}-details`} class="row-details" hidden={!open}>
          {open && (
            <>
              {call.verification.kind === 'verified' && <VerificationMark verification={call.verification} />}
              <CallNote call={call} />
              <CallFacts call={call} level={4} />
              <CallLinks call={call} level={4} />
            </>
          )}
        </div>
      </article>
    </li>
  );
}
