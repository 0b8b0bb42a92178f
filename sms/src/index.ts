export { createFifo, type Fifo } from './fifo.ts';
export type { CountryCode } from './numbers.ts';
export * from './ringring/index.ts';
export * from './route.ts';
export * from './routing/index.ts';
export * from './smpp/index.ts';
export * from './text/index.ts';
