/** Whose number an address of a carrier is. */
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';

export type { CountryCode } from 'libphonenumber-js';

/** As a carrier writes it: type of number and numbering plan by SMPP 3.4 §5.2.5 and §5.2.6. */
export interface Address {
  address: string;
  ton: number;
  npi: number;
}

const TON = { unknown: 0, international: 1, national: 2 } as const;
/** Unknown, E.164, national. All others name no phone: X.121, telex, an IMSI, an Internet address. */
const PLANS_OF_PHONES = new Set([0, 1, 8]);
/** Digits of an unknown type that are no more than this are a short code. */
const LONGEST_SHORT_CODE = 8;

/**
 * E.164; null where it cannot be made out, such as for names, short codes, and national numbers without `country`, the one
 * whose national numbers the carrier writes.
 */
export function e164Of({ address, ton, npi }: Address, country?: CountryCode): string | null {
  if (!PLANS_OF_PHONES.has(npi)) return null;
  const digits = address.trim();
  if (digits.startsWith('+')) return international(digits.slice(1));
  if (!/^\d+$/.test(digits)) return null;
  if (ton !== TON.unknown && ton !== TON.international && ton !== TON.national) return null;
  if (digits.startsWith('00')) return international(digits.slice(2));
  if (ton === TON.national || digits.startsWith('0')) return national(digits, country);
  if (ton === TON.international) return international(digits);
  if (digits.length <= LONGEST_SHORT_CODE) return null;
  return isValid(`+${digits}`) ? international(digits) : (validNational(digits, country) ?? international(digits));
}

function international(digits: string): string | null {
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : null;
}

function national(digits: string, country: CountryCode | undefined): string | null {
  const parsed = country && parsePhoneNumberFromString(digits, { defaultCountry: country, extract: false });
  return parsed?.isPossible() ? parsed.number : null;
}

function validNational(digits: string, country: CountryCode | undefined): string | null {
  const number = national(digits, country);
  return number !== null && isValid(number) ? number : null;
}

function isValid(number: string): boolean {
  return parsePhoneNumberFromString(number, { extract: false })?.isValid() ?? false;
}
