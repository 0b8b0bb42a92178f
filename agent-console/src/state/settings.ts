/** What an agent chose on this computer. Nothing about callers is ever kept in the browser. */
import { LANGUAGES, type Language } from '@civicline/protocol';

export interface Settings {
  language: Language;
  /** A quiet tone while a call waits and this agent is ready. */
  sound: boolean;
  /** A notification of the operating system; says that somebody waits, never who. */
  notifications: boolean;
  shortcuts: boolean;
}

const KEY = 'civicline-console';

/**
 * The stored settings, completed with defaults: the first of the browser's languages that the console speaks, sound on
 * (a missed caller costs more than a soft tone), notifications off (they need a permission), shortcuts on.
 */
export function readSettings(storage: Pick<Storage, 'getItem'>, browserLanguages: readonly string[]): Settings {
  const stored = parse(storage.getItem(KEY));
  return {
    language: isLanguage(stored.language) ? stored.language : preferredLanguage(browserLanguages),
    sound: typeof stored.sound === 'boolean' ? stored.sound : true,
    notifications: typeof stored.notifications === 'boolean' ? stored.notifications : false,
    shortcuts: typeof stored.shortcuts === 'boolean' ? stored.shortcuts : true,
  };
}

export function writeSettings(storage: Pick<Storage, 'setItem'>, settings: Settings): void {
  storage.setItem(KEY, JSON.stringify(settings));
}

export function preferredLanguage(browserLanguages: readonly string[]): Language {
  return browserLanguages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'nl';
}

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

function parse(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
