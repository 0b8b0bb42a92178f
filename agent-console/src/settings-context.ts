import { createContext } from 'preact';
import { useCallback, useContext, useState } from 'preact/hooks';
import { readSettings, type Settings, writeSettings } from './state/settings.ts';

export interface SettingsControl {
  settings: Settings;
  change(part: Partial<Settings>): void;
}

export const SettingsContext = createContext<SettingsControl>({
  settings: readSettings({ getItem: () => null }, []),
  change: () => undefined,
});

export function useSettings(): SettingsControl {
  return useContext(SettingsContext);
}

/** The settings of this computer; each change is kept at once. */
export function useStoredSettings(): SettingsControl {
  const [settings, setSettings] = useState(() => readSettings(localStorage, navigator.languages));
  const change = useCallback((part: Partial<Settings>) => {
    setSettings((before) => {
      const after = { ...before, ...part };
      writeSettings(localStorage, after);
      return after;
    });
  }, []);
  return { settings, change };
}
