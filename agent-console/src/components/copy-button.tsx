import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { CopyIcon, DoneIcon } from './icons.tsx';

const SAID_MS = 2_000;

/** Copies a value at the agent's own press, and says so. Browsers give the clipboard to secure pages only. */
export function CopyButton({ value, what }: { value: string; what: string }) {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(setCopied, SAID_MS, false);
    return () => clearTimeout(timer);
  }, [copied]);
  if (!navigator.clipboard) return null;
  const copy = () => navigator.clipboard.writeText(value).then(() => setCopied(true), ignoreRefusal);
  return (
    <>
      <button type="button" class="copy" aria-label={t.copy(what)} title={t.copy(what)} onClick={() => void copy()}>
        {copied ? <DoneIcon /> : <CopyIcon />}
      </button>
      <span class="sr-only" role="status">
        {copied && t.copied}
      </span>
    </>
  );
}

/** The value stays on the screen, where it can be marked and copied by hand. */
function ignoreRefusal(): void {}
