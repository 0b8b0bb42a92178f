import { formatDuration, isoDuration } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { useGatewayNow } from './clock.tsx';
import { ClockIcon, WarningIcon } from './icons.tsx';

const LONG_MS = 60_000;
const VERY_LONG_MS = 180_000;

type Level = 'short' | 'long' | 'very-long';

/** How much patience the caller has shown: long from one minute on, very long from three. */
export function waitingLevel(milliseconds: number): Level {
  if (milliseconds >= VERY_LONG_MS) return 'very-long';
  return milliseconds >= LONG_MS ? 'long' : 'short';
}

/** How long a caller has waited. Another icon, outline and word than before, never colour alone. `since`: RFC 3339. */
export function WaitingTime({ since }: { since: string }) {
  const { t } = useWords();
  const waited = useGatewayNow() - Date.parse(since);
  const level = waitingLevel(waited);
  const words = { short: null, long: t.calls.waitsLong, 'very-long': t.calls.waitsVeryLong }[level];
  return (
    <p class={`waiting waiting--${level}`}>
      {level === 'very-long' ? <WarningIcon /> : <ClockIcon />}
      <span class="sr-only">{t.calls.waiting}</span>{' '}
      <time dateTime={isoDuration(waited)}>{formatDuration(waited)}</time>
      {words !== null && <span class="sr-only"> ({words})</span>}
    </p>
  );
}
