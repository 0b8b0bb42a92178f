import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { SIGN_IN_URL } from '../session.ts';

/** Time enough to choose a moment between two calls. */
const AHEAD_MS = 15 * 60_000;

/** Whether the sign-in ends within a quarter of an hour. `expiresAt`: RFC 3339. */
export function useSessionEndsSoon(expiresAt: string): boolean {
  const [soon, setSoon] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSoon(true), Math.max(0, Date.parse(expiresAt) - AHEAD_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [expiresAt]);
  return soon;
}

/** For between two calls: whoever signs in leaves the page, and with it the telephone in it. */
export function SignInAgain() {
  const { t } = useWords();
  return (
    <a class="utrecht-button utrecht-button--secondary-action button--link" href={SIGN_IN_URL}>
      {t.sessionEnd.signInAgain}
    </a>
  );
}
