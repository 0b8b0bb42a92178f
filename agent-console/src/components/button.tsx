import type { ComponentChildren, Ref } from 'preact';
import { useSettings } from '../settings-context.ts';

export interface ButtonProps {
  children: ComponentChildren;
  onClick?: (() => void) | undefined;
  /** What it does at a glance: `ready` begins a call, `danger` ends one. */
  kind?: 'primary' | 'ready' | 'danger' | 'secondary' | 'subtle';
  type?: 'button' | 'submit' | 'reset';
  /** Stays focusable and says why it does nothing now, through `describedBy`. */
  unavailable?: boolean;
  describedBy?: string | undefined;
  /** Such as `Alt+A`: written on the button as long as shortcut keys are on. */
  shortcut?: string | undefined;
  label?: string | undefined;
  /** Whether what it opens is open, and the id of that. */
  expanded?: boolean;
  controls?: string;
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
  const { settings } = useSettings();
  const state = unavailable ? ' button--unavailable' : '';
  const shortcut = settings.shortcuts ? props.shortcut : undefined;
  return (
    <button
      ref={props.buttonRef ?? null}
      type={type}
      class={`utrecht-button ${CLASSES[kind]}${state} ${props.class ?? ''}`}
      aria-disabled={unavailable || undefined}
      aria-describedby={props.describedBy}
      aria-keyshortcuts={shortcut}
      aria-label={props.label}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      onClick={(event) => {
        if (unavailable) event.preventDefault();
        else props.onClick?.();
      }}
    >
      {props.children}
      {shortcut && <ShortcutKey shortcut={shortcut} />}
    </button>
  );
}

/** A shortcut written where it works; read out from `aria-keyshortcuts`. */
export function ShortcutKey({ shortcut }: { shortcut: string }) {
  return (
    <span class="shortcut" aria-hidden="true">
      {shortcut}
    </span>
  );
}
