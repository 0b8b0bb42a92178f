import type { CallView } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { HangUpIcon, HoldIcon, MicrophoneIcon, MicrophoneOffIcon, ResumeIcon, TransferIcon } from './icons.tsx';

export type CallAction = 'mute' | 'unmute' | 'hold' | 'resume' | 'transfer' | 'hang-up';

/** What can be done with a call now. A voice on another exchange can be neither muted nor held from here. */
export function possibleActions(call: CallView): CallAction[] {
  if (call.state !== 'connected') return call.state === 'wrapping-up' ? [] : ['hang-up'];
  const voice: CallAction[] =
    call.source.kind === 'exchange' ? [] : [call.muted ? 'unmute' : 'mute', call.held ? 'resume' : 'hold'];
  return [...voice, 'transfer', 'hang-up'];
}

const ICONS = {
  mute: MicrophoneOffIcon,
  unmute: MicrophoneIcon,
  hold: HoldIcon,
  resume: ResumeIcon,
  transfer: TransferIcon,
  'hang-up': HangUpIcon,
} as const;

const SHORTCUTS: Record<CallAction, string> = {
  mute: 'Alt+M',
  unmute: 'Alt+M',
  hold: 'Alt+H',
  resume: 'Alt+H',
  transfer: 'Alt+T',
  'hang-up': 'Alt+E',
};

/** A button keeps its place, and so the focus, when mute becomes unmute. */
const PLACES: Record<CallAction, string> = {
  mute: 'mute',
  unmute: 'mute',
  hold: 'hold',
  resume: 'hold',
  transfer: 'transfer',
  'hang-up': 'hang-up',
};

/** Those that the telephone in this page does alone while the gateway is away. */
const LOCAL: ReadonlySet<CallAction> = new Set(['mute', 'unmute', 'hang-up']);

export function CallControls(props: {
  call: CallView;
  online: boolean;
  /** The call's voice is in this page. */
  voiceHere: boolean;
  onAction: (action: CallAction) => void;
}) {
  const { t } = useWords();
  const words: Record<CallAction, string> = {
    mute: t.call.mute,
    unmute: t.call.unmute,
    hold: t.call.hold,
    resume: t.call.resume,
    transfer: t.call.transfer,
    'hang-up': t.call.hangUp,
  };
  return (
    <fieldset class="controls">
      <legend class="sr-only">{t.call.controls}</legend>
      {possibleActions(props.call).map((action) => {
        const Icon = ICONS[action];
        const on = action === 'unmute' || action === 'resume';
        return (
          <Button
            key={PLACES[action]}
            kind={action === 'hang-up' ? 'danger' : 'secondary'}
            class={on ? 'control button--on' : 'control'}
            unavailable={!props.online && !(props.voiceHere && LOCAL.has(action))}
            shortcut={SHORTCUTS[action]}
            onClick={() => props.onAction(action)}
          >
            <Icon />
            <span>{words[action]}</span>
          </Button>
        );
      })}
    </fieldset>
  );
}
