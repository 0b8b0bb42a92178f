import { useCallback, useEffect, useState } from 'preact/hooks';
import { LanguageContext } from './i18n/index.ts';
import { AuditScreen } from './screens/audit-screen.tsx';
import { ConsoleScreen } from './screens/console-screen.tsx';
import { SignInScreen } from './screens/sign-in-screen.tsx';
import { fetchSession, type Session, type SessionAnswer } from './session.ts';
import { SettingsContext, useStoredSettings } from './settings-context.ts';
import { useView } from './view.ts';

type Phase = { kind: 'loading' } | { kind: 'ended' } | SessionAnswer;

/** Which screen: by who is signed in, with which role, and (for those with both roles) what they chose. */
export function App() {
  const settings = useStoredSettings();
  const [phase, setPhase] = useState<Phase>({ kind: 'loading' });
  const load = useCallback(() => {
    setPhase({ kind: 'loading' });
    void fetchSession().then(setPhase);
  }, []);
  useEffect(load, [load]);
  const ended = useCallback(() => setPhase({ kind: 'ended' }), []);

  const { language } = settings.settings;
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  return (
    <SettingsContext.Provider value={settings}>
      <LanguageContext.Provider value={language}>
        {phase.kind === 'signed-in' ? (
          <SignedIn session={phase.session} onEnded={ended} />
        ) : (
          <SignInScreen phase={phase.kind} onRetry={load} />
        )}
      </LanguageContext.Provider>
    </SettingsContext.Provider>
  );
}

function SignedIn({ session, onEnded }: { session: Session; onEnded: () => void }) {
  const view = useView(session.roles);
  return view === 'audit' ? (
    <AuditScreen session={session} onEnded={onEnded} />
  ) : (
    <ConsoleScreen session={session} onEnded={onEnded} />
  );
}
