import { canonicalCarrierId, inOtherBase } from '@civicline/sms';
import type { Sealer } from '../../../platform/storage/index.ts';

/** Carriers' ids of messages as they are stored and looked for: as keyed digests, for there are ids that contain the number. */
export interface CarrierIds {
  /** Under which an id is stored, and must be looked for: one per data key, the current one first. Two routes may give the same id. */
  keysOf(route: string, carrierId: string): [string, ...string[]];
  /** Under which it is stored where the other side writes it in the other base. */
  keysInOtherBase(route: string, carrierId: string): string[];
}

export function createCarrierIds(sealer: Pick<Sealer, 'digests'>): CarrierIds {
  const digests = (route: string, canonical: string) => sealer.digests(`${route} ${canonical}`, 'sms carrier id');
  return {
    keysOf: (route, carrierId) => digests(route, canonicalCarrierId(carrierId)),
    keysInOtherBase: (route, carrierId) =>
      inOtherBase(canonicalCarrierId(carrierId)).flatMap((other) => digests(route, other)),
  };
}
