export { canonicalCarrierId, inOtherBase } from './carrier-id.ts';
export { createPace, type Pace } from './pace.ts';
export { createSmppRoute, type SmppRouteOptions } from './route.ts';
export type { AddressType, LongMessages } from './submit.ts';
