import { type Language, type LocalizedText, localize } from '@civicline/protocol';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { de } from './de.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';
import { nl } from './nl.ts';
import type { Texts } from './texts.ts';

export type { Texts } from './texts.ts';

export const TEXTS: Record<Language, Texts> = { nl, fr, de, en };

/** The languages under their own names, for people who do not read the present one. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  nl: 'Nederlands',
  fr: 'Français',
  de: 'Deutsch',
  en: 'English',
};

export const LanguageContext = createContext<Language>('nl');

export interface Words {
  language: Language;
  t: Texts;
  /** A text of the organisation in the agent's language, or the nearest there is. */
  local(text: LocalizedText): string;
}

/** The words of the language that the agent chose. */
export function useWords(): Words {
  const language = useContext(LanguageContext);
  return { language, t: TEXTS[language], local: (text) => localize(text, language) };
}
