/** "Call from another phone": number and code, which the gateway gives only to a page that was paired with the app. */
import type { DialCode } from '@civicline/protocol';
import type { JSX } from 'preact';
import type { OtherPhone } from '../call/flow.ts';
import { formatCode, formatPhoneNumber } from '../phone-number.ts';
import { CopyButton } from './copy-button.tsx';
import type { ViewContext } from './state-view.tsx';
import { clockTime } from './times.ts';

/** Offered before the disclosure, as only a session that began so is paired with the page. */
export function OtherPhoneLink({ context }: { context: ViewContext }): JSX.Element {
  const { otherPhone } = context.texts;
  return (
    <>
      <button
        type="button"
        class="text-button"
        aria-describedby="other-phone-hint"
        onClick={() => context.actions.callFrom('other')}
      >
        {otherPhone.choose}
      </button>
      <p id="other-phone-hint" class="hint">
        {otherPhone.hint}
      </p>
    </>
  );
}

/** The gateway gave no number and code: why, and asking once more. */
export function OtherPhoneRefused({
  otherPhone,
  context,
}: {
  otherPhone: OtherPhone;
  context: ViewContext;
}): JSX.Element {
  const { texts, actions } = context;
  const refused = otherPhone.kind === 'refused' ? otherPhone.problem : null;
  return (
    <div class="actions">
      <p class="rejected" role="alert">
        {refused && `${texts.otherPhone.refused} ${texts.problems[refused.kind]}`}
      </p>
      {refused && (
        <button type="button" class="button primary" part="primary-button" onClick={actions.askForOtherPhone}>
          {texts.again}
        </button>
      )}
    </div>
  );
}

export function OtherPhoneDetails({ dialCode, context }: { dialCode: DialCode; context: ViewContext }): JSX.Element {
  const { texts, language, device } = context;
  const { otherPhone, copied } = texts;
  return (
    <div class="other-phone">
      <dl>
        <div>
          <dt>{otherPhone.dial}</dt>
          <dd>
            <a class="digits" part="number" href={`tel:${dialCode.number}`}>
              {formatPhoneNumber(dialCode.number)}
            </a>
            <CopyButton value={dialCode.number} label={otherPhone.copyNumber} done={copied} />
          </dd>
        </div>
        <div>
          <dt>{otherPhone.key}</dt>
          <dd>
            <SpelledCode code={dialCode.code} />
            <CopyButton value={dialCode.code} label={otherPhone.copyCode} done={copied} />
          </dd>
        </div>
      </dl>
      <p>{otherPhone.validUntil(clockTime(dialCode.codeExpiresAt, language))}</p>
      {device !== 'Desktop' && (
        <a class="button primary wide" part="primary-button" href={dialCode.telUrl}>
          {otherPhone.dialNow}
        </a>
      )}
    </div>
  );
}

/** Grouped for the eye, digit by digit for the ear: "1234" would be read as a number. */
function SpelledCode({ code }: { code: string }): JSX.Element {
  return (
    <>
      <span class="digits" part="code" aria-hidden="true">
        {formatCode(code)}
      </span>
      <span class="for-listeners">{code.split('').join(' ')}</span>
    </>
  );
}
