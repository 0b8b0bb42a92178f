/** Line icons on a grid of 24, drawn for the console. Decoration only: the words stand beside them. */
import type { ComponentChildren } from 'preact';

function Icon({ children, filled = false }: { children: ComponentChildren; filled?: boolean }) {
  return (
    <svg class={filled ? 'icon icon--filled' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A seal with a tick: round, scalloped and full, unlike {@link DoubtIcon}. */
export const SealIcon = () => (
  <Icon filled>
    <path d="M12 1.6 14.6 3.5 17.8 3.3 18.9 6.3 21.6 8 20.8 11.1 22 14.1 19.5 16.1 18.7 19.2 15.5 19.5 13 21.6 10.1 20.3 7 21 5.3 18.3 2.3 17.3 2.5 14.1 0.9 11.3 3 8.9 3.2 5.7 6.2 4.7 8 2z" />
    <path class="icon-mark" d="m7.2 12 3.2 3.2 6.2-6.6" />
  </Icon>
);

/** A broken outline with a question mark. */
export const DoubtIcon = () => (
  <Icon>
    <rect x="3" y="3" width="18" height="18" stroke-dasharray="4.5 2.7" />
    <path d="M9.4 9.3a2.7 2.7 0 1 1 3.9 2.5c-.9.5-1.3 1-1.3 1.9" />
    <path d="M12 16.8v.1" />
  </Icon>
);

const handset =
  'M6.6 3.5 9 3c.5-.1 1 .2 1.2.7l1 2.7c.2.4 0 .9-.3 1.2L9.5 8.9a11 11 0 0 0 5.6 5.6l1.3-1.4c.3-.3.8-.5 1.2-.3l2.7 1c.5.2.8.7.7 1.2l-.5 2.4c-.2 1.2-1.2 2-2.4 2A14.7 14.7 0 0 1 4.6 6c0-1.2.8-2.2 2-2.5z';

export const AnswerIcon = () => (
  <Icon>
    <path d={handset} />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <path d="M2.6 14.3c-.5-.9-.3-2 .4-2.7a12.9 12.9 0 0 1 18 0c.7.7.9 1.8.4 2.7l-1 1.6c-.3.5-.9.7-1.4.5l-2.9-.9a1 1 0 0 1-.7-.9l-.2-1.8a10.6 10.6 0 0 0-6.4 0l-.2 1.8c0 .4-.3.8-.7.9l-2.9.9c-.5.2-1.1 0-1.4-.5z" />
  </Icon>
);

export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="2.5" width="6" height="11.5" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5M8.5 21.5h7" />
  </Icon>
);

export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M9 9v2a3 3 0 0 0 5 2.2M15 10V5.5a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.7 5M18.5 11.5a6 6 0 0 1-.500 2.5M12 18v3.5M8.5 21.5h7M3 3l18 18" />
  </Icon>
);

export const HoldIcon = () => (
  <Icon filled>
    <rect x="6.5" y="5" width="4" height="14" rx="1" />
    <rect x="13.5" y="5" width="4" height="14" rx="1" />
  </Icon>
);

export const ResumeIcon = () => (
  <Icon>
    <path d="M8 5.2v13.6L19 12z" />
  </Icon>
);

export const TransferIcon = () => (
  <Icon>
    <path d="M4 9h14M14 4.5 18.5 9 14 13.5M20 16.5H6" />
  </Icon>
);

export const ExternalIcon = () => (
  <Icon>
    <path d="M13.5 4.5h6v6M19.5 4.5 11 13M17.5 14v4a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 18V8A1.5 1.5 0 0 1 6 6.5h4" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2.2" />
    <circle cx="9" cy="17" r="2.2" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <path d="M10 4.5H6A1.5 1.5 0 0 0 4.5 6v12A1.5 1.5 0 0 0 6 19.5h4M15 8l4 4-4 4M19 12H9.5" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m5 9 7 7 7-7" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="8.5" y="8.5" width="12" height="12" rx="2" />
    <path d="M15.5 8.5V5.5a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3" />
  </Icon>
);

export const ClockIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7.2V12l3.2 2.2" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 11v5.5M12 7.6v.1" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 3.5 22 20.5H2z" />
    <path d="M12 10v5M12 17.6v.1" />
  </Icon>
);

export const DoneIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7" />
  </Icon>
);

/** Presence, each a shape of its own: full disc, disc with a bar, two bars, cross, empty ring. */
export const PRESENCE_ICONS = {
  ready: () => (
    <Icon filled>
      <circle cx="12" cy="12" r="8" />
    </Icon>
  ),
  busy: () => (
    <Icon filled>
      <circle cx="12" cy="12" r="8" />
      <path class="icon-mark" d="M7.5 12h9" />
    </Icon>
  ),
  break: () => (
    <Icon filled>
      <rect x="5.5" y="4.5" width="4.5" height="15" rx="1.5" />
      <rect x="14" y="4.5" width="4.5" height="15" rx="1.5" />
    </Icon>
  ),
  'not-reachable': () => (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" />
    </Icon>
  ),
  offline: () => (
    <Icon>
      <circle cx="12" cy="12" r="7" />
    </Icon>
  ),
} as const;

/** The name of the product, as in the favicon. */
export const Emblem = () => (
  <svg class="emblem" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect class="emblem-ground" width="32" height="32" rx="8" />
    <path class="emblem-arc" d="M7 18.5a9 9 0 0 1 18 0" />
    <path class="emblem-tick" d="m11.5 19 3.5 3.5 6-7" />
  </svg>
);
