import { useState } from 'preact/hooks';
import { AppHeader } from '../components/app-header.tsx';
import { ClockOffsetContext } from '../components/clock.tsx';
import { LiveRegion } from '../components/live-region.tsx';
import { SettingsDialog } from '../components/settings-dialog.tsx';
import { useWords } from '../i18n/index.ts';
import type { Session } from '../session.ts';
import { activeCall } from '../state/console-state.ts';
import { useConsole } from '../state/use-console.ts';
import { Desk } from './desk.tsx';

/** The agent's place of work: connects, and shows the desk once there is something to show. */
export function ConsoleScreen({ session, onEnded }: { session: Session; onEnded: () => void }) {
  const { t } = useWords();
  const desk = useConsole(session.agent.id, onEnded);
  const [settingsOpen, setSettingsOpen] = useState(false);
  const [signingOut, setSigningOut] = useState(false);
  const { data } = desk.state;
  const inCall = data !== null && activeCall(data) !== null;
  return (
    <ClockOffsetContext.Provider value={data?.clockOffset ?? 0}>
      <a class="utrecht-skip-link utrecht-skip-link--visible-on-focus" href="#calls-main">
        {t.header.skipToCalls}
      </a>
      <AppHeader
        session={session}
        view="calls"
        onSettings={() => setSettingsOpen(true)}
        onSignOut={() => {
          setSigningOut(inCall);
          return !inCall;
        }}
      />
      <LiveRegion said={desk.said} />
      {data ? (
        <Desk
          console={desk}
          data={data}
          signedInUntil={session.expiresAt}
          signingOut={signingOut}
          onStay={() => setSigningOut(false)}
        />
      ) : (
        <main id="calls-main" class="waiting-screen" tabIndex={-1}>
          <h1 class="sr-only">{t.calls.title}</h1>
          <p role="status" class="loading">
            {t.connection.connecting}
          </p>
        </main>
      )}
      {settingsOpen && <SettingsDialog onClose={() => setSettingsOpen(false)} />}
    </ClockOffsetContext.Provider>
  );
}
