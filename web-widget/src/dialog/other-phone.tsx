/** "Call from another phone": number and code, which the gateway gives only after the citizen asks. */
import type { DialCode } from '@civicline/protocol';
import type { JSX } from 'preact';
import type { OtherPhone } from '../call/flow.ts';
import { formatCode, formatPhoneNumber } from '../phone-number.ts';
import { CopyButton } from './copy-button.tsx';
import type { ViewContext } from './state-view.tsx';
import { clockTime } from './times.ts';

export function OtherPhoneChoice({
  otherPhone,
  context,
}: {
  otherPhone: OtherPhone;
  context: ViewContext;
}): JSX.Element {
  const { otherPhone: texts, problems } = context.texts;
  const asking = otherPhone.kind === 'asking';
  return (
    <div class="actions">
      <button
        type="button"
        class="button secondary"
        part="secondary-button"
        aria-disabled={asking}
        aria-describedby="other-phone-hint"
        onClick={context.actions.askForOtherPhone}
      >
        {texts.choose}
      </button>
      <p id="other-phone-hint" class="hint">
        {texts.hint}
      </p>
      <p class="rejected" role="alert">
        {otherPhone.kind === 'refused' ? `${texts.refused} ${problems[otherPhone.problem.kind]}` : ''}
      </p>
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
