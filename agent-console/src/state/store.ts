/** The one place where the console's state lives. Listeners hear each change with the state before it. */
import { type ConsoleEvent, type ConsoleState, initialState, reduce } from './console-state.ts';

export interface ConsoleStore {
  state(): ConsoleState;
  dispatch(event: ConsoleEvent): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (after: ConsoleState, before: ConsoleState) => void): () => void;
}

export function createConsoleStore(): ConsoleStore {
  let state = initialState;
  const listeners = new Set<(after: ConsoleState, before: ConsoleState) => void>();
  return {
    state: () => state,
    dispatch(event) {
      const before = state;
      state = reduce(before, event);
      if (state === before) return;
      for (const listener of listeners) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
