/** How numbers, times and telephone numbers are written. */
import type { Language } from '@civicline/protocol';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** 24-hour clocks and European dates in every language. */
const REGIONS: Record<Language, string> = { nl: 'nl-NL', fr: 'fr-BE', de: 'de-DE', en: 'en-GB' };
const hoursAndMinutes = formatsOf({ hour: '2-digit', minute: '2-digit' });
const datesAndTimes = formatsOf({ dateStyle: 'medium', timeStyle: 'medium' });

/** Milliseconds as `m:ss`, from an hour on as `h:mm:ss`; never below zero, for clocks differ a little. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** The same as an ISO 8601 duration, for `<time datetime>`. */
export function isoDuration(milliseconds: number): string {
  return `PT${Math.max(0, Math.floor(milliseconds / 1000))}S`;
}

/** RFC 3339 as the hour and minute here, such as 14:05. */
export function formatTime(time: string, language: Language): string {
  return hoursAndMinutes[language].format(new Date(time));
}

/** RFC 3339 as date and time to the second here. */
export function formatDateTime(time: string, language: Language): string {
  return datesAndTimes[language].format(new Date(time));
}

/** E.164 in groups, such as +31 6 12345678; anything else as it came. */
export function formatPhoneNumber(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}

/** Made once: to make one takes longer than to draw the call in which it stands. */
function formatsOf(options: Intl.DateTimeFormatOptions): Record<Language, Intl.DateTimeFormat> {
  const of = (language: Language) => new Intl.DateTimeFormat(REGIONS[language], options);
  return { nl: of('nl'), fr: of('fr'), de: of('de'), en: of('en') };
}
