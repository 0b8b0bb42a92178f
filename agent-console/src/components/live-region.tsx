import { useWords, type Words } from '../i18n/index.ts';
import type { Announcement } from '../state/announcements.ts';

export interface Said {
  /** Makes a repeated sentence a new one. */
  key: number;
  announcement: Announcement;
}

/** Says politely what changed, to those who do not see it. */
export function LiveRegion({ said }: { said: readonly Said[] }) {
  const words = useWords();
  return (
    <div class="sr-only" role="log" aria-live="polite" aria-relevant="additions">
      {said.map(({ key, announcement }) => (
        <p key={key}>{sentence(announcement, words)}</p>
      ))}
    </div>
  );
}

export function sentence(announcement: Announcement, { t, local }: Words): string {
  const { announcements } = t;
  switch (announcement.kind) {
    case 'ringing': {
      const purpose = announcement.purpose ? local(announcement.purpose) : t.calls.purposeUnknown;
      const verification = announcement.verified ? t.calls.verified : t.calls.notVerified;
      return announcements.ringing(verification, purpose, announcement.waiting);
    }
    case 'ringing-many':
      return announcements.ringingMany(announcement.waiting);
    case 'removed':
      return t.calls.removed[announcement.reason];
    case 'connected':
      return announcements.connected;
    case 'interrupted':
      return announcements.interrupted;
    case 'on-hold':
      return announcements.onHold;
    case 'resumed':
      return announcements.resumed;
    case 'muted':
      return announcements.muted;
    case 'unmuted':
      return announcements.unmuted;
    case 'wrap-up':
      return announcements.wrapUp;
    case 'online':
      return announcements.online;
  }
}
