/** Which one of the things that stand in an agent's way is told: the one whose removal the others wait for. */
import { NO_PHONE, type SelfView } from '@civicline/protocol';
import type { TelephoneState } from '../softphone/telephone.ts';

export type Banner =
  /** The agent's last request was refused. */
  | 'refusal'
  | 'offline'
  | 'sound-blocked'
  | 'telephony'
  | 'microphone-refused'
  | 'microphone-missing'
  | 'microphone-asked'
  | 'softphone-failed'
  | 'not-reachable'
  | 'session-end'
  | 'no-sip-phone'
  | 'other-tab';

export interface Obstacles {
  refused: boolean;
  online: boolean;
  telephonyAvailable: boolean;
  self: Pick<SelfView, 'presence' | 'presenceReason' | 'device' | 'registered'>;
  telephone: TelephoneState;
  sessionEndsSoon: boolean;
}

/** Null when nothing stands in the way. */
export function bannerOf(obstacles: Obstacles): Banner | null {
  const { refused, online, telephonyAvailable, self, sessionEndsSoon } = obstacles;
  if (!online) return 'offline';
  if (refused) return 'refusal';
  const ofTelephone = self.device === 'browser' ? pageTelephone(obstacles.telephone) : null;
  if (ofTelephone === 'sound-blocked') return ofTelephone;
  if (!telephonyAvailable) return 'telephony';
  if (ofTelephone !== null) return ofTelephone;
  // Without a phone they are ready again by themselves: the telephone's own banner says how.
  if (self.presence === 'not-reachable' && self.presenceReason !== NO_PHONE) return 'not-reachable';
  if (sessionEndsSoon) return 'session-end';
  if (self.device === 'browser') return obstacles.telephone.mine ? null : 'other-tab';
  return self.registered['sip-phone'] ? null : 'no-sip-phone';
}

function pageTelephone({ mine, microphone, softphone }: TelephoneState): Banner | null {
  if (!mine) return null;
  if (softphone.soundBlocked) return 'sound-blocked';
  if (microphone === 'asked') return 'microphone-asked';
  if (microphone === 'refused') return 'microphone-refused';
  if (microphone === 'missing') return 'microphone-missing';
  return softphone.registration === 'failed' ? 'softphone-failed' : null;
}
