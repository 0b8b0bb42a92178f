export { createRingRingRoute, type RingRingRoute, type RingRingRouteOptions } from './route.ts';
