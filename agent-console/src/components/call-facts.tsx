/** What is known of a call, the same while it rings and while it is answered. */
import type { CallView, QueueView } from '@civicline/protocol';
import { formatPhoneNumber } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { ExternalIcon, InfoIcon, TransferIcon } from './icons.tsx';
import { Localized } from './localized.tsx';

export function CallTitle({ call }: { call: CallView }) {
  const { t } = useWords();
  return <span>{call.purpose ? <Localized text={call.purpose.title} /> : t.calls.purposeUnknown}</span>;
}

export function CallOrigin({ call, queues }: { call: CallView; queues: readonly Pick<QueueView, 'id' | 'name'>[] }) {
  const { t } = useWords();
  const queue = queues.find(({ id }) => id === call.queueId);
  return (
    <dl class="origin">
      <div>
        <dt>{t.calls.callingNumber}</dt>
        <dd>
          {call.callingNumber === null ? (
            t.calls.numberWithheld
          ) : (
            <>
              <span class="number">{formatPhoneNumber(call.callingNumber)}</span>{' '}
              <span class="soft">({t.calls.numberIsHint})</span>
            </>
          )}
        </dd>
      </div>
      {queue && (
        <div>
          <dt>{t.calls.queue}</dt>
          <dd>
            <Localized text={queue.name} />
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Where the call came from, when it is not simply the queue. */
export function CallTags({ call, selfId }: { call: CallView; selfId: string }) {
  const { t } = useWords();
  const { transferredBy, cutOffFrom } = call;
  const toMe = call.offeredTo === selfId;
  if (!transferredBy && !cutOffFrom && call.source.kind !== 'exchange') return null;
  return (
    <ul class="tags">
      {cutOffFrom && (
        <li>
          <InfoIcon />
          {t.calls.cutOffFrom(cutOffFrom.name)}
        </li>
      )}
      {transferredBy && (
        <li>
          <TransferIcon />
          {toMe ? t.calls.transferredToYou(transferredBy.name) : t.calls.transferredBy(transferredBy.name)}
        </li>
      )}
      {call.source.kind === 'exchange' && (
        <li>
          <InfoIcon />
          {t.calls.exchange}
        </li>
      )}
    </ul>
  );
}

export function CallAttributes({ call, level }: { call: CallView; level: 3 | 4 }) {
  const { t } = useWords();
  const Heading = `h${level}` as const;
  if (call.attributes.length === 0) return null;
  return (
    <section class="attributes">
      <Heading class="small-heading">{t.calls.attributes}</Heading>
      <dl>
        {call.attributes.map(({ id, label, value }) => (
          <div key={id}>
            <dt>
              <Localized text={label} />
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What an agent before noted, for whoever is to answer now. */
export function CallNote({ call }: { call: CallView }) {
  const { t } = useWords();
  if (call.note === '') return null;
  return (
    <section class="colleagues-note">
      <h4 class="small-heading">{t.calls.colleaguesNote}</h4>
      <p>{call.note}</p>
    </section>
  );
}

export function CallLinks({ call, level }: { call: CallView; level: 3 | 4 }) {
  const { t } = useWords();
  const Heading = `h${level}` as const;
  if (call.links.length === 0) return null;
  return (
    <section class="links">
      <Heading class="small-heading">{t.calls.links}</Heading>
      <ul>
        {call.links.map(({ label, url }) => (
          <li key={url}>
            <a class="utrecht-link utrecht-link--html-a" href={url} target="_blank" rel="noopener noreferrer">
              <Localized text={label} />
              <ExternalIcon />
              <span class="sr-only"> ({t.opensInNewTab})</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
