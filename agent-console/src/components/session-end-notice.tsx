import { useEffect, useState } from 'preact/hooks';
import { formatTime } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { SIGN_IN_URL } from '../session.ts';
import { Notice } from './notice.tsx';

/** Time enough to choose a moment between two calls. */
const AHEAD_MS = 15 * 60_000;

/** Says some time ahead that the sign-in ends; a call in hand may be finished. `expiresAt`: RFC 3339. */
export function SessionEndNotice({ expiresAt, busy }: { expiresAt: string; busy: boolean }) {
  const { t, language } = useWords();
  const [soon, setSoon] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSoon(true), Math.max(0, Date.parse(expiresAt) - AHEAD_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [expiresAt]);
  if (!soon) return null;
  // Whoever signs in leaves the page, and with it the telephone in it.
  const again = (
    <a class="utrecht-button utrecht-button--secondary-action button--link" href={SIGN_IN_URL}>
      {t.sessionEnd.signInAgain}
    </a>
  );
  return (
    <Notice kind="warning" title={t.sessionEnd.title(formatTime(expiresAt, language))} actions={!busy && again}>
      {busy ? t.sessionEnd.afterCall : t.sessionEnd.now}
    </Notice>
  );
}
