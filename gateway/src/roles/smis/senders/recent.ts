/** Values that were looked up within the last seconds, so that a busy sender costs no query per request. */
export interface Recent<Value> {
  /** What was put lately. */
  peek(key: string): Value | undefined;
  put(key: string, value: Value): void;
  /** What was put lately; else `load`s and puts it, once for all who ask at the same time. */
  get(key: string, load: () => Promise<Value>): Promise<Value>;
}

/** Beyond it everything is forgotten: only made-up keys come in such numbers. */
const MOST = 10_000;

/** `forMs`: how long a value may be served, and so how late a change may be seen. */
export function keepRecent<Value>({ forMs, now }: { forMs: number; now: () => number }): Recent<Value> {
  const values = new Map<string, { value: Value; at: number }>();
  const loading = new Map<string, Promise<Value>>();

  const put = (key: string, value: Value) => {
    if (values.size >= MOST) values.clear();
    values.set(key, { value, at: now() });
  };
  const fresh = (key: string) => {
    const known = values.get(key);
    // A clock that was set back must not keep a value alive.
    return known && Math.abs(now() - known.at) < forMs ? known : undefined;
  };

  return {
    put,
    peek: (key) => fresh(key)?.value,
    get(key, load) {
      const known = fresh(key);
      if (known) return Promise.resolve(known.value);
      const underWay = loading.get(key);
      if (underWay) return underWay;
      const loaded = load()
        .then((value) => {
          put(key, value);
          return value;
        })
        .finally(() => loading.delete(key));
      loading.set(key, loaded);
      return loaded;
    },
  };
}
