import { useEffect } from 'preact/hooks';
import { LanguageChoice } from '../components/app-header.tsx';
import { Button } from '../components/button.tsx';
import { Emblem } from '../components/icons.tsx';
import { useWords } from '../i18n/index.ts';
import { SIGN_IN_URL } from '../session.ts';

export type SignInPhase = 'loading' | 'signed-out' | 'ended' | 'unreachable';

/** Before and after work. */
export function SignInScreen({ phase, onRetry }: { phase: SignInPhase; onRetry: () => void }) {
  const { t } = useWords();
  const { title, intro } = words(phase, t);
  useEffect(() => {
    document.title = `${t.signIn.title} – ${t.product}`;
  }, [t]);
  return (
    <div class="sign-in">
      <main class="sign-in-box" aria-busy={phase === 'loading'}>
        <Emblem />
        <p class="sign-in-product">{t.product}</p>
        {phase === 'loading' ? (
          <p role="status" class="loading">
            {t.loading}
          </p>
        ) : (
          <>
            <div role="status">
              <h1>{title}</h1>
              <p>{intro}</p>
            </div>
            {phase === 'unreachable' ? (
              <Button kind="primary" onClick={onRetry}>
                {t.retry}
              </Button>
            ) : (
              <a class="utrecht-button utrecht-button--primary-action button--link" href={SIGN_IN_URL}>
                {t.signIn.button}
              </a>
            )}
          </>
        )}
      </main>
      <footer class="sign-in-foot">
        <LanguageChoice />
      </footer>
    </div>
  );
}

function words(phase: SignInPhase, t: ReturnType<typeof useWords>['t']): { title: string; intro: string } {
  switch (phase) {
    case 'ended':
      return { title: t.signIn.signedOutTitle, intro: t.signIn.signedOutIntro };
    case 'unreachable':
      return { title: t.signIn.unreachableTitle, intro: t.signIn.unreachableIntro };
    default:
      return { title: t.signIn.title, intro: t.signIn.intro };
  }
}
