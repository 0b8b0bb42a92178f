import type { ComponentChildren, Ref } from 'preact';

export interface ButtonProps {
  children: ComponentChildren;
  onClick?: (() => void) | undefined;
  /** What it does at a glance: `ready` begins a call, `danger` ends one. */
  kind?: 'primary' | 'ready' | 'danger' | 'secondary' | 'subtle';
  type?: 'button' | 'submit';
  /** Stays focusable and says why it does nothing now, through `describedBy`. */
  unavailable?: boolean;
  describedBy?: string | undefined;
  shortcut?: string | undefined;
  label?: string | undefined;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
}

const CLASSES = {
  primary: 'utrecht-button--primary-action',
  ready: 'utrecht-button--primary-action utrecht-button--ready',
  danger: 'utrecht-button--primary-action utrecht-button--danger',
  secondary: 'utrecht-button--secondary-action',
  subtle: 'utrecht-button--subtle',
} as const;

/** The NL Design System button. */
export function Button({ kind = 'secondary', type = 'button', unavailable = false, ...props }: ButtonProps) {
  const state = unavailable ? ' button--unavailable' : '';
  return (
    <button
      ref={props.buttonRef ?? null}
      type={type}
      class={`utrecht-button ${CLASSES[kind]}${state} ${props.class ?? ''}`}
      aria-disabled={unavailable || undefined}
      aria-describedby={props.describedBy}
      aria-keyshortcuts={props.shortcut}
      aria-label={props.label}
      onClick={(event) => {
        if (unavailable) event.preventDefault();
        else props.onClick?.();
      }}
    >
      {props.children}
    </button>
  );
}
