/** Settings that people write in YAML: checked as a whole, with every mistake told by its place. */
export { type Mistake, parseSettings, type Settings, type SettingsFile, settingsText } from './settings-file.ts';
