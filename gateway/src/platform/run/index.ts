/** What roles are made of, whatever they do. Pauses, loops and waiting are in `@civicline/protocol/run`. */
export { createListeners, type Listeners } from './listeners.ts';
