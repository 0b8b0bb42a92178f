import { DEVICES, type Device, type SelfView } from '@civicline/protocol';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import type { TelephoneState } from '../softphone/telephone.ts';
import { Button } from './button.tsx';
import { ChevronIcon, DoneIcon, PRESENCE_ICONS } from './icons.tsx';
import { useChoice } from './use-choice.ts';

export interface DevicePanelProps {
  self: SelfView;
  telephone: TelephoneState;
  /** Resolves when the gateway has answered. */
  onChoose: (device: Device) => Promise<{ ok: boolean }>;
  onSetUp: () => void;
}

/** What rings when this agent answers, and whether it is connected: one line, which opens to choose another. */
export function DevicePanel(props: DevicePanelProps) {
  const { t } = useWords();
  const name = useId();
  const [shown, choose] = useChoice(props.self.device);
  const { details, open, setOpen } = useFolding();
  return (
    <details class="device" ref={details} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2 class="sr-only">{t.device.heading}</h2>
        <span class="device-name">{t.device.names[shown]}</span>
        <Registration {...props} device={shown} />
        <span class="fold-mark">
          <ChevronIcon />
        </span>
      </summary>
      <div class="device-choice">
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
      </div>
    </details>
  );
}

/** Folds again on Escape, and on a press elsewhere: unfolded it lies over the calls. */
function useFolding() {
  const details = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
      if (details.current?.contains(document.activeElement)) details.current.querySelector('summary')?.focus();
      setOpen(false);
    };
    const onPress = ({ target }: PointerEvent) => {
      if (target instanceof Node && !details.current?.contains(target)) setOpen(false);
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onPress);
    };
  }, [open]);
  return { details, open, setOpen };
}

function Registration(props: { id?: string; device: Device; self: SelfView; telephone: TelephoneState }) {
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
