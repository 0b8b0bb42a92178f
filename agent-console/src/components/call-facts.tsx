/** What is known of a call, the same while it rings and while it is answered. */
import type { CallView, QueueView } from '@civicline/protocol';
import { formatPhoneNumber } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { callerOf } from './caller.ts';
import { CopyButton } from './copy-button.tsx';
import { ExternalIcon, InfoIcon, TransferIcon } from './icons.tsx';
import { Localized } from './localized.tsx';

export type QueueNames = readonly Pick<QueueView, 'id' | 'name'>[];

/** Who calls: the name, else the subject, else that it is not known who. */
export function CallerName({ call }: { call: CallView }) {
  const { t } = useWords();
  const { name } = callerOf(call.attributes);
  if (name !== null) return <span class="caller-name">{name}</span>;
  return <span>{call.purpose ? <Localized text={call.purpose.title} /> : t.calls.callerUnknown}</span>;
}

/** The subject, where it does not stand in the name's place already. */
export function CallSubject({ call }: { call: CallView }) {
  const { t } = useWords();
  if (call.purpose === null) return <p class="subject">{t.calls.purposeUnknown}</p>;
  if (callerOf(call.attributes).name === null) return null;
  return (
    <p class="subject">
      <Localized text={call.purpose.title} />
    </p>
  );
}

export function QueueName({ id, queues }: { id: string; queues: QueueNames }) {
  const queue = queues.find((item) => item.id === id);
  return queue ? <Localized text={queue.name} /> : null;
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

/** Address, numbers and whatever else the caller disclosed; the number that calls; the queue, where `queues` name it. */
export function CallFacts({ call, queues = [], level }: { call: CallView; queues?: QueueNames; level: 3 | 4 }) {
  const { t, local } = useWords();
  const Heading = `h${level}` as const;
  const { address, facts } = callerOf(call.attributes);
  return (
    <section class="facts">
      <Heading class="small-heading">{t.calls.attributes}</Heading>
      <dl class="attributes">
        {address !== null && (
          <div class="fact fact--wide">
            <dt>{t.calls.address}</dt>
            <dd>
              <span class="value">{address}</span>
              <CopyButton value={address} what={t.calls.address} />
            </dd>
          </div>
        )}
        {facts.map(({ id, label, value }) => (
          <div key={id} class="fact">
            <dt>
              <Localized text={label} />
            </dt>
            <dd>
              <span class="value">{value}</span>
              {isWorthCopying(value) && <CopyButton value={value} what={local(label)} />}
            </dd>
          </div>
        ))}
        <CallingNumber number={call.callingNumber} />
        {queues.some(({ id }) => id === call.queueId) && (
          <div class="fact">
            <dt>{t.calls.queue}</dt>
            <dd>
              <QueueName id={call.queueId} queues={queues} />
            </dd>
          </div>
        )}
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

function CallingNumber({ number }: { number: string | null }) {
  const { t } = useWords();
  return (
    <div class="fact">
      <dt>
        {t.calls.callingNumber}
        {number !== null && ` (${t.calls.numberIsHint})`}
      </dt>
      <dd>
        {number === null ? (
          t.calls.numberWithheld
        ) : (
          <>
            <span class="value number">{formatPhoneNumber(number)}</span>
            <CopyButton value={number} what={t.calls.callingNumber} />
          </>
        )}
      </dd>
    </div>
  );
}

/** Numbers and e-mail addresses, which nobody likes to type over. */
function isWorthCopying(value: string): boolean {
  return /\d|@/.test(value);
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
