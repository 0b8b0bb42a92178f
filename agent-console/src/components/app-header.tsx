import { LANGUAGES } from '@civicline/protocol';
import { LANGUAGE_NAMES, useWords } from '../i18n/index.ts';
import { type Session, SIGN_OUT_URL } from '../session.ts';
import { useSettings } from '../settings-context.ts';
import type { View } from '../view.ts';
import { Button } from './button.tsx';
import { ChevronIcon, Emblem, ExternalIcon, SettingsIcon, SignOutIcon } from './icons.tsx';
import { Localized } from './localized.tsx';

export function AppHeader(props: {
  session: Session;
  view: View;
  onSettings?: () => void;
  /** False keeps the agent signed in. */
  onSignOut?: () => boolean;
}) {
  const { t } = useWords();
  const { session, view } = props;
  return (
    <header class="app-header">
      <p class="brand">
        <Emblem />
        <span>
          <strong>{t.product}</strong>
          <span class="brand-organisation">
            <Localized text={session.organisation.name} />
          </span>
        </span>
      </p>
      {session.roles.length > 1 && <Views view={view} />}
      <div class="app-header-tools">
        <LanguageChoice />
        {props.onSettings && (
          <Button kind="subtle" onClick={props.onSettings} shortcut="Alt+K" class="button--tool">
            <SettingsIcon />
            <span class="tool-word">{t.header.settings}</span>
          </Button>
        )}
        <form
          method="post"
          action={SIGN_OUT_URL}
          class="signed-in"
          onSubmit={(event) => {
            if (props.onSignOut?.() === false) event.preventDefault();
          }}
        >
          <span class="signed-in-name">
            <span class="sr-only">{t.header.signedInAs} </span>
            {session.agent.name}
          </span>
          <Button kind="subtle" type="submit" class="button--tool">
            <SignOutIcon />
            <span class="tool-word">{t.header.signOut}</span>
          </Button>
        </form>
      </div>
    </header>
  );
}

function Views({ view }: { view: View }) {
  const { t } = useWords();
  return (
    <nav aria-label={t.header.views} class="views">
      <a href="#calls" aria-current={view === 'calls' ? 'page' : undefined}>
        {t.header.callsView}
      </a>
      {view === 'audit' ? (
        <a href="#audit" aria-current="page">
          {t.header.auditView}
        </a>
      ) : (
        // To leave the desk would end a conversation whose voice is in this page.
        <a href="#audit" target="_blank" rel="noopener">
          {t.header.auditView}
          <ExternalIcon />
          <span class="sr-only"> ({t.opensInNewTab})</span>
        </a>
      )}
    </nav>
  );
}

export function LanguageChoice() {
  const { t, language } = useWords();
  const { change } = useSettings();
  return (
    <label class="language select-frame">
      <span class="sr-only">{t.header.language}</span>
      <select
        class="utrecht-select utrecht-select--html-select"
        value={language}
        onChange={(event) => {
          const chosen = LANGUAGES.find((item) => item === event.currentTarget.value);
          if (chosen) change({ language: chosen });
        }}
      >
        {LANGUAGES.map((item) => (
          <option key={item} value={item} lang={item}>
            {LANGUAGE_NAMES[item]}
          </option>
        ))}
      </select>
      <ChevronIcon />
    </label>
  );
}
