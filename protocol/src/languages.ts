import { z } from 'zod';

/** The languages in which every screen and prompt exists, as ISO 639-1 codes. */
export const LANGUAGES = ['nl', 'fr', 'de', 'en'] as const;

export const languageSchema = z.enum(LANGUAGES);
export type Language = z.infer<typeof languageSchema>;

/** One text in some or all languages; at least one is present. Pick one with {@link localize}. */
export const localizedTextSchema = z
  .partialRecord(languageSchema, z.string().min(1))
  .refine((text) => Object.keys(text).length > 0, 'give the text in at least one language');
export type LocalizedText = Partial<Record<Language, string>>;

/** The text in the wanted language, else in English, else in whichever language there is. */
export function localize(text: LocalizedText, language: Language): string {
  return text[language] ?? text.en ?? Object.values(text)[0] ?? '';
}
