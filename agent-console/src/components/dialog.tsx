import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { CloseIcon } from './icons.tsx';

/** A modal dialog by the browser's own `<dialog>`: it keeps the focus, closes on Escape and gives the focus back. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const { t } = useWords();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    // The first thing to choose, rather than the button to close.
    element?.querySelector<HTMLElement>('input')?.focus();
    return () => {
      element?.close();
      // The browser gives the focus back only when the dialog closes before it leaves the page.
      const origin = before instanceof HTMLElement && before.isConnected ? before : null;
      (origin ?? document.querySelector('main'))?.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={titleId} onClose={props.onClose}>
      <header class="dialog-head">
        <h2 id={titleId}>{props.title}</h2>
        <Button kind="subtle" label={t.close} onClick={props.onClose} class="button--icon">
          <CloseIcon />
        </Button>
      </header>
      {props.children}
    </dialog>
  );
}
