import type { CallView, ColleagueView, QueueView } from '@civicline/protocol';
import { useId, useState } from 'preact/hooks';
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
  const stateOf = (queue: QueueView): string => {
    if (queue.id === call.queueId) return t.transfer.ownQueue;
    if (!queue.open) return t.queues.closed;
    return `${t.queues.waiting(queue.waiting)}, ${t.queues.agentsReady(queue.agentsReady)}`;
  };
  const ordered = [...colleagues].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, language));
  return (
    <Dialog title={t.transfer.title} onClose={onClose}>
      <form class="transfer" onSubmit={submit}>
        <p class="soft">{t.transfer.intro}</p>
        <p class="transfer-note">
          {call.note === '' ? (
            t.transfer.noNote
          ) : (
            <>
              <strong>{t.transfer.yourNote}:</strong> {call.note}
            </>
          )}
        </p>
        {queues.length > 0 && (
          <fieldset class="choices">
            <legend>{t.transfer.queues}</legend>
            {queues.map((queue) => (
              <label key={queue.id} class="choice">
                <input
                  type="radio"
                  name={name}
                  disabled={!queue.open || queue.id === call.queueId}
                  onChange={choose({ kind: 'queue', id: queue.id })}
                />
                <Localized text={queue.name} />
                <span class="soft">{stateOf(queue)}</span>
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
              <label key={colleague.id} class="choice">
                <input
                  type="radio"
                  name={name}
                  disabled={colleague.presence !== 'ready'}
                  onChange={choose({ kind: 'agent', id: colleague.id })}
                />
                <span>{colleague.name}</span>
                <span class={`colleague-presence colleague-presence--${colleague.presence}`}>
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

function rank({ presence }: ColleagueView): number {
  return ['ready', 'busy', 'break', 'not-reachable', 'offline'].indexOf(presence);
}
