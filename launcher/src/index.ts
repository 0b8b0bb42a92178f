export { buildFrontEnds } from './front-ends.ts';
export { log } from './log.ts';
export { freePorts, type Ports } from './ports.ts';
export { gatewayArguments, type RunningSystem, root, startSystem } from './system.ts';
