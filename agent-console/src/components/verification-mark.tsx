import type { Language, Verification } from '@civicline/protocol';
import { formatTime } from '../i18n/format.ts';
import { type Texts, useWords } from '../i18n/index.ts';
import { DoubtIcon, SealIcon } from './icons.tsx';

/** Verified or not: another word, another icon, another outline. Never colour alone. `brief`: as a row has room for. */
export function VerificationMark({ verification, brief = false }: { verification: Verification; brief?: boolean }) {
  const { t, language } = useWords();
  const verified = verification.kind === 'verified';
  if (verified && verification.contested) return <Contested brief={brief} />;
  return (
    <p class={`verification verification--${verification.kind}`}>
      <span class="verification-word">
        {verified ? <SealIcon /> : <DoubtIcon />}
        {verified ? t.calls.verified : t.calls.notVerified}
      </span>
      <span class="verification-detail">
        {verified
          ? detailsOf(verification, t, language)
              .slice(0, brief ? 1 : undefined)
              .join(' · ')
          : t.calls.notVerifiedReasons[verification.reason]}
      </span>
    </p>
  );
}

/** Whether the agent may take the caller for who was disclosed. */
export function isTrusted(verification: Verification): boolean {
  return verification.kind === 'verified' && !verification.contested;
}

/** When, and how the caller is known to be the one who disclosed. */
function detailsOf(verification: Verification & { kind: 'verified' }, t: Texts, language: Language): string[] {
  const { disclosedAt, binding, numberAgrees } = verification;
  const number = numberAgrees ? [t.calls.numberAgrees] : numberAgrees === false ? [t.calls.numberDiffers] : [];
  return [t.calls.disclosedAt(formatTime(disclosedAt, language)), t.calls.bindings[binding], ...number];
}

/** Two callers keyed one code: whom the agent is speaking with is no longer known. */
function Contested({ brief }: { brief: boolean }) {
  const { t } = useWords();
  return (
    <p class="verification verification--not-verified" role="alert">
      <span class="verification-word">
        <DoubtIcon />
        {t.calls.contested}
      </span>
      {!brief && <span class="verification-detail">{t.calls.contestedWhy}</span>}
    </p>
  );
}
