import { withoutInvisible } from '@civicline/protocol';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import { z } from 'zod';

export type { CountryCode } from 'libphonenumber-js';

/**
 * A phone number in E.164, from any usual notation. `country` is for numbers written without country code.
 * null: not a number that can be dialled, or one with an extension.
 */
export function normalisePhone(text: string, country?: CountryCode): string | null {
  const number = parsePhoneNumberFromString(withoutInvisible(text).trim(), {
    ...(country && { defaultCountry: country }),
    extract: false,
  });
  if (!number?.isPossible() || number.ext) return null;
  return /^\+[1-9]\d{6,14}$/.test(number.number) ? number.number : null;
}

const email = z.email().max(254);

/** An e-mail address without surrounding spaces and invisible characters, its domain in lower case; null: none. */
export function normaliseEmail(text: string): string | null {
  const trimmed = withoutInvisible(text).trim();
  if (!email.safeParse(trimmed).success) return null;
  const at = trimmed.lastIndexOf('@');
  return trimmed.slice(0, at) + trimmed.slice(at).toLowerCase();
}

/** `to` written as one number or address, in the form in which a message has it; anything else is left as it is. */
export function addressesOf(to: unknown): unknown {
  if (typeof to !== 'string') return to;
  return to.includes('@') ? { email: to } : { phone: to };
}
