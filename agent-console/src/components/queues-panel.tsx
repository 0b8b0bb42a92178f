import type { QueueView } from '@civicline/protocol';
import { useId } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { Localized } from './localized.tsx';

/** How busy the agent's queues are. */
export function QueuesPanel({ queues }: { queues: readonly QueueView[] }) {
  const { t } = useWords();
  const id = useId();
  return (
    <section class="panel queues" aria-labelledby={id}>
      <h2 id={id}>{t.queues.heading}</h2>
      {queues.length === 0 ? (
        <p class="soft">{t.queues.none}</p>
      ) : (
        <ul>
          {queues.map((queue) => (
            <li key={queue.id} class={queue.open ? undefined : 'queue--closed'}>
              <strong>
                <Localized text={queue.name} />
              </strong>
              <span class="queue-figures">
                {queue.open || queue.waiting > 0 ? (
                  <span class={queue.waiting > 0 ? 'queue-waiting' : undefined}>{t.queues.waiting(queue.waiting)}</span>
                ) : null}
                <span class="soft">{queue.open ? t.queues.agentsReady(queue.agentsReady) : t.queues.closed}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
