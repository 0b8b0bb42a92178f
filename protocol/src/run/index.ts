/** What keeps something going, for gateway, side-car, SMS routes and browsers alike: pauses, loops, tables of states. */
export { type BackOff, backOff } from './back-off.ts';
export { type Loop, type Round, startLoop } from './loop.ts';
export { createStateTable, type StateTable, TransitionError, type Transitions } from './state-table.ts';
export { wait } from './wait.ts';
