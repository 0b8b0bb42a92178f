/** From each state, the states that may follow it. */
export type Transitions<State extends string> = Readonly<Record<State, readonly State[]>>;

/** The table that a state machine obeys: whatever enters a state does so by {@link StateTable.move}. */
export interface StateTable<State extends string> {
  readonly transitions: Transitions<State>;
  /** `to`, where the table allows it; throws {@link TransitionError} otherwise, which is a mistake in the program. */
  move(from: State, to: State): State;
  /** The states from which one may come to `to`. */
  before(to: State): State[];
  /** Whether nothing may follow. */
  isLast(state: State): boolean;
  /** Something for each state. */
  byState<Value>(make: (state: State) => Value): Record<State, Value>;
}

export class TransitionError extends Error {
  readonly code = 'TRANSITION_INVALID';
}

/** `of`: what has these states, such as `a call`. */
export function createStateTable<State extends string>(of: string, transitions: Transitions<State>): StateTable<State> {
  const states = Object.keys(transitions) as State[];
  return {
    transitions,
    move(from, to) {
      if (transitions[from].includes(to)) return to;
      throw new TransitionError(`TRANSITION_INVALID: ${of} cannot go from ${from} to ${to}.`);
    },
    before: (to) => states.filter((from) => transitions[from].includes(to)),
    isLast: (state) => transitions[state].length === 0,
    byState: <Value>(make: (state: State) => Value) =>
      Object.fromEntries(states.map((state) => [state, make(state)])) as Record<State, Value>,
  };
}
