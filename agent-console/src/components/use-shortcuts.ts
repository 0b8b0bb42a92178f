import { useEffect } from 'preact/hooks';
import { useSettings } from '../settings-context.ts';
import { SHORTCUT_KEYS, shortcutOf } from '../state/shortcuts.ts';

/** A shortcut key presses the button, or goes to the field, that names it; nothing while a dialog is open. */
export function useShortcuts(): void {
  const { settings } = useSettings();
  useEffect(() => {
    if (!settings.shortcuts) return;
    const press = (event: KeyboardEvent) => {
      const action = shortcutOf(event, isTextField(event.target));
      if (action === null || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      operate(`Alt+${SHORTCUT_KEYS[action].toUpperCase()}`);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [settings.shortcuts]);
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('textarea, input:not([type=radio], [type=checkbox])');
}

function operate(shortcut: string): void {
  const element = document.querySelector<HTMLElement>(`[aria-keyshortcuts="${shortcut}"]`);
  if (element instanceof HTMLButtonElement) element.click();
  else element?.focus();
}
