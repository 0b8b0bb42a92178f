import type { JSX } from 'preact';

/** Drawn here, so that the widget needs no other file and no `img-src` in the page's security policy. */
const PATHS = {
  phone:
    'M6.6 3.2 9 2.6c.5-.1 1 .1 1.2.6l1.2 2.9c.2.4.1.9-.3 1.2L9.6 8.5a11 11 0 0 0 5.9 5.9l1.2-1.5c.3-.4.8-.5 1.2-.3l2.9 1.2c.5.2.7.7.6 1.2l-.6 2.4c-.1.5-.5.8-1 .8A17 17 0 0 1 5.8 4.2c0-.5.3-.9.8-1z',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6 6 18',
  clock: 'M12 7v5l3.5 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  warning: 'M12 9v4.5m0 3v.1M10.3 4 2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0z',
  talk: 'M4 5h16v11H11l-5 4v-4H4z',
  app: 'M8 2.5h8A1.5 1.5 0 0 1 17.5 4v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM10.5 18.5h3',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration beside words that say the same. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
