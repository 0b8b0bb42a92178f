export { EVENT_FILTER } from './asterisk-events.ts';
export { type Asterisks, createAsterisks } from './asterisks.ts';
export { type Call, hasEnded, occupiesAgent } from './call.ts';
export { createEngine, type Engine } from './engine.ts';
export { createExchangeCalls } from './exchange-calls.ts';
export type { CallChange, LiveCall, LiveCalls } from './live-calls.ts';
export type { AgentOrders } from './orders.ts';
export { callKeyedColumns, callMigrations, createCallStore, type Personal } from './store.ts';
