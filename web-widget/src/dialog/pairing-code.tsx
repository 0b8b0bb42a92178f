import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Texts } from '../texts/texts.ts';

const LENGTH = 4;

interface Props {
  texts: Texts['pairing'];
  rejected: boolean;
  /** The digits are being checked: no others are taken. */
  waiting?: boolean;
  /** On a phone the keyboard would cover what comes first. */
  focused?: boolean;
  onEntered(digits: string): void;
}

/** One field rather than four: it has a name, and pasting and correcting work as everywhere. */
export function PairingCode({ texts, rejected, waiting = false, focused = true, onEntered }: Props): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focused) field.current?.focus();
  }, []);
  const onInput = ({ currentTarget }: { currentTarget: HTMLInputElement }): void => {
    const digits = currentTarget.value.replace(/\D/g, '').slice(0, LENGTH);
    currentTarget.value = digits;
    if (digits.length === LENGTH) onEntered(digits);
  };
  return (
    <div class="pairing">
      <label for="pairing">{texts.label}</label>
      <input
        ref={field}
        id="pairing"
        class="digits"
        inputMode="numeric"
        autocomplete="off"
        maxLength={LENGTH}
        readOnly={waiting}
        aria-describedby="pairing-rejected"
        aria-invalid={rejected}
        onInput={onInput}
      />
      <p id="pairing-rejected" class="rejected" role="alert">
        {rejected ? texts.rejected : ''}
      </p>
    </div>
  );
}
