/** Listeners by name; the functions are what each name hands over. */
export type ListenerMap<M> = { [K in keyof M]: (...values: never[]) => unknown };

export interface Listeners<M extends ListenerMap<M>> {
  /** Adds a listener; the answer takes it away again. */
  on<K extends keyof M>(name: K, listener: M[K]): () => void;
  /** Calls all listeners in the order in which they came. A listener that fails does not keep the others from it. */
  emit<K extends keyof M>(name: K, ...values: Parameters<M[K]>): void;
}

/** @param onError hears what listeners throw, and what the promises they return reject with */
export function createListeners<M extends ListenerMap<M>>(onError: (error: unknown) => void): Listeners<M> {
  const registered = new Map<keyof M, Set<M[keyof M]>>();

  function call(listener: M[keyof M], values: unknown[]): void {
    try {
      const result: unknown = Reflect.apply(listener, undefined, values);
      if (result instanceof Promise) result.catch(onError);
    } catch (error) {
      onError(error);
    }
  }

  return {
    on(name, listener) {
      const listeners = registered.get(name) ?? new Set();
      registered.set(name, listeners.add(listener));
      return () => void listeners.delete(listener);
    },
    emit(name, ...values) {
      for (const listener of [...(registered.get(name) ?? [])]) call(listener, values);
    },
  };
}
