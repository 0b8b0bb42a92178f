import type { CallView, ColleagueView, QueueView } from '@civicline/protocol';
import { useId, useState } from 'preact/hooks';
import { formatDuration, isoDuration } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { PRESENCE_ICONS, TransferIcon } from './icons.tsx';
import { Localized } from './localized.tsx';

export interface TransferTarget {
  kind: 'queue' | 'agent';
  id: string;
}

export interface TransferDialogProps {
  call: CallView;
  queues: readonly QueueView[];
  colleagues: readonly ColleagueView[];
  onTransfer: (target: TransferTarget) => void;
  onClose: () => void;
}

/** Chooses where the call goes: an open queue, not the one it came from, or a colleague who is ready; those come first. */
export function TransferDialog({ call, queues, colleagues, onTransfer, onClose }: TransferDialogProps) {
  const { t, language } = useWords();
  const name = useId();
  const [target, setTarget] = useState<TransferTarget | null>(null);
  const [missing, setMissing] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    if (target === null) setMissing(true);
    else onTransfer(target);
  };
  const choose = (next: TransferTarget) => () => {
    setTarget(next);
    setMissing(false);
  };
  const ordered = [...colleagues].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, language));
  return (
    <Dialog title={t.transfer.title} onClose={onClose}>
      <form class="transfer" onSubmit={submit}>
        <GoesAlong call={call} />
        {queues.length > 0 && (
          <fieldset class="choices">
            <legend>{t.transfer.queues}</legend>
            {queues.map((queue) => (
              <label key={queue.id} class="choice choice--target">
                <input
                  type="radio"
                  name={name}
                  disabled={!queue.open || queue.id === call.queueId}
                  onChange={choose({ kind: 'queue', id: queue.id })}
                />
                <span class="target-name">
                  <Localized text={queue.name} />
                </span>
                <QueueState queue={queue} isOwn={queue.id === call.queueId} />
              </label>
            ))}
          </fieldset>
        )}
        <fieldset class="choices">
          <legend>{t.transfer.colleagues}</legend>
          {ordered.length === 0 && <p class="soft">{t.transfer.noColleagues}</p>}
          {ordered.map((colleague) => {
            const Icon = PRESENCE_ICONS[colleague.presence];
            return (
              <label key={colleague.id} class="choice choice--target">
                <input
                  type="radio"
                  name={name}
                  disabled={colleague.presence !== 'ready'}
                  onChange={choose({ kind: 'agent', id: colleague.id })}
                />
                <span class="target-name">{colleague.name}</span>
                <span class={`target-state target-state--${colleague.presence}`}>
                  <Icon />
                  {t.presence.names[colleague.presence]}
                </span>
              </label>
            );
          })}
        </fieldset>
        <p class="field-error" role="alert">
          {missing && t.transfer.chooseFirst}
        </p>
        <div class="dialog-actions">
          <Button kind="primary" type="submit">
            <TransferIcon />
            {t.transfer.confirm}
          </Button>
          <Button onClick={onClose}>{t.cancel}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What whoever answers next will see, so that nobody has to ask the caller again. */
function GoesAlong({ call }: { call: CallView }) {
  const { t } = useWords();
  const waited = Date.parse(call.connectedAt ?? call.queuedAt) - Date.parse(call.queuedAt);
  return (
    <div class="goes-along">
      <p>{t.transfer.intro}</p>
      <dl>
        <div>
          <dt>{t.transfer.yourNote}</dt>
          {call.note === '' ? (
            <dd class="soft">{t.transfer.noNote}</dd>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a long note scrolls, by keyboard, too
            <dd tabIndex={0}>{call.note}</dd>
          )}
        </div>
        <div>
          <dt>{t.transfer.waited}</dt>
          <dd>
            <time dateTime={isoDuration(waited)}>{formatDuration(waited)}</time>
          </dd>
        </div>
      </dl>
    </div>
  );
}

function QueueState({ queue, isOwn }: { queue: QueueView; isOwn: boolean }) {
  const { t } = useWords();
  if (isOwn) return <span class="target-state">{t.transfer.ownQueue}</span>;
  if (!queue.open) {
    return (
      <span class="target-state">
        <PRESENCE_ICONS.offline />
        {t.queues.closed}
      </span>
    );
  }
  return (
    <span class="target-state">
      <span>{t.queues.waiting(queue.waiting)}</span>
      <span class={queue.agentsReady > 0 ? 'target-state--ready' : undefined}>
        {t.queues.agentsReady(queue.agentsReady)}
      </span>
    </span>
  );
}

function rank({ presence }: ColleagueView): number {
  return ['ready', 'busy', 'break', 'not-reachable', 'offline'].indexOf(presence);
}
