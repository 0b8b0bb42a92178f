import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { AppHeader } from '../components/app-header.tsx';
import { AuditFilterForm } from '../components/audit-filter.tsx';
import { Button } from '../components/button.tsx';
import { Localized } from '../components/localized.tsx';
import { Notice } from '../components/notice.tsx';
import { formatDateTime } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import type { Session } from '../session.ts';
import { type AuditFilter, type AuditPage, auditTableUrl, fetchAuditPage } from '../state/audit.ts';

type Loaded = { kind: 'loading' } | { kind: 'failed' } | { kind: 'page'; page: AuditPage };

/** Who saw which call's attributes, the latest first, page by page; never the attributes. */
export function AuditScreen({ session, onEnded }: { session: Session; onEnded: () => void }) {
  const { t } = useWords();
  /** Where each page so far began; the last one is on the screen. */
  const [starts, setStarts] = useState<(number | null)[]>([null]);
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' });
  const [filter, setFilter] = useState<AuditFilter>({});
  const [people, setPeople] = useState<AuditPage['people']>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = starts.at(-1) ?? null;
  /** An answer that comes after the next question is none. */
  const asked = useRef(0);

  const load = useCallback(async () => {
    setLoaded({ kind: 'loading' });
    const question = ++asked.current;
    const answer = await fetchAuditPage(before, filter);
    if (question !== asked.current) return;
    if (answer.kind === 'signed-out') return onEnded();
    setLoaded(answer);
    if (answer.kind === 'page') setPeople(answer.page.people);
  }, [before, filter, onEnded]);
  useEffect(() => void load(), [load]);
  useEffect(() => {
    document.title = `${t.audit.title} – ${t.product}`;
  }, [t]);

  const go = (next: (number | null)[]) => {
    setStarts(next);
    heading.current?.focus();
  };
  const look = (wanted: AuditFilter) => {
    setFilter(wanted);
    setStarts([null]);
  };
  const isFiltered = Object.keys(filter).length > 0;
  const next = loaded.kind === 'page' ? loaded.page.next : null;

  return (
    <>
      <a class="utrecht-skip-link utrecht-skip-link--visible-on-focus" href="#audit-main">
        {t.header.skipToTable}
      </a>
      <AppHeader session={session} view="audit" />
      <main id="audit-main" class="audit" tabIndex={-1}>
        <h1 ref={heading} tabIndex={-1}>
          {t.audit.title}
        </h1>
        <p class="soft">{t.audit.intro}</p>
        <AuditFilterForm people={people} call={filter.call ?? ''} onFilter={look} />
        <div role="status">
          {loaded.kind === 'loading' && <p class="loading">{t.loading}</p>}
          {loaded.kind === 'failed' && (
            <Notice kind="problem" actions={<Button onClick={() => void load()}>{t.retry}</Button>}>
              {t.audit.failed}
            </Notice>
          )}
          {loaded.kind === 'page' && loaded.page.entries.length === 0 && (
            <p>{isFiltered ? t.audit.noneFits : t.audit.empty}</p>
          )}
        </div>
        {loaded.kind === 'page' && loaded.page.entries.length > 0 && (
          <AuditTable page={loaded.page} onCall={(call) => look({ call })} />
        )}
        <div class="audit-pages">
          {starts.length > 1 && <Button onClick={() => go([null])}>{t.audit.first}</Button>}
          <span>{t.audit.page(starts.length)}</span>
          {next !== null && <Button onClick={() => go([...starts, next])}>{t.audit.next}</Button>}
          <a class="utrecht-link utrecht-link--html-a" href={auditTableUrl(filter)} download>
            {t.audit.saveTable}
          </a>
        </div>
      </main>
    </>
  );
}

function AuditTable({ page, onCall }: { page: AuditPage; onCall: (callId: string) => void }) {
  const { t, language } = useWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls by keyboard, too, where it is wider than the screen
    <section class="table-frame" aria-label={t.audit.title} tabIndex={0}>
      <table class="utrecht-table utrecht-table--html-table">
        <thead>
          <tr>
            <th scope="col">{t.audit.time}</th>
            <th scope="col">{t.audit.agents}</th>
            <th scope="col">{t.audit.call}</th>
            <th scope="col">{t.audit.attributes}</th>
            <th scope="col">{t.audit.reason}</th>
          </tr>
        </thead>
        <tbody>
          {page.entries.map((entry) => (
            <tr key={entry.id}>
              <td class="audit-time" data-label={t.audit.time}>
                <time dateTime={entry.at}>{formatDateTime(entry.at, language)}</time>
              </td>
              <td data-label={t.audit.agents}>{entry.agents.map(({ name }) => name).join(', ')}</td>
              <td data-label={t.audit.call}>
                <button
                  type="button"
                  class="utrecht-link-button utrecht-link-button--html-button audit-call"
                  aria-label={t.audit.filter.onlyCall(entry.callId)}
                  onClick={() => onCall(entry.callId)}
                >
                  {entry.callId}
                </button>
              </td>
              <td data-label={t.audit.attributes}>
                <ul class="audit-attributes">
                  {entry.attributes.map(({ id, label }) => (
                    <li key={id} title={id}>
                      <Localized text={label} />
                    </li>
                  ))}
                </ul>
              </td>
              <td data-label={t.audit.reason}>{t.audit.reasons[entry.reason] ?? entry.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
