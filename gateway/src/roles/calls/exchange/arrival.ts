import type { ExchangeCallInput, Problem } from '@civicline/protocol';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { AppError } from '../../../platform/http/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { Exchange } from './keys.ts';
import type { ExchangeArrival } from './port.ts';

/** How far the other exchange's clock may be ahead of ours. */
const AHEAD_MS = 60_000;
/** A call that arrived longer ago is not waiting any more. */
const LATE_MS = 15 * 60_000;

/** What exchanges write where a number is withheld: a word, or the address of RFC 3323 §4.1.1.3. */
const WITHHELD =
  /^(?:sips?:)?(?:(?:anonymous|anonyme?|anoniem|unavailable|restricted|withheld|private|blocked|unknown)(?: caller| number)?(?:@[\w.-]+)?)?$/i;

type Mistake = NonNullable<Problem['errors']>[number];

/** Reads a reported call. Throws AppError `INPUT_INVALID` with a JSON Pointer for everything that cannot be. */
export function readArrival(
  input: ExchangeCallInput,
  exchange: Exchange,
  organisations: Organisations,
): Omit<ExchangeArrival, 'callId'> {
  const mistakes: Mistake[] = [];
  const phoneNumber = (field: 'callingNumber' | 'calledNumber' | 'forwardNumber'): string | null => {
    const text = input[field]?.trim();
    if (text === undefined || (field === 'callingNumber' && WITHHELD.test(text))) return null;
    // The whole text, and not the number somewhere in it.
    const number = parsePhoneNumberFromString(text, { extract: false });
    if (number?.isPossible()) return number.number;
    mistakes.push({ path: `/${field}`, message: 'is not an E.164 number such as +31501234567' });
    return null;
  };
  const calledNumber = phoneNumber('calledNumber');
  const callingNumber = phoneNumber('callingNumber');
  const forwardNumber = phoneNumber('forwardNumber');
  const called = calledNumber === null ? undefined : organisations.byNumber(calledNumber);
  if (calledNumber !== null && called?.organisation.id !== exchange.organisation) {
    mistakes.push({ path: '/calledNumber', message: 'is not a number of this organisation' });
  }
  if (mistakes.length > 0 || calledNumber === null) {
    throw invalid(mistakes);
  }
  return {
    organisationId: exchange.organisation,
    exchange: exchange.name,
    calledNumber,
    callingNumber,
    forwardNumber,
    code: input.code ?? '',
    arrivedAt: Date.parse(input.time),
  };
}

/** Throws AppError `INPUT_INVALID` when the call cannot be waiting now. */
export function checkTime(arrivedAt: number, now: number): void {
  const message =
    arrivedAt > now + AHEAD_MS ? 'is in the future' : arrivedAt < now - LATE_MS ? 'is more than 15 minutes ago' : null;
  if (message) throw invalid([{ path: '/time', message }]);
}

function invalid(errors: Mistake[]): AppError {
  return new AppError(400, 'INPUT_INVALID', 'The body is not as expected.', { errors });
}
