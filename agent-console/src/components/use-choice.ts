import { useEffect, useState } from 'preact/hooks';

interface Wish<Value> {
  value: Value;
  /** The gateway has agreed; it tells so, sooner or later. */
  isAgreed: boolean;
}

/**
 * A choice that the gateway keeps: shown as chosen at once, whatever else changes on the screen meanwhile, until the
 * gateway tells that it is so, or refuses. Of several in a row the last one is shown.
 */
export function useChoice<Value>(
  kept: Value,
): [shown: Value, choose: (value: Value, answer: Promise<{ ok: boolean }>) => void] {
  const [wish, setWish] = useState<Wish<Value> | null>(null);
  useEffect(() => setWish((now) => (now === null || now.isAgreed || now.value === kept ? null : now)), [kept]);
  const choose = (value: Value, answer: Promise<{ ok: boolean }>) => {
    const latest = { value, isAgreed: false };
    setWish(latest);
    void answer.then(({ ok }) => setWish((now) => (now === latest ? afterAnswer(latest, ok) : now)));
  };
  return [wish === null ? kept : wish.value, choose];
}

function afterAnswer<Value>(wish: Wish<Value>, ok: boolean): Wish<Value> | null {
  return ok ? { ...wish, isAgreed: true } : null;
}
