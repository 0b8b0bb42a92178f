import type { CallView, QueueView } from '@civicline/protocol';
import { useId } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { CallAttributes, CallLinks, CallNote, CallOrigin, CallTags, CallTitle } from './call-facts.tsx';
import { Elapsed } from './clock.tsx';
import { AnswerIcon } from './icons.tsx';
import { VerificationMark } from './verification-mark.tsx';

export interface RingingCardProps {
  call: CallView;
  selfId: string;
  queues: readonly QueueView[];
  /** The button was pressed and the gateway has not decided yet. */
  answering: boolean;
  /** Why it cannot be answered now; null when it can. */
  obstacle: string | null;
  /** Only the first card has the shortcut. */
  shortcut: boolean;
  onAnswer: () => void;
}

/** One waiting call. */
export function RingingCard({ call, selfId, queues, answering, obstacle, shortcut, onAnswer }: RingingCardProps) {
  const { t } = useWords();
  const id = useId();
  return (
    <li>
      <article class={`card card--${call.verification.kind}`} aria-labelledby={`${id}-title`} data-call={call.id}>
        <header class="card-head">
          <VerificationMark verification={call.verification} />
          <p class="waiting">
            <span>{t.calls.waiting}</span> <Elapsed since={call.queuedAt} />
          </p>
        </header>
        <div class="card-body">
          <div class="card-facts">
            <h3 id={`${id}-title`}>
              <CallTitle call={call} />
            </h3>
            <CallTags call={call} selfId={selfId} />
            <CallOrigin call={call} queues={queues} />
            <CallNote call={call} />
            <CallAttributes call={call} level={4} />
            <CallLinks call={call} level={4} />
          </div>
          <div class="card-action">
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
            {obstacle !== null && (
              <p id={`${id}-obstacle`} class="hint">
                {obstacle}
              </p>
            )}
          </div>
        </div>
      </article>
    </li>
  );
}
