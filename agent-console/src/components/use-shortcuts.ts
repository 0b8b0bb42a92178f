import { useEffect, useRef } from 'preact/hooks';
import type { ShortcutAction } from '../i18n/texts.ts';
import { useSettings } from '../settings-context.ts';
import { shortcutOf } from '../state/shortcuts.ts';

/** Does what the shortcut keys ask for, unless they are switched off or a dialog is open. */
export function useShortcuts(actions: Record<ShortcutAction, () => unknown>): void {
  const { settings } = useSettings();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (!settings.shortcuts) return;
    const press = (event: KeyboardEvent) => {
      const action = shortcutOf(event);
      if (action === null || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      latest.current[action]();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [settings.shortcuts]);
}
