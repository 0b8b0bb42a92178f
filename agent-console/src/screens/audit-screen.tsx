import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { AppHeader } from '../components/app-header.tsx';
import { Button } from '../components/button.tsx';
import { Localized } from '../components/localized.tsx';
import { Notice } from '../components/notice.tsx';
import { formatDateTime } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import type { Session } from '../session.ts';
import { type AuditPage, fetchAuditPage } from '../state/audit.ts';

type Loaded = { kind: 'loading' } | { kind: 'failed' } | { kind: 'page'; page: AuditPage };

/** Who saw which call's attributes, the latest first, page by page; never the attributes. */
export function AuditScreen({ session, onEnded }: { session: Session; onEnded: () => void }) {
  const { t } = useWords();
  /** Where each page so far began; the last one is on the screen. */
  const [starts, setStarts] = useState<(number | null)[]>([null]);
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' });
  const heading = useRef<HTMLHeadingElement>(null);
  const before = starts.at(-1) ?? null;
  /** An answer that comes after the next question is none. */
  const asked = useRef(0);

  const load = useCallback(async () => {
    setLoaded({ kind: 'loading' });
    const question = ++asked.current;
    const answer = await fetchAuditPage(before);
    if (question !== asked.current) return;
    if (answer.kind === 'signed-out') onEnded();
    else setLoaded(answer);
  }, [before, onEnded]);
  useEffect(() => void load(), [load]);
  useEffect(() => {
    document.title = `${t.audit.title} – ${t.product}`;
  }, [t]);

  const go = (next: (number | null)[]) => {
    setStarts(next);
    heading.current?.focus();
  };
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
        <div role="status">
          {loaded.kind === 'loading' && <p class="loading">{t.loading}</p>}
          {loaded.kind === 'failed' && (
            <Notice kind="problem" actions={<Button onClick={() => void load()}>{t.retry}</Button>}>
              {t.audit.failed}
            </Notice>
          )}
          {loaded.kind === 'page' && loaded.page.entries.length === 0 && <p>{t.audit.empty}</p>}
        </div>
        {loaded.kind === 'page' && loaded.page.entries.length > 0 && <AuditTable page={loaded.page} />}
        <div class="audit-pages">
          {starts.length > 1 && <Button onClick={() => go([null])}>{t.audit.first}</Button>}
          <span>{t.audit.page(starts.length)}</span>
          {next !== null && <Button onClick={() => go([...starts, next])}>{t.audit.next}</Button>}
        </div>
      </main>
    </>
  );
}

function AuditTable({ page }: { page: AuditPage }) {
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
              <td class="audit-time">
                <time dateTime={entry.at}>{formatDateTime(entry.at, language)}</time>
              </td>
              <td>{entry.agents.map(({ name }) => name).join(', ')}</td>
              <td class="audit-call">{entry.callId}</td>
              <td>
                <ul>
                  {entry.attributes.map(({ id, label }) => (
                    <li key={id} title={id}>
                      <Localized text={label} />
                    </li>
                  ))}
                </ul>
              </td>
              <td>{t.audit.reasons[entry.reason] ?? entry.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
