/** What the form holds, checked before anything leaves the browser. */
import type { Category, SmsContent, Urgency } from '@civicline/protocol';

export interface Input {
  key: string;
  content: SmsContent;
  category: Category;
  urgency: Urgency;
}

export type Field = 'key' | 'to' | 'text';

/** What is wrong with each field; empty: nothing. */
export type Mistakes = Partial<Record<Field, string>>;

/** RFC 7235's token68, as a Bearer credential must be; anything else could not even be put into a header. */
const CREDENTIAL = /^[\w.~+/-]+=*$/;
const E164 = /^\+[1-9]\d{6,14}$/;
const LONGEST_TEXT = 2_000;

export function readForm(form: HTMLFormElement): { input: Input; mistakes: Mistakes } {
  const data = new FormData(form);
  const field = (name: string) => String(data.get(name) ?? '');
  const key = field('key').trim();
  const to = international(field('to'));
  // Forms turn line ends into CR LF; the SMS has one character for them.
  const text = field('text').replaceAll('\r\n', '\n');
  const input = {
    key,
    content: { to, text },
    category: field('category') as Category,
    urgency: field('urgency') as Urgency,
  };
  return { input, mistakes: { ...mistakeOfKey(key), ...mistakeOfNumber(to), ...mistakeOfText(text) } };
}

function mistakeOfKey(key: string): Mistakes {
  if (key === '') return { key: 'Enter the API key of a sender.' };
  return CREDENTIAL.test(key) ? {} : { key: 'This is not an API key: it has a character that no key has.' };
}

function mistakeOfNumber(to: string): Mistakes {
  if (to === '') return { to: 'Enter the number to send to.' };
  return E164.test(to) ? {} : { to: 'Enter the number with its country code, such as +32 470 00 00 01.' };
}

function mistakeOfText(text: string): Mistakes {
  if (text === '') return { text: 'Enter the text of the message.' };
  if (text.length > LONGEST_TEXT) return { text: `The text has more than ${LONGEST_TEXT} characters.` };
  return /\p{Surrogate}/u.test(text) ? { text: 'The text holds half a character.' } : {};
}

/** Brings a number as people write or paste it into the form of E.164; guesses no country. */
function international(number: string): string {
  return number.replaceAll(/[\s\p{Cf}()./\p{Pd}]/gu, '').replace(/^00/, '+');
}
