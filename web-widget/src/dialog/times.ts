import type { Language } from '@civicline/protocol';

/** British English: the 24-hour clock of the places that use this. */
const LOCALES: Record<Language, string> = { nl: 'nl', fr: 'fr', de: 'de', en: 'en-GB' };

/** `14:35`, on the reader's own clock. */
export function clockTime(rfc3339: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], { hour: '2-digit', minute: '2-digit' }).format(new Date(rfc3339));
}

/** `maandag 24 november om 09:00`. */
export function dayAndTime(rfc3339: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  }).format(new Date(rfc3339));
}
