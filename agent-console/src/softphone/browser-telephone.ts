/** The telephone with this browser's parts. JsSIP is loaded only once it is this tab's turn to register. */
import { lazySoftphone } from './lazy-softphone.ts';
import { browserMicrophone } from './microphone.ts';
import { browserTabLock } from './tab-lock.ts';
import { createTelephone, type Telephone, type TelephoneParts } from './telephone.ts';

/** @param agentId tabs of the same agent share one telephone. */
export function browserTelephone(
  agentId: string,
  gateway: Pick<TelephoneParts, 'credentials' | 'ask'>,
  onChange: TelephoneParts['onChange'],
): Telephone {
  return createTelephone({
    softphone: lazySoftphone(async () => (await import('./jssip-softphone.ts')).createJsSipSoftphone()),
    microphone: browserMicrophone(),
    tabLock: browserTabLock(`civicline-telephone-${agentId}`),
    ...gateway,
    onChange,
  });
}
