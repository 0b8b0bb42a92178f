import type { ComponentChildren } from 'preact';
import { DoneIcon, InfoIcon, WarningIcon } from './icons.tsx';

const ICONS = { info: InfoIcon, warning: WarningIcon, problem: WarningIcon, done: DoneIcon } as const;

/** A message that stays as long as it is true, with what the agent can do about it. */
export function Notice(props: {
  kind: keyof typeof ICONS;
  title?: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  const Icon = ICONS[props.kind];
  return (
    <div class={`notice notice--${props.kind}`}>
      <Icon />
      <p>
        {props.title && <strong>{props.title} </strong>}
        {props.children}
      </p>
      {props.actions && <div class="notice-actions">{props.actions}</div>}
    </div>
  );
}
