import type { Verification } from '@civicline/protocol';
import { formatTime } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { DoubtIcon, SealIcon } from './icons.tsx';

/** Verified or not: another word, another icon, another outline. Never colour alone. */
export function VerificationMark({ verification }: { verification: Verification }) {
  const { t, language } = useWords();
  const verified = verification.kind === 'verified';
  return (
    <p class={`verification verification--${verification.kind}`}>
      <span class="verification-word">
        {verified ? <SealIcon /> : <DoubtIcon />}
        {verified ? t.calls.verified : t.calls.notVerified}
      </span>
      <span class="verification-detail">
        {verified
          ? t.calls.disclosedAt(formatTime(verification.disclosedAt, language))
          : t.calls.notVerifiedReasons[verification.reason]}
      </span>
    </p>
  );
}
