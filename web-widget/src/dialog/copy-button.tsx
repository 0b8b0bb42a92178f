import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 3000;

/** Copies `value`. Nothing where the browser gives no clipboard (http): the text beside it can be selected. */
export function CopyButton({ value, label, done }: { value: string; label: string; done: string }): JSX.Element | null {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  if (!navigator.clipboard) return null;
  const copy = (): void => {
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <span class="copy">
      <button type="button" class="button secondary small" part="secondary-button" onClick={copy}>
        {label}
      </button>
      <span role="status" class="copied">
        {copied ? done : ''}
      </span>
    </span>
  );
}
