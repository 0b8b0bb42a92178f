/** Shortcut keys: Alt with a letter, so that no single letter ever does anything (WCAG 2.1.4). */
import { SHORTCUT_ACTIONS, type ShortcutAction } from '../i18n/texts.ts';

/** E for *end*, K for *keys*; the letters are the same in every language, for people who change between them. */
export const SHORTCUT_KEYS: Record<ShortcutAction, string> = {
  answer: 'a',
  mute: 'm',
  hold: 'h',
  transfer: 't',
  'hang-up': 'e',
  note: 'n',
  help: 'k',
};

type Keys = Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'repeat'>;

/** What the pressed keys ask for; null when nothing. `typing`: into a field, where Alt writes characters on some keyboards. */
export function shortcutOf(event: Keys, typing: boolean): ShortcutAction | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return null;
  const letter = letterOf(event, typing);
  return SHORTCUT_ACTIONS.find((action) => SHORTCUT_KEYS[action] === letter) ?? null;
}

/** What is printed on the key; where Alt makes another character of it (macOS), the key's place. */
function letterOf({ key, code }: Keys, typing: boolean): string {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  if (typing) return '';
  return /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? '';
}
