import { useEffect, useState } from 'preact/hooks';

/**
 * A choice that the gateway keeps: shown as chosen at once, whatever else changes on the screen meanwhile, until the
 * gateway tells that it is so, or refuses.
 */
export function useChoice<Value>(
  kept: Value,
): [shown: Value, choose: (value: Value, answer: Promise<{ ok: boolean }>) => void] {
  const [wish, setWish] = useState<{ value: Value } | null>(null);
  useEffect(() => setWish(null), [kept]);
  const choose = (value: Value, answer: Promise<{ ok: boolean }>) => {
    const latest = { value };
    setWish(latest);
    void answer.then(({ ok }) => ok || setWish((now) => (now === latest ? null : now)));
  };
  return [wish === null ? kept : wish.value, choose];
}
