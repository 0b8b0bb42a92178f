import { DEVICES, type Device, type SelfView } from '@civicline/protocol';
import { useId } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import type { TelephoneState } from '../softphone/telephone.ts';
import { Button } from './button.tsx';
import { DoneIcon, PRESENCE_ICONS } from './icons.tsx';
import { useChoice } from './use-choice.ts';

/** What rings when this agent answers, and whether it is connected. */
export function DevicePanel(props: {
  self: SelfView;
  telephone: TelephoneState;
  /** Resolves when the gateway has answered. */
  onChoose: (device: Device) => Promise<{ ok: boolean }>;
  onSetUp: () => void;
}) {
  const { t } = useWords();
  const name = useId();
  const [shown, choose] = useChoice(props.self.device);
  return (
    <section class="panel device" aria-labelledby={`${name}-heading`}>
      <h2 id={`${name}-heading`}>{t.device.heading}</h2>
      <fieldset class="choices">
        <legend class="sr-only">{t.device.heading}</legend>
        {DEVICES.map((device) => (
          <label key={device} class="choice choice--device">
            <input
              type="radio"
              name={name}
              checked={device === shown}
              aria-describedby={`${name}-${device}`}
              onChange={() => choose(device, props.onChoose(device))}
            />
            <span class="choice-text">
              <span>{t.device.names[device]}</span>
              <Registration id={`${name}-${device}`} {...props} device={device} />
            </span>
          </label>
        ))}
      </fieldset>
      {props.self.device === 'sip-phone' && <Button onClick={props.onSetUp}>{t.device.setUpSipPhone}</Button>}
      {props.self.device === 'browser' && !props.telephone.mine && <p class="hint">{t.device.softphoneInOtherTab}</p>}
    </section>
  );
}

function Registration(props: { id: string; device: Device; self: SelfView; telephone: TelephoneState }) {
  const { t } = useWords();
  const { device, self, telephone } = props;
  // Of the telephone in this page, the page knows first.
  const own = device === 'browser' && telephone.mine ? telephone.softphone.registration : null;
  const registered = self.registered[device] && (own === null || own === 'registered');
  const connecting = own === 'connecting';
  const words = connecting ? t.device.connecting : t.device.notRegistered;
  return (
    <span id={props.id} class={`registration${registered ? ' registration--there' : ''}`}>
      {registered ? <DoneIcon /> : <PRESENCE_ICONS.offline />}
      {registered ? t.device.registered : words}
    </span>
  );
}
